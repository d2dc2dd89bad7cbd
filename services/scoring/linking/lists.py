"""Reads the word lists of this package."""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of a word list."""
    return frozenset(text.split())
