"""Cells of a CSV that a spreadsheet would run as a formula."""

from __future__ import annotations

from typing import Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def guarded(cell: object) -> object:
    """A text that begins like one with an apostrophe before it, which spreadsheets hide; everything else as it is."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
