"""Small values deflated against words that values of their kind share: a third of their size or less.

A deflated value begins with DEFLATED, a plain one (of a former version, or that deflates badly) never does. `words` are
part of the format: whoever changes them can read nothing that was written before.
"""

from __future__ import annotations

import zlib
from typing import Final

DEFLATED: Final = b"\x01"  # no JSON begins with it
_WINDOW: Final = -13  # 8 kB, raw: no header, no checksum
_MEMORY: Final = 6


def deflated(raw: bytes, words: bytes) -> bytes:
    """`raw`, which must not begin with DEFLATED, in less room, where there is less."""
    press = zlib.compressobj(9, zlib.DEFLATED, _WINDOW, _MEMORY, zdict=words)
    small = DEFLATED + press.compress(raw) + press.flush()
    return small if len(small) < len(raw) else raw


def inflated(raw: bytes, words: bytes) -> bytes:
    """What was deflated; a plain value as it is."""
    if raw[:1] != DEFLATED:
        return raw
    return zlib.decompressobj(_WINDOW, zdict=words).decompress(raw[1:])
