"""A run with nothing but the topic `opinions` in use: opinions are written straight to their partitions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import redis
from kafka import KafkaProducer

from services.aggregation.core.apply import apply
from services.aggregation.core.plan import Decoded, Rules
from services.aggregation.stores.memory import MemoryStore
from services.aggregation.stores.redis_store import RedisStore
from shared.clients.kafka import client_config, describe, ensure_topics
from shared.contract.events import encode
from shared.contract.topics import Topics
from shared.settings import AggregationSettings, KafkaSettings
from tests.worker_process import WorkerProcess, write_settings

RULES = Rules.of(AggregationSettings())
SESSION = {"session_timeout_seconds": 6.0, "heartbeat_seconds": 1.0}


class OpinionsRun:
    """Topics of one run, its slots, and worker processes on it."""

    def __init__(
        self, folder: Path, run: str, kafka: dict[str, Any], redis_url: str, slots: int = 4, **more: Any
    ) -> None:
        self.run, self.slots = run, slots
        self.topics = Topics(run, document_partitions=1, opinion_partitions=slots)
        kafka = kafka | {"document_partitions": 1, "opinion_partitions": slots}
        self.kafka = KafkaSettings(**kafka)
        ensure_topics(self.kafka, self.topics.all())
        base: dict[str, Any] = {
            "run": run,
            "kafka": kafka,
            "redis": {"url": redis_url, "timeout_seconds": 3.0},
            "worker": SESSION,
            "model": {"name": "stub"},
        }
        self.state = write_settings(folder / "state", **(base | more))
        self.client = redis.Redis.from_url(redis_url)
        self.ends = dict.fromkeys(range(slots), 0)
        self.log: dict[int, list[Decoded]] = {slot: [] for slot in range(slots)}

    def topic_id(self) -> str:
        return describe(self.kafka, [self.topics.opinions])[self.topics.opinions].topic_id

    def store(self) -> RedisStore:
        return RedisStore(self.client, self.run, self.slots)

    def worker(self, name: str = "1") -> WorkerProcess:
        return WorkerProcess("aggregation", self.state, name)

    def produce(self, slot: int, records: Sequence[Decoded], raw: bytes | None = None) -> None:
        """Append the messages to one partition; `raw` goes out for those that are None."""
        producer = KafkaProducer(**client_config(self.kafka), linger_ms=5)
        try:
            futures = []
            for _, message in records:
                value = encode(message) if message is not None else raw
                futures.append(producer.send(self.topics.opinions, value=value, partition=slot))
                self.log[slot].append((self.ends[slot], message))
                self.ends[slot] += 1
            producer.flush()
            for future in futures:
                future.get(30)
        finally:
            producer.close()

    def applied(self) -> bool:
        """Whether every slot's position is at its end."""
        store = self.store()
        positions = {slot: store.position(slot) for slot in range(self.slots)}
        return all((p.offset if p else 0) == self.ends[slot] for slot, p in positions.items())

    def reference(self) -> MemoryStore:
        """The same log through one process, undisturbed."""
        memory = MemoryStore(self.slots)
        for slot, records in self.log.items():
            if records:
                apply(memory, slot, self.topic_id(), records, RULES, gapless=True)
        return memory
