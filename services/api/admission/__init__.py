"""Who is let in, to what and how often; a route never asks for itself."""
