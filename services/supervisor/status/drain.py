"""Waiting until all that was published is applied.

Ticks keep coming, so the target is frozen: the end offsets of documents.* at the call; then, once the scoring group has
committed those (which it does only after their outcomes are in Kafka), the end offsets of `opinions` at that moment.
A broker or a Redis that restarts meanwhile is waited for.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import redis
from kafka.errors import KafkaError

from services.supervisor.processes.records import running_supervisor
from shared.clients.redis import connect
from shared.contract.keys import Keys
from shared.contract.topics import Topics
from shared.reading.offsets import Offsets, RunOffsets, applied_offsets
from shared.reading.run import RunView
from shared.settings import Settings

EVERY_SECONDS: Final = 0.2
Progress = Callable[[str, int], None]  # (stage, records left; -1 while Kafka or Redis is away)


class Drain:
    """One wait. The targets, once taken, survive a lost connection."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._offsets: RunOffsets | None = None
        self._documents: Offsets | None = None
        self._opinions: Offsets | None = None

    def left(self) -> tuple[str, int]:
        """(stage, records left). Raises KafkaError, RedisError or OSError while something is away."""
        if self._offsets is None:
            self._offsets = RunOffsets(self._settings.kafka, Topics.of(self._settings))
        try:
            return self._left(self._offsets)
        except (KafkaError, OSError):
            self.close()
            raise

    def close(self) -> None:
        """Give the connections back; `left` makes new ones."""
        if self._offsets is not None:
            self._offsets.close()
            self._offsets = None

    def _left(self, offsets: RunOffsets) -> tuple[str, int]:
        if self._documents is None:
            self._documents = offsets.ends(offsets.documents())
        if self._opinions is None:
            left = _distance(self._documents, offsets.committed(self._documents))
            if left:
                return "documents", left
            self._opinions = offsets.ends(offsets.opinions())
        return "opinions", _distance(self._opinions, self._applied(offsets, self._opinions))

    def _applied(self, offsets: RunOffsets, target: Offsets) -> Offsets:
        with connect(self._settings.redis) as client:
            positions = RunView(client, Keys(self._settings.run, len(target))).positions()
        return applied_offsets(positions, target, offsets.opinions_id())


def wait_drained(settings: Settings, timeout: float, progress: Progress) -> bool:
    """True once drained, False when `timeout` seconds are over.

    Raises at once when Kafka or Redis cannot be reached and no supervisor is there to start it again.
    """
    deadline = time.monotonic() + timeout
    drain = Drain(settings)
    stage = "documents"
    try:
        while True:
            try:
                stage, left = drain.left()
                progress(stage, left)
                if left == 0 and stage == "opinions":
                    return True
            except (KafkaError, redis.RedisError, OSError):
                if running_supervisor(Path(settings.state_dir)) is None:
                    raise
                progress(stage, -1)
            if time.monotonic() > deadline:
                return False
            time.sleep(EVERY_SECONDS)
    finally:
        drain.close()


def _distance(target: Offsets, current: Offsets) -> int:
    return sum(max(0, end - current[partition]) for partition, end in target.items())
