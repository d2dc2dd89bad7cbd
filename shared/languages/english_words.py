"""Words of everyday English as a dictionary lists them: what is one when it is written small."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

_ENDINGS: Final = ("s", "es", "ed", "d", "ing", "er", "ers", "ly", "'s")


@lru_cache(maxsize=1)
def _stems() -> frozenset[str]:
    lines = Path(__file__).with_name("english_words.txt").read_text("utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))


def is_english_word(word: str) -> bool:
    """Whether a lower-case word, or what it is a form of, is in the dictionary. Single letters and pairs are words."""
    stems = _stems()
    if len(word) < 3 or word in stems:
        return True
    return any(
        word.endswith(ending) and (word[: -len(ending)] in stems or f"{word[: -len(ending)]}e" in stems)
        for ending in _ENDINGS
    )
