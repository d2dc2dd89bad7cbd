"""The lag of a run as the page Health shows it: what waits, without ticks."""

from __future__ import annotations

import socket
import time

import pytest
from kafka import KafkaProducer

from dashboard.reading.lag import LagReader
from shared.clients.kafka import client_config, describe, ensure_topics
from shared.contract.events import Document, Tick, encode
from shared.contract.topics import Topics
from shared.reading.run import Applied
from shared.settings import Settings

pytestmark = pytest.mark.kafka


def document(number: int) -> Document:
    return Document(
        id=f"{number:032x}", channel="news", source="test", title="t", text="t", published_at=1, received_at=1,
        available_at=1,
    )  # fmt: skip


def test_ticks_are_no_documents_that_wait(settings: Settings) -> None:
    topics = Topics(settings.run, 1, 1)
    ensure_topics(settings.kafka, topics.all())
    producer = KafkaProducer(**client_config(settings.kafka))
    for value in (encode(document(1)), encode(Tick(watermark=1)), encode(document(2)), encode(Tick(watermark=2))):
        producer.send(topics.documents("news"), value=value, partition=0).get(30)
    for watermark in range(3):
        producer.send(topics.opinions, value=encode(Tick(watermark=watermark)), partition=0).get(30)
    producer.close()
    reader = LagReader(lambda: settings)
    deadline = time.monotonic() + 60
    while (lag := reader.read({})) is None:  # a broker that was just started loads its groups first
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert (lag.documents.records, lag.opinions.records, lag.records) == (2, 0, 2)
    topic_id = describe(settings.kafka, [topics.opinions])[topics.opinions].topic_id
    assert reader.read({0: Applied(topic_id, 3)}) == lag


def test_a_kafka_that_does_not_answer_is_no_lag(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kafka = settings.kafka.model_copy(update={"bootstrap_servers": f"127.0.0.1:{port}"})
    assert LagReader(lambda: settings.model_copy(update={"kafka": kafka})).read({}) is None
