"""Who works under a name. Kept in Redis with a time to live, renewed as long as somebody does."""

from __future__ import annotations

from typing import Final

import msgspec

CLAIM_TTL_SECONDS: Final = 15
STARTING_TTL_SECONDS: Final = 120  # of a worker that loads its model: it does not renew anything yet


class Claim(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """One worker process. `terms`: what all living workers of its role must have in common, in words."""

    host: str
    machine: str  # token of its state folder (shared/clients/machine.py)
    pid: int
    terms: dict[str, str] = {}


def encode_claim(claim: Claim) -> bytes:
    return msgspec.json.encode(claim)


def decode_claim(raw: bytes) -> Claim:
    return msgspec.json.decode(raw, type=Claim)
