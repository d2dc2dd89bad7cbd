"""`Idempotency-Key`: a request that comes again is answered as it was, and done once."""

from __future__ import annotations

import hashlib
from typing import Final, cast

import msgspec
import redis

from services.api.wire.problems import Problem
from shared.contract.keys import once_key

KEPT_SECONDS: Final = 24 * 3600
UNDER_WAY_SECONDS: Final = 120
MAX_CHARS: Final = 200


class Kept(msgspec.Struct, frozen=True):
    """The digest of the body that came with it, and the answer; "" while it is under way."""

    body: str
    answer: str = ""


class Once:
    """One request of one key. `before` tells the earlier answer, `after` keeps this one, `undone` forgets it."""

    def __init__(self, client: redis.Redis, key_id: str, name: str, body: bytes) -> None:
        if not name.isascii() or not name.isprintable() or len(name) > MAX_CHARS:
            raise Problem(422, f"Idempotency-Key is not plain text of at most {MAX_CHARS} characters", "use a UUID")
        self._client = client
        self._at = once_key(key_id, hashlib.sha256(name.encode()).hexdigest())
        self._body = hashlib.sha256(body).hexdigest()

    def before(self) -> str | None:
        """The answer to the same request before; None when this is the first. Raises Problem."""
        fresh = msgspec.json.encode(Kept(self._body))
        if self._client.set(self._at, fresh, nx=True, ex=UNDER_WAY_SECONDS):
            return None
        raw = cast("bytes | None", self._client.get(self._at))
        if raw is None:  # it has just expired
            return self.before()
        kept = msgspec.json.decode(raw, type=Kept)
        if kept.body != self._body:
            raise Problem(422, "this Idempotency-Key came with another body before", "use another one")
        if not kept.answer:
            raise Problem(
                409, "the same request is under way", "wait for its answer, or try again", headers={"Retry-After": "1"}
            )
        return kept.answer

    def after(self, answer: str) -> None:
        self._client.set(self._at, msgspec.json.encode(Kept(self._body, answer)), ex=KEPT_SECONDS)

    def undone(self) -> None:
        self._client.delete(self._at)
