"""Inputs out of good ones: bytes and words changed, cut, doubled, spliced. The same seed gives the same input."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final

# what parsers of this trade have fallen over
WORDS: Final = tuple(
    word.encode("utf-8", "surrogatepass")
    for word in (
        "", "0", "-1", "1e308", "NaN", "Infinity", "-0.0", "9" * 400, "0000-00-00", "9999-366", "9999-12-31T23:59:60Z",
        "1700-01-01", "Mon, 31 Feb 2020 25:61:00 XST", "03/04/2020 12:00 AM", "\x00", "\ufeff", "\ud800", "\u202e",
        "&#xD800;", "&#x110000;", "&#0;", "<![CDATA[", "]]>", "<!DOCTYPE a [<!ENTITY b 'c'>]>", "&b;",
        "<?xml version='1.0'",
        "encoding='undefined'", "encoding='utf-16'", "<item>", "</item>", "<a:b xmlns:a='c'>", '"', "'", ",", ";", "\t",
        "\r", "\n", "{", "}", "[" * 2000, "]", "null", "true", "=cmd()", "../../etc/passwd", "${HOME}",
        "!!python/object:os",
        "&a [*a]", "*a", "<<: *a", "\u0130" * 20, "\U0001f600" * 30, "a\u0301" * 200, "$AAPL", "@", "https://[::1",
    )
)  # fmt: skip


class Mutator:
    """`input(number)` is a function of the seed, the seeds and the number alone."""

    def __init__(self, seeds: Sequence[bytes], seed: int, make: Callable[[bytes], bytes] = bytes) -> None:
        self._seeds, self._seed, self._make = seeds, seed, make

    def input(self, number: int) -> bytes:
        chance = random.Random(f"{self._seed}:{number}")
        data = bytearray(chance.choice(self._seeds))
        for _ in range(chance.choice((0, 1, 1, 1, 2, 3, 8))):
            _change(data, chance, self._seeds)
        return self._make(bytes(data[:200_000]))


def _change(data: bytearray, chance: random.Random, seeds: Sequence[bytes]) -> None:
    at = chance.randrange(len(data) + 1)
    end = min(len(data), at + chance.choice((1, 2, 8, 64, 512)))
    kind = chance.randrange(7)
    if kind == 0 and data:
        data[min(at, len(data) - 1)] ^= 1 << chance.randrange(8)
    elif kind == 1:
        data[at:at] = chance.choice(WORDS)
    elif kind == 2:
        data[at:end] = chance.choice(WORDS)
    elif kind == 3:
        del data[at:end]
    elif kind == 4:
        data[at:at] = data[at:end] * chance.choice((1, 2, 50))
    elif kind == 5:
        other = chance.choice(seeds)
        start = chance.randrange(len(other) + 1)
        data[at:end] = other[start : start + chance.choice((8, 64, 512))]
    else:
        data[at:end] = chance.randbytes(end - at)
