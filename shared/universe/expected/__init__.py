"""Dates that are expected (earnings, central banks): a user's own list, and what was known of it at a moment."""
