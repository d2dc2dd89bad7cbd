"""What lies on documents.*, read back partition by partition."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from kafka import KafkaConsumer, TopicPartition

from shared.clients.kafka import client_config
from shared.contract.events import CHANNELS, Document, Tick, decode_document
from shared.contract.topics import Topics
from shared.settings import Settings

DEADLINE_SECONDS = 90.0


@dataclass(slots=True)
class Found:
    """Records of both topics. `broken`: documents behind a tick that had promised that none so early would come."""

    documents: list[Document] = field(default_factory=list)
    ticks: dict[tuple[str, int], list[int]] = field(default_factory=dict)
    broken: list[Document] = field(default_factory=list)

    @property
    def ids(self) -> set[str]:
        return {document.id for document in self.documents}


def read_documents(settings: Settings) -> Found:
    """Everything that is there now."""
    topics = Topics(settings.run)
    found = Found()
    with _consumer(settings) as consumer:
        names = [topics.documents(channel) for channel in CHANNELS]
        partitions = [TopicPartition(name, number) for name in names for number in consumer.partitions_for_topic(name)]
        consumer.assign(partitions)
        consumer.seek_to_beginning()
        ends = consumer.end_offsets(partitions)
        while any(consumer.position(partition) < ends[partition] for partition in partitions):
            for partition, records in consumer.poll(500).items():
                for record in records:
                    _add(found, partition, record.key, decode_document(record.value))
    return found


def _add(found: Found, partition: TopicPartition, key: bytes | None, message: Document | Tick) -> None:
    promised = found.ticks.setdefault((partition.topic, partition.partition), [])
    if isinstance(message, Tick):
        promised.append(message.watermark)
        return
    assert key == message.id.encode()
    found.documents.append(message)
    if promised and message.available_at < max(promised):
        found.broken.append(message)


@contextmanager
def _consumer(settings: Settings) -> Iterator[KafkaConsumer]:
    consumer = KafkaConsumer(**client_config(settings.kafka), enable_auto_commit=False)
    try:
        yield consumer
    finally:
        consumer.close()


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Until `condition`; fails after DEADLINE_SECONDS."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not within {DEADLINE_SECONDS:.0f} s: {what}"
        time.sleep(0.05)
