"""Documents and ticks onto Kafka: an idempotent producer with acks=all; every record's fate is known to the caller."""

from __future__ import annotations

import time
from typing import Any, Final

from kafka import KafkaProducer
from kafka.errors import KafkaError

from shared.clients.kafka import client_config
from shared.contract.events import CHANNELS, Deletion, Document, Tick, encode
from shared.contract.operation.metrics import KAFKA_SECONDS
from shared.contract.topics import Topics
from shared.measured import MEASURED
from shared.settings import KafkaSettings
from shared.traced import HEADER, TRACES, Context, Span, now

DELIVERY_SECONDS: Final = 300.0  # kafka-python retries a record this long: a broker on a busy machine takes its time
_REQUEST_SECONDS: Final = 30.0
_LINGER_MS: Final = 5
_RECONNECT_MS: Final = 2000  # the default of 30 s would add that much to every restart of a broker
_BATCH_BYTES: Final = 128 * 1024
_REQUEST_BYTES: Final = 8 * 1024 * 1024  # the topics' max.message.bytes


class DeliveryFailed(RuntimeError):
    """Kafka did not acknowledge in time. What was not acknowledged is not in the ledger and is sent again."""


class Delivery:
    """The fate of one record."""

    __slots__ = ("_future",)

    def __init__(self, future: Any) -> None:
        self._future = future

    @property
    def done(self) -> bool:
        return bool(self._future.is_done)

    def wait(self) -> None:
        """Until Kafka has the record; raises DeliveryFailed."""
        future = self._future
        if future.is_done and future.succeeded():
            return
        try:
            future.get(timeout=DELIVERY_SECONDS + 30)
        except KafkaError as error:
            raise DeliveryFailed(f"Kafka did not take a record: {type(error).__name__}: {error}") from error


def _acknowledged(sent_at: float, _: object) -> None:
    MEASURED.observe(KAFKA_SECONDS, value=time.perf_counter() - sent_at)


def _traced(context: Context, topic: str, source: str, began: int, _: object) -> None:
    about = {"messaging.system": "kafka", "messaging.destination.name": topic, "bellwether.source": source}
    TRACES.add(Span(f"send {topic}", "producer", context, "", began, now(), about))


class Publisher:
    """Sends to the documents.* topics of one run. Safe to use from several threads."""

    def __init__(self, kafka: KafkaSettings, topics: Topics, delivery_seconds: float = DELIVERY_SECONDS) -> None:
        self._names = {channel: topics.documents(channel) for channel in CHANNELS}
        self._partitions = topics.document_partitions
        self._producer = KafkaProducer(
            **client_config(kafka),
            client_id="bellwether-ingest",
            enable_idempotence=True,
            acks="all",
            request_timeout_ms=int(min(_REQUEST_SECONDS, delivery_seconds / 2) * 1000),
            delivery_timeout_ms=int(delivery_seconds * 1000),
            max_block_ms=int(delivery_seconds * 1000),
            linger_ms=_LINGER_MS,
            reconnect_backoff_max_ms=_RECONNECT_MS,
            batch_size=_BATCH_BYTES,
            max_request_size=_REQUEST_BYTES,
        )

    def send(self, document: Document | Deletion) -> Delivery:
        """Queue one masked document, or the deletion of an item, under the item, so that its versions and its deletion
        share a partition and an order. Raises DeliveryFailed."""
        topic = self._names[document.channel]
        context = TRACES.of_document(document.id) if isinstance(document, Document) else None
        headers = [(HEADER, context.header().encode())] if context is not None else []
        try:
            future = self._producer.send(topic, value=encode(document), key=document.key.encode(), headers=headers)
            future.add_callback(_acknowledged, time.perf_counter())
            if context is not None:
                future.add_callback(_traced, context, topic, document.source, now())
        except KafkaError as error:
            raise DeliveryFailed(f"Kafka did not take a record: {type(error).__name__}: {error}") from error
        return Delivery(future)

    def tick(self, watermark: int) -> list[Delivery]:
        """Queue a tick for every partition of every documents.* topic, behind what was queued before."""
        value = encode(Tick(watermark=watermark))
        try:
            return [
                Delivery(self._producer.send(name, value=value, partition=partition))
                for name in self._names.values()
                for partition in range(self._partitions)
            ]
        except KafkaError as error:
            raise DeliveryFailed(f"Kafka did not take a tick: {type(error).__name__}: {error}") from error

    def close(self) -> None:
        """Send what is queued, for a moment, and close."""
        self._producer.close(timeout=5)
