"""Which opinion is a copy of one already counted: the id window of one (slot, origin partition). Pure.

A copy is a duplicate when its first was available within the window (7 days) before the event time that the partition
had reached, or lies in the current or the previous chunk of origin offsets. Only first copies move the event time:
copies, whose number depends on what was killed when, and ticks, whose spacing does, must not change the answer.
Both conditions only ever turn false, so when a chunk's ids are unlinked is not visible: the rule is the same whatever
the batch size.
"""

from __future__ import annotations

from typing import Final

import msgspec

CHUNK_OFFSETS: Final = 65_536  # origin offsets per chunk; ingest's re-sends after a kill must span fewer


class IdWindow(msgspec.Struct):
    """What is remembered of one origin partition beside the ids themselves."""

    reached: int | None = None  # highest available_at of a first copy, microseconds
    chunks: dict[int, int] = {}  # chunk -> highest available_at in it

    def copy(self) -> IdWindow:
        return IdWindow(self.reached, self.chunks.copy())

    def holds(self, first: int, chunk: int, current: int, window: int) -> bool:
        """Whether an id first seen at `first` (available_at) in `chunk` still makes its copy a duplicate."""
        return chunk >= current - 1 or (self.reached is not None and first >= self.reached - window)

    def record(self, available_at: int, chunk: int) -> None:
        """Note a first copy."""
        if self.reached is None or available_at > self.reached:
            self.reached = available_at
        highest = self.chunks.get(chunk)
        if highest is None or available_at > highest:
            self.chunks[chunk] = available_at

    def expire(self, current: int, window: int) -> list[int]:
        """Forget, and return, the chunks in which no id can make a duplicate any more."""
        gone = [k for k, highest in self.chunks.items() if not self.holds(highest, k, current, window)]
        for chunk in gone:
            del self.chunks[chunk]
        return gone


def id_key(company: str, document_id: str) -> str:
    """The field under which an opinion is remembered."""
    return f"{company}|{document_id}"


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(IdWindow).decode


def pack_window(window: IdWindow) -> bytes:
    return _encode(window)


def unpack_window(raw: bytes) -> IdWindow:
    return _decode(raw)
