"""Moves the audit log's outbox to the topic `audit`: one process at a time, by lease; what Kafka acknowledged is taken
out, so that an entry may come twice and none is lost."""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import Final

import redis
from kafka import KafkaProducer
from kafka.errors import KafkaError

from shared.clients.kafka import TopicMismatch, client_config, ensure_topics
from shared.contract.topics import AUDIT
from shared.reading.offsets import KafkaUnreachable, require_broker
from shared.reading.readers.audit import AuditLog
from shared.settings import KafkaSettings

EVERY_SECONDS: Final = 1.0
LEASE_SECONDS: Final = 60
BATCH: Final = 500
DELIVERY_SECONDS: Final = 20.0
log = logging.getLogger(__name__)


class AuditMover:
    """`run` until it is cancelled. A Kafka that is away is tried again: the outbox keeps what waits."""

    def __init__(self, audit: AuditLog, kafka: KafkaSettings) -> None:
        self._audit, self._kafka = audit, kafka
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
            except (redis.RedisError, KafkaError, KafkaUnreachable, TopicMismatch, OSError) as error:
                if not away:
                    log.warning("the audit log waits in Redis: %s", error)
                away = True
                self.close()
            await asyncio.sleep(EVERY_SECONDS)

    def move(self) -> int:
        """Move some; how many."""
        if not self._audit.outbox(1) or not self._audit.lease(self._name, LEASE_SECONDS):
            return 0
        try:
            some = self._audit.outbox(BATCH)
            producer = self._connected()
            futures = [producer.send(AUDIT.name, raw, partition=0) for raw in some]
            producer.flush(DELIVERY_SECONDS)
            for future in futures:
                future.get(timeout=DELIVERY_SECONDS)
            self._audit.sent(some)
            self.moved += len(some)
            return len(some)
        finally:
            self._audit.release(self._name)

    def close(self) -> None:
        if self._producer is not None:
            self._producer.close(timeout=1)
            self._producer = None

    def _connected(self) -> KafkaProducer:
        if self._producer is None:
            require_broker(self._kafka)
            ensure_topics(self._kafka, [AUDIT])
            self._producer = KafkaProducer(
                **client_config(self._kafka),
                client_id="bellwether-audit",
                enable_idempotence=True,
                acks="all",
                request_timeout_ms=int(DELIVERY_SECONDS * 500),
                delivery_timeout_ms=int(DELIVERY_SECONDS * 1000),
            )
        return self._producer
