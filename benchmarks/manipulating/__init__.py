"""Manipulation of a company's signals, played through the real way of a document: scenarios, and what they moved."""
