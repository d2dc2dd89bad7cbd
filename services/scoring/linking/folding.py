"""One dress for texts and names: accents and typographic marks made plain, small letters. As long as what came in."""

from __future__ import annotations

import re
import unicodedata
from typing import Final


def _folds() -> dict[int, int]:
    folds = {
        0x2018: 0x27,
        0x2019: 0x27,
        0x02BC: 0x27,
        0xFF06: 0x26,
        0xFF04: 0x24,
        0xA0: 0x20,
        0x2009: 0x20,
        0x202F: 0x20,
    }
    for code in range(0xC0, 0x250):
        base = unicodedata.normalize("NFD", chr(code))[0]
        if base.isascii():
            folds[code] = ord(base)
    folds |= dict(zip(map(ord, "ØøŁłĐđıȷ"), map(ord, "OoLlDdij"), strict=True))  # these do not come apart
    folds |= {0xFF01 + at: 0x21 + at for at in range(94)}  # full-width ASCII, in Chinese and Japanese texts
    return folds


_FOLDS: Final = _folds()
_FOLDED: Final = re.compile(f"[{''.join(re.escape(chr(code)) for code in _FOLDS)}]")


def fold(text: str) -> str:
    """`text` with accents and typographic marks made plain; as long as `text`, so that spans stay right."""
    if text.isascii() or _FOLDED.search(text) is None:
        return text
    return text.translate(_FOLDS)


def lower(text: str) -> str:
    """Lower case that is as long as `text` (str.lower() makes two characters of U+0130)."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(c if len(c.lower()) != 1 else c.lower() for c in text)
