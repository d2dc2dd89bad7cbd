"""The journal of what was applied, and the chain that proves it. Key on the topic `applied`: slot.

An entry is written after commits, at most once a second and slot. Its `moves` name every commit since the entry before,
so "what had been applied at T" is the last move at or before T; a move may go back, where Redis was put back.

The chain: C(n + 1) = SHA-256(C(n) ‖ offset ‖ length of key ‖ key ‖ value), numbers of 8 bytes, big-endian, over EVERY
record of the slot's partition of `opinions`, ignored ones too. It begins with 32 zero bytes at `since`, which is 0 but
for a run that is older than its chain.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from shared.contract.events import SCHEMA

FIRST_LINK: Final = bytes(32)


class Move(msgspec.Struct, frozen=True, array_like=True):
    """From `at` (wall clock, microseconds) on, everything before `offset` had been applied."""

    at: int
    offset: int


class Applied(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="applied", omit_defaults=True):
    """How far one slot came. `chain` is the link at `offset`, `at` the wall clock of the last move."""

    schema: int = SCHEMA
    slot: int
    topic_id: str  # of `opinions`
    offset: int  # the next one to apply
    at: int
    moves: tuple[Move, ...] = ()
    chain: str = ""  # 64 hex digits; "": an older version moved the position
    since: int = 0  # the offset at which the chain begins
    slots: int = 0  # how many there were: a resize begins another topic
    worker: str = ""
    model: str = ""  # digests, as the run was bound when this was written
    universe: str = ""
    rules: str = ""
    strategies: dict[str, str] = {}  # name -> hash


def link(previous: bytes, offset: int, key: bytes | None, value: bytes | None) -> bytes:
    """The chain behind one record."""
    key = key or b""
    head = b"%b%b%b%b" % (previous, offset.to_bytes(8, "big"), len(key).to_bytes(8, "big"), key)
    return hashlib.sha256(head + (value or b"")).digest()


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Applied)


def encode_applied(applied: Applied) -> bytes:
    return _encoder.encode(applied)


def decode_applied(raw: bytes) -> Applied:
    """Raises msgspec.MsgspecError."""
    return _decoder.decode(raw)
