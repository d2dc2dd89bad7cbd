"""What reading a topic to its present end promises, against a real Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition

from services.embedded.kafka import EmbeddedKafka
from shared.clients.kafka import (
    LogCut,
    LogStalled,
    TopicLog,
    client_config,
    ensure_topics,
    log_consumer,
    read_log,
    read_spans,
)
from shared.contract.topics import Topic
from shared.settings import KafkaSettings

pytestmark = pytest.mark.kafka
LARGE = 3_000_000  # more than a consumer fetches of one partition at once


@pytest.fixture
def settings(kafka: dict[str, Any]) -> KafkaSettings:
    return KafkaSettings(**kafka)


@pytest.fixture
def topic(settings: KafkaSettings, run_name: str) -> str:
    """A topic of three partitions."""
    name = f"run.{run_name}.log"
    ensure_topics(settings, [Topic(name, 3, {"max.message.bytes": "8388608"})])
    return name


def send(settings: KafkaSettings, topic: str, partition: int, values: list[bytes]) -> None:
    producer = KafkaProducer(**client_config(settings), linger_ms=20, max_request_size=8_388_608)
    try:
        for future in [producer.send(topic, value, partition=partition) for value in values]:
            future.get(timeout=30)
    finally:
        producer.close()


def numbers(count: int, first: int = 0) -> list[bytes]:
    return [b"%d" % number for number in range(first, first + count)]


def values_of(records: Iterator[object], partition: int) -> list[bytes]:
    return [record.value for record in records if record.partition == partition]  # type: ignore[attr-defined]


def delete_before(settings: KafkaSettings, part: TopicPartition, offset: int) -> None:
    admin = KafkaAdminClient(**client_config(settings))
    try:
        admin.delete_records({part: offset})
    finally:
        admin.close()


def test_every_record_of_every_partition_comes_once_and_in_order(settings: KafkaSettings, topic: str) -> None:
    send(settings, topic, 0, numbers(2_500))
    send(settings, topic, 2, [b"x" * LARGE, b"y", b"z" * LARGE])
    found = list(read_log(settings, {topic: 3}))
    assert values_of(iter(found), 0) == numbers(2_500)
    assert values_of(iter(found), 1) == []
    assert [len(value) for value in values_of(iter(found), 2)] == [LARGE, 1, LARGE]
    assert len(found) == 2_503


def test_nothing_to_read_ends_at_once(settings: KafkaSettings, topic: str) -> None:
    assert list(read_log(settings, {topic: 3})) == []
    assert list(read_log(settings, {})) == []


def test_what_arrives_while_reading_is_not_read(settings: KafkaSettings, topic: str) -> None:
    """Neither in a partition that is being read nor in one that was empty."""
    send(settings, topic, 0, numbers(1_200))
    with TopicLog(settings, {topic: 3}) as log:
        send(settings, topic, 0, numbers(50, first=9_000))
        records = log.records()
        found = [next(records).value]
        for partition in range(3):
            send(settings, topic, partition, numbers(50, first=9_000))
        found += [record.value for record in records]
    assert found == numbers(1_200)


def test_partitions_are_chosen_and_begun_where_the_caller_says(settings: KafkaSettings, topic: str) -> None:
    for partition in range(3):
        send(settings, topic, partition, numbers(10))
    with TopicLog(settings, {topic: 3}) as log:
        found = list(log.records({TopicPartition(topic, 0): 8, TopicPartition(topic, 2): 10}))
        assert [(record.partition, record.offset) for record in found] == [(0, 8), (0, 9)]
        assert len(list(log.records())) == 30  # and once more, from its beginning


def test_an_unfinished_reading_leaves_nothing_to_the_next_one(settings: KafkaSettings, topic: str) -> None:
    send(settings, topic, 0, numbers(1_500))
    send(settings, topic, 1, numbers(20))
    consumer = log_consumer(settings)
    try:
        first, second = TopicPartition(topic, 0), TopicPartition(topic, 1)
        assert next(read_spans(consumer, {first: (0, 1_500), second: (0, 20)})).value == b"0"
        found = list(read_spans(consumer, {first: (700, 710), second: (0, 20)}))
        assert values_of(iter(found), 0) == numbers(10, first=700)
        assert values_of(iter(found), 1) == numbers(20)
    finally:
        consumer.close()


def test_a_deleted_beginning_is_named(settings: KafkaSettings, topic: str) -> None:
    send(settings, topic, 1, numbers(100))
    part = TopicPartition(topic, 1)
    delete_before(settings, part, 40)
    with TopicLog(settings, {topic: 3}) as log:
        assert log.begins[part] == 40
        assert values_of(log.records(), 1) == numbers(60, first=40)
        with pytest.raises(LogCut, match=rf"{topic}\[1\] begins at offset 40: offset 39 has been deleted"):
            log.records({part: 39})


def test_records_deleted_between_opening_and_reading_are_missed_aloud(settings: KafkaSettings, topic: str) -> None:
    send(settings, topic, 1, numbers(100))
    with TopicLog(settings, {topic: 3}) as log:
        delete_before(settings, TopicPartition(topic, 1), 30)
        with pytest.raises(LogCut, match=rf"offset 0 of {topic}\[1\] was deleted before it could be read"):
            list(log.records())


def test_a_log_that_ends_in_a_transaction_marker_ends(settings: KafkaSettings, topic: str) -> None:
    """The last offsets belong to no record, and partition 1 holds nothing else."""
    producer = KafkaProducer(**client_config(settings), transactional_id=topic)
    try:
        producer.init_transactions()
        for partition, committed in ((0, True), (1, False)):
            producer.begin_transaction()
            producer.send(topic, b"in a transaction", partition=partition)
            producer.flush()
            producer.commit_transaction() if committed else producer.abort_transaction()
    finally:
        producer.close()
    delete_before(settings, TopicPartition(topic, 1), 1)
    with TopicLog(settings, {topic: 3}) as log:
        assert [log.ends[part] - log.begins[part] for part in log.partitions] == [2, 1, 0]
        assert [record.value for record in log.records()] == [b"in a transaction"]


def test_a_reading_that_stands_still_says_where(own_kafka: EmbeddedKafka) -> None:
    settings = KafkaSettings(**own_kafka.settings())
    ensure_topics(settings, [Topic("still", 2, {})])
    send(settings, "still", 1, numbers(7))
    with TopicLog(settings, {"still": 2}) as log:
        own_kafka.kill()
        with pytest.raises(
            LogStalled, match=r"no progress for 2 s in still\[1\] at offset 0 of 7; check that Kafka runs"
        ):
            list(log.records(patience=2))


def test_a_broker_that_comes_back_in_time_costs_nothing(own_kafka: EmbeddedKafka) -> None:
    settings = KafkaSettings(**own_kafka.settings())
    ensure_topics(settings, [Topic("back", 1, {})])
    values = [b"%d" % number + b"." * 100_000 for number in range(60)]  # six fetches
    send(settings, "back", 0, values)
    with TopicLog(settings, {"back": 1}) as log:
        records = log.records()
        found = [next(records).value]
        own_kafka.kill()
        own_kafka.start()
        found += [record.value for record in records]
    assert found == values
