"""Labels as they are written and read: first an outbox in Redis, with the entry of the audit log in one step; an API
process moves it on to the topic `feedback`, which keeps it for ever, and reads that back into Redis (decision 0210).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import msgspec
import redis

from shared.clients.redis import in_one_step
from shared.contract.audit import Entry
from shared.contract.feedback.label import Asked, Label, decode_label, encode_label
from shared.contract.feedback.resolution import Resolution, resolutions
from shared.contract.keys import FEEDBACK_LABELS, FEEDBACK_LEASE, FEEDBACK_OUTBOX, FEEDBACK_POSITION
from shared.reading.readers.audit import AuditLog
from shared.reading.readers.outbox import Outbox


class Labels(Outbox):
    """Methods raise redis.RedisError."""

    def __init__(self, client: redis.Redis, audit: AuditLog) -> None:
        super().__init__(client, FEEDBACK_OUTBOX, FEEDBACK_LEASE)
        self._audit = audit

    def add(self, label: Label, entry: Entry) -> None:
        """`entry`: who did it, for the audit log. Both are written, or neither (on a Cluster: the entry, and then the
        label)."""
        pipeline = in_one_step(self._client)
        self._audit.note(entry, pipeline)
        pipeline.rpush(FEEDBACK_OUTBOX, encode_label(label))
        pipeline.execute()

    def all(self) -> list[Label]:
        """Every label that is known, oldest first: what the topic has, and what waits to get there."""
        kept = cast("list[bytes]", self._client.hvals(FEEDBACK_LABELS))
        return in_order([*readable(kept), *self.waiting()])

    def waiting(self) -> list[Label]:
        """What Kafka does not have yet."""
        return readable(self.outbox(1_000_000))

    def resolutions(self) -> dict[Asked, Resolution]:
        return resolutions(self.all())

    # -- for who moves them on
    def position(self) -> str:
        """Up to where the topic was read, "TOPIC_ID:OFFSET"; "" where it was not."""
        raw = cast("bytes | None", self._client.get(FEEDBACK_POSITION))
        return (raw or b"").decode()

    def fold(self, labels: Iterable[Label], position: str) -> None:
        """These stand in the topic before `position`."""
        pipeline = self._client.pipeline(transaction=True)
        for label in labels:
            pipeline.hset(FEEDBACK_LABELS, label.id, encode_label(label).decode())
        pipeline.set(FEEDBACK_POSITION, position)
        pipeline.execute()

    def sent(self, some: Iterable[bytes]) -> None:
        """The topic has these, and they were read back: each is taken out by what it is."""
        pipeline = self._client.pipeline(transaction=True)
        for raw in some:
            pipeline.lrem(FEEDBACK_OUTBOX, 1, cast(str, raw))
        pipeline.execute()


def readable(values: Iterable[bytes]) -> list[Label]:
    """Without what a later version, or a stranger, wrote."""
    found = []
    for raw in values:
        try:
            found.append(decode_label(raw))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
    return found


def in_order(labels: Iterable[Label]) -> list[Label]:
    """Each once, by time, then id."""
    return sorted({label.id: label for label in labels}.values(), key=lambda each: (each.at, each.id))
