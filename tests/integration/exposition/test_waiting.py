"""Waiting documents and seconds behind on a real Kafka, with more ticks than documents."""

from __future__ import annotations

import time

import pytest
from kafka import KafkaProducer, TopicPartition
from kafka.structs import OffsetAndMetadata

from shared.clients.kafka import client_config, describe, ensure_topics, log_consumer
from shared.clock import SECOND, SystemClock
from shared.contract.events import Document, Tick, encode
from shared.contract.topics import Topics
from shared.reading.offsets import RunOffsets
from shared.reading.run import Applied
from shared.reading.waiting import Waiting
from shared.settings import Settings

pytestmark = pytest.mark.kafka
DOCUMENTS, TICKS = 300, 700


def document(number: int) -> bytes:
    at = SystemClock().now()
    return encode(
        Document(
            id=f"{number:032x}", channel="news", source="test", title="t", text="t", published_at=at, received_at=at,
            available_at=at,
        )
    )  # fmt: skip


def send(settings: Settings, topics: Topics) -> None:
    producer = KafkaProducer(**client_config(settings.kafka))
    name = topics.documents("news")
    for number in range(DOCUMENTS + TICKS):
        tick = number % 10 >= 3
        value = encode(Tick(watermark=number)) if tick else document(number)
        last = producer.send(name, value=value, partition=number // 10 % topics.document_partitions)
    producer.send(topics.opinions, value=encode(Tick(watermark=1)), partition=0).get(30)
    last.get(30)
    producer.flush()
    producer.close()


def commit(settings: Settings, topics: Topics, offset: int) -> None:
    from kafka import KafkaConsumer

    consumer = KafkaConsumer(**client_config(settings.kafka), group_id=topics.scoring_group, enable_auto_commit=False)
    try:
        parts = [TopicPartition(topics.documents("news"), number) for number in range(topics.document_partitions)]
        consumer.assign(parts)
        deadline = time.monotonic() + 60
        while True:  # a broker that was just started loads its groups first
            try:
                return consumer.commit({part: OffsetAndMetadata(offset, "", -1) for part in parts})
            except Exception:
                assert time.monotonic() < deadline
                time.sleep(0.1)
    finally:
        consumer.close()


def test_a_backlog_is_counted_without_ticks_also_when_it_takes_several_looks(settings: Settings) -> None:
    topics = Topics(settings.run, 2, 1)
    ensure_topics(settings.kafka, topics.all())
    log_consumer(settings.kafka).close()
    before = SystemClock().now()
    send(settings, topics)
    commit(settings, topics, 0)
    waiting = Waiting(settings.kafka, topics, most=400)
    try:
        documents, opinions = waiting.look({})
        assert documents.unread == DOCUMENTS + TICKS - 400
        assert documents.waiting == pytest.approx(DOCUMENTS, rel=0.05), "of what was not read, the same share"
        assert (opinions.waiting, opinions.since) == (0, None)
        for _ in range(2):
            documents, _ = waiting.look({})
        assert (documents.waiting, documents.unread) == (DOCUMENTS, 0)
        assert documents.since is not None
        assert before - SECOND <= documents.since <= SystemClock().now()

        commit(settings, topics, 250)  # half of each partition is done
        documents, _ = waiting.look({})
        assert (documents.waiting, documents.unread) == (DOCUMENTS // 2, 0)
        commit(settings, topics, 493)  # what is left of each are the ticks behind the last document
        assert waiting.look({})[0].waiting == 0 and waiting.look({})[0].since is None

        commit(settings, topics, 0)  # a group that was put back
        looks = [waiting.look({})[0] for _ in range(3)]
        assert looks[-1].waiting == DOCUMENTS
        topic_id = describe(settings.kafka, [topics.opinions])[topics.opinions].topic_id
        assert waiting.look({0: Applied(topic_id, 1)})[1].waiting == 0
    finally:
        waiting.close()


def test_status_counts_no_tick_however_often_it_looks_and_however_much_waits(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.reading.offsets.PEEK_SECONDS", 60.0)  # for a machine that does much else
    topics = Topics(settings.run, 2, 1)
    ensure_topics(settings.kafka, topics.all())
    send(settings, topics)
    offsets = RunOffsets(settings.kafka, topics)
    try:
        ends = offsets.ends(offsets.documents())
        start = dict.fromkeys(ends, 0)
        assert [offsets.backlog(start, ends).records for _ in range(3)] == [DOCUMENTS] * 3
        monkeypatch.setattr("shared.reading.offsets.PEEK_RECORDS", 100)  # the rest is taken to be as what was looked at
        assert offsets.backlog(start, ends).records == DOCUMENTS
        assert offsets.backlog(ends, ends).records == 0
    finally:
        offsets.close()
