"""The audit log as it is written and read: first an outbox in Redis, in one step with what it tells of where that lies
in Redis, too; an API process moves it on to the topic `audit`, which keeps it for ever (docs/decisions/0121).
"""

from __future__ import annotations

import secrets
from typing import Any, Final, cast

import redis

from shared.clients.redis import in_one_step
from shared.clock import Clock
from shared.contract.audit import MAX_CHARS, Entry, Via, decode_entry, encode_entry
from shared.contract.keys import AUDIT_LEASE, AUDIT_OUTBOX, AUDIT_RECENT
from shared.reading.readers.outbox import Outbox

KEPT_RECENT: Final = 1_000
MOST_REFUSALS: Final = 10_000  # waiting in the outbox: further ones are left out, which `skipped` counts


class AuditLog(Outbox):
    """Methods raise redis.RedisError."""

    def __init__(self, client: redis.Redis, clock: Clock) -> None:
        super().__init__(client, AUDIT_OUTBOX, AUDIT_LEASE)
        self._clock = clock
        self.skipped = 0

    def entry(
        self,
        who: str,
        via: Via,
        action: str,
        outcome: str,
        *,
        role: str = "",
        target: str = "",
        address: str = "",
        detail: str = "",
    ) -> Entry:
        """An entry of now, not written yet."""
        return Entry(
            id=secrets.token_hex(8),
            at=self._clock.now(),
            who=_plain(who),
            role=role,
            via=via,
            action=_plain(action),
            target=_plain(target),
            address=_plain(address),
            outcome=outcome,
            detail=_plain(detail),
        )

    def note(self, entry: Entry, pipeline: Any = None) -> None:
        """Write it; with a `pipeline`, in one step with what else that does. Refusals are bounded: anybody can cause
        them."""
        if entry.outcome == "refused" and self._client.llen(AUDIT_OUTBOX) >= MOST_REFUSALS:
            self.skipped += 1
            return
        (pipeline or self._client).rpush(AUDIT_OUTBOX, encode_entry(entry))

    def waiting(self, most: int = 100_000) -> list[Entry]:
        """What Kafka does not have yet, oldest first."""
        return [decode_entry(raw) for raw in self.outbox(most)]

    def length(self) -> int:
        """How many entries Kafka does not have yet."""
        return self._client.llen(AUDIT_OUTBOX)

    def recent(self, most: int = KEPT_RECENT) -> list[Entry]:
        """The latest, newest first: what waits, and what Kafka has."""
        sent = cast("list[bytes]", self._client.lrange(AUDIT_RECENT, -most, -1))
        by_id = {entry.id: entry for entry in [*map(decode_entry, sent), *self.waiting(most)]}
        return sorted(by_id.values(), key=lambda entry: (-entry.at, entry.id))[:most]

    # -- for who moves it on
    def sent(self, some: list[bytes]) -> None:
        """Kafka has these: each is taken out by what it is, so that two who move at once lose nothing."""
        pipeline = in_one_step(self._client)
        for raw in some:
            pipeline.rpush(AUDIT_RECENT, raw)
            pipeline.lrem(AUDIT_OUTBOX, 1, cast(str, raw))
        pipeline.ltrim(AUDIT_RECENT, -KEPT_RECENT, -1)
        pipeline.execute()


def _plain(text: str) -> str:
    """One line of bounded length; what is no UTF-8 is shown as such."""
    one = " ".join(text.encode("utf-8", "replace").decode().split())
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in one)[:MAX_CHARS]
