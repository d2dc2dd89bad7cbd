"""The HTTP service belongs here, built on `shared.reading`; nothing is here yet, and nothing else goes here."""
