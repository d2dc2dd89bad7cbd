"""Keys of the API: who may ask for what. In Redis, beside the runs, because every machine's API has to know the same
ones (docs/decisions/0120); of a key only the hash is kept, so that nobody who reads Redis can use one.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, cast, get_args

import msgspec
import redis

from shared.clients.redis import in_one_step
from shared.contract.keys import API_KEYS
from shared.contract.names import checked_name

Role = Literal["read", "push", "label", "admin"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
MOST_KEYS: Final = 1_000
_SHOWN: Final = re.compile(r"bw_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")  # the secret part: 256 random bits


class BadKey(ValueError):
    """A key that cannot be made or found; the text says why."""


class ApiKey(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A key as it is kept: without the key."""

    id: str  # 12 hex digits: what is shown of it in lists and in the audit log
    name: str
    role: Role
    digest: str  # SHA-256 of the whole key, hex; 256 random bits need no slow hash
    created_at: int  # microseconds, as is the next
    expires_at: int = 0  # 0: never
    rate: int = 0  # requests a minute; 0: as the settings say

    def valid(self, now: int) -> bool:
        return not self.expires_at or now < self.expires_at


Note = Callable[[ApiKey, Any], None]


class AccessKeys:
    """Methods raise redis.RedisError."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def create(
        self, name: str, role: Role, now: int, expires_at: int = 0, rate: int = 0, note: Note | None = None
    ) -> tuple[str, ApiKey]:
        """The key, which nobody can be told again, and what is kept of it. Raises BadName, BadKey.

        `note` is called with the key and the pipeline that writes it, here and below: so both are done, or neither
        (on a Cluster: the note, and then the other).
        """
        checked_name(name)
        held = self.all()
        if any(key.name == name for key in held):
            raise BadKey(f"there is a key named {name} already; revoke it first, or choose another name")
        if len(held) >= MOST_KEYS:
            raise BadKey(f"there are {MOST_KEYS:,} keys, and no more can be made; revoke some")
        number = secrets.token_hex(6)
        key = f"bw_{number}_{secrets.token_urlsafe(32)}"
        kept = ApiKey(
            id=number, name=name, role=role, digest=_digest(key), created_at=now, expires_at=expires_at, rate=rate
        )
        pipeline = in_one_step(self._client)
        if note:
            note(kept, pipeline)
        pipeline.hset(API_KEYS, number, msgspec.json.encode(kept).decode())
        pipeline.execute()
        return key, kept

    def all(self) -> list[ApiKey]:
        """Those that are not revoked, expired ones too, by name."""
        raw = cast("dict[bytes, bytes]", self._client.hgetall(API_KEYS))
        return sorted((_key.decode(value) for value in raw.values()), key=lambda key: (key.name, key.id))

    def revoke(self, name: str, note: Note | None = None) -> ApiKey:
        """Take back the key with this name or id. Raises BadKey."""
        found = next((key for key in self.all() if name in (key.name, key.id)), None)
        if found is None:
            raise BadKey(f"there is no key named {name}; see: bellwether keys list")
        pipeline = in_one_step(self._client)
        if note:
            note(found, pipeline)
        pipeline.hdel(API_KEYS, found.id)
        pipeline.execute()
        return found


def match(shown: str, keys: Mapping[str, ApiKey]) -> ApiKey | None:
    """The key that somebody shows, among `keys` by id; compared in constant time."""
    parts = _SHOWN.fullmatch(shown)
    kept = keys.get(parts[1]) if parts else None
    # a key that is not known costs what a known one does
    same = hmac.compare_digest(_digest(shown), kept.digest if kept else "0" * 64)
    return kept if kept is not None and same else None


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


_key = msgspec.json.Decoder(ApiKey)
