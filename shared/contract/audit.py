"""An entry of the audit log: who did what to what, from where, with which outcome. Never holds a secret."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from shared.contract.events import SCHEMA

MAX_CHARS: Final = 300  # of a field: what comes from outside is cut

Via = Literal["api", "dashboard", "command", "mcp"]


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`id` tells copies: an entry may reach Kafka twice, and is never lost."""

    schema: int = SCHEMA
    id: str  # 16 hex digits, random
    at: int  # wall clock, microseconds
    who: str  # name of a key, of a user, or of the account that ran a command
    role: str = ""
    via: Via
    action: str  # "keys create", "POST /v1/documents", "log in"
    target: str = ""
    address: str = ""  # of the client
    outcome: str  # "done" | "refused" | "failed"
    detail: str = ""


def encode_entry(entry: Entry) -> bytes:
    return msgspec.json.encode(entry)


def decode_entry(raw: bytes) -> Entry:
    return _decoder.decode(raw)


_decoder = msgspec.json.Decoder(Entry)
