"""Words of a Chinese question as English texts say them: the longest of a list at each place. Pure."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

_LONGEST: Final = 8  # signs of a word


@cache
def _glossary() -> dict[str, tuple[str, ...]]:
    lines = (Path(__file__).parent / "chinese.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {word: tuple(said.split("|")) for word, said in pairs}


def translated(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """(the word, what English texts say), in the order of the text."""
    glossary, found, at = _glossary(), [], 0
    while at < len(text):
        for stop in range(min(len(text), at + _LONGEST), at, -1):
            if text[at:stop] in glossary:
                found.append((text[at:stop], glossary[text[at:stop]]))
                at = stop - 1
                break
        at += 1
    return found


def unknown(text: str) -> bool:
    """Whether it holds signs of Chinese at all."""
    return any("㐀" <= sign <= "鿿" for sign in text)
