"""Full-width and other doubles of ASCII signs, sign for sign: one pattern reads them all, and spans stay true."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

Found = tuple[int, int, str]  # begin, end, what stands there instead

_FULL_WIDTH: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz@+-.()/_%=&?#"
_SPACES: Final = "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_DASHES: Final = "\u2010\u2011\u2012\u2013\u2014\u2212\ufe58\ufe63"
_TABLE: Final = str.maketrans(
    {chr(ord(sign) + 0xFEE0): sign for sign in _FULL_WIDTH}
    | dict.fromkeys(_SPACES, " ")
    | dict.fromkeys(_DASHES, "-")
    | {chr(zero + value): str(value) for zero in (0x660, 0x6F0, 0x966) for value in range(10)}
    | {"\ufe6b": "@", "\ufe62": "+"}
)
_ANY = re.compile(f"[{re.escape(''.join(map(chr, _TABLE)))}]")


def fold(text: str) -> str:
    """`text` with every such sign as its ASCII one; of the same length."""
    return text if text.isascii() or _ANY.search(text) is None else text.translate(_TABLE)


class Folded:
    """A text and its folded form, changed together."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.plain = fold(text)

    def put(self, found: Iterable[Found]) -> None:
        """Replace what was found in `plain`; of spans that overlap the first counts."""
        same = self.text is self.plain
        texts, plains, done = [], [], 0
        for begin, end, token in found:
            if begin >= done:
                texts += [self.text[done:begin], token]
                if not same:
                    plains += [self.plain[done:begin], token]
                done = end
        if not done:
            return
        self.text, rest = "".join([*texts, self.text[done:]]), self.plain[done:]
        self.plain = self.text if same else "".join([*plains, rest])
