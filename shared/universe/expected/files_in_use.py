"""Which files of expected dates this process reads: the settings say so, when they are read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

FILE: Final = "events.csv"  # of the state folder, read without being named
_in_use: list[Path] = []


def date_files(state: Path, named: Iterable[Path]) -> list[Path]:
    """STATE/events.csv where it is there, then the named ones (relative to the state folder)."""
    own = state / FILE
    return [*([own] if own.is_file() else []), *(state / each for each in named)]


def use_dates(files: Iterable[Path]) -> None:
    _in_use[:] = files


def dates_in_use() -> tuple[Path, ...]:
    return tuple(_in_use)
