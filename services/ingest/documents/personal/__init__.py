"""Finders of personal data, one module a kind, pure and linear; not what becomes of it (mask.py) or of documents."""
