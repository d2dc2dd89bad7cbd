"""Moves what waits in an outbox in Redis to its topic: one process at a time, by lease; what Kafka acknowledged is
taken out, so that a message may come twice and none is lost."""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import Final

import redis
from kafka import KafkaProducer
from kafka.errors import KafkaError

from shared.clients.kafka import LogStalled, TopicMismatch, client_config, ensure_topics
from shared.contract.topics import Topic
from shared.reading.offsets import KafkaUnreachable, require_broker
from shared.reading.readers.outbox import Outbox
from shared.settings import KafkaSettings

EVERY_SECONDS: Final = 1.0
LEASE_SECONDS: Final = 60
BATCH: Final = 500
DELIVERY_SECONDS: Final = 20.0
log = logging.getLogger(__name__)


class OutboxMover:
    """`run` until it is cancelled. A Kafka that is away is tried again: the outbox keeps what waits.

    `what`: what waits, for the log.
    """

    def __init__(self, outbox: Outbox, topic: Topic, kafka: KafkaSettings, what: str) -> None:
        self._outbox, self._topic, self._kafka, self._what = outbox, topic, kafka, what
        self._name = secrets.token_hex(8)
        self._producer: KafkaProducer | None = None
        self.moved = 0

    async def run(self) -> None:
        away = False
        while True:
            try:
                while await asyncio.to_thread(self.move):
                    pass
                away = False
            except (redis.RedisError, KafkaError, KafkaUnreachable, TopicMismatch, LogStalled, OSError) as error:
                if not away:
                    log.warning("the %s waits in Redis: %s", self._what, error)
                away = True
                self.close()
            await asyncio.sleep(EVERY_SECONDS)

    def move(self) -> int:
        """Move some; how many."""
        if not self._outbox.outbox(1) or not self._outbox.lease(self._name, LEASE_SECONDS):
            return 0
        try:
            some = self._outbox.outbox(BATCH)
            producer = self._connected()
            futures = [producer.send(self._topic.name, raw, self.key_of(raw), partition=0) for raw in some]
            producer.flush(DELIVERY_SECONDS)
            for future in futures:
                future.get(timeout=DELIVERY_SECONDS)
            self.acknowledged(some)
            self.moved += len(some)
            return len(some)
        finally:
            self._outbox.release(self._name)

    def key_of(self, raw: bytes) -> bytes | None:
        """The key of a message on its topic."""
        del raw
        return None

    def acknowledged(self, some: list[bytes]) -> None:
        """Kafka has these."""
        self._outbox.sent(some)

    def close(self) -> None:
        if self._producer is not None:
            self._producer.close(timeout=1)
            self._producer = None

    def _connected(self) -> KafkaProducer:
        if self._producer is None:
            require_broker(self._kafka)
            ensure_topics(self._kafka, [self._topic])
            self._producer = KafkaProducer(
                **client_config(self._kafka),
                client_id=f"bellwether-{self._topic.name}",
                enable_idempotence=True,
                acks="all",
                request_timeout_ms=int(DELIVERY_SECONDS * 500),
                delivery_timeout_ms=int(DELIVERY_SECONDS * 1000),
            )
        return self._producer
