"""Kafka through kafka-python, as settings describe it: connection keywords, topics made once, and the one loop that
reads a log to its present end."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import NewTopic
from kafka.errors import (
    InvalidReplicationFactorError,
    KafkaTimeoutError,
    LogTruncationError,
    OffsetOutOfRangeError,
    TopicAlreadyExistsError,
)

from shared.contract.topics import Topic
from shared.settings import KafkaSettings

VISIBLE_MS: Final = 30_000  # how long a new topic may take to be known and led everywhere
POLL_MS: Final = 1_000
STALL_SECONDS: Final = 60.0  # longer than a broker takes to start again

Offsets = Mapping[TopicPartition, int]


class TopicMismatch(RuntimeError):
    """A topic that exists differs from what the run was bound to; the text names the command that mends it."""


class LogCut(RuntimeError):
    """Kafka no longer holds records that were to be read; the text names the partition and both offsets."""


class LogStalled(TimeoutError):
    """Records are missing and none has come for too long; the text names the partition, position and end."""


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic as the cluster has it."""

    name: str
    topic_id: str
    partitions: int


def client_config(kafka: KafkaSettings) -> dict[str, Any]:
    """Keywords that every kafka-python client takes (producer, consumer, admin)."""
    config: dict[str, Any] = {
        "bootstrap_servers": kafka.bootstrap_servers.split(","),
        "security_protocol": kafka.security_protocol,
    }
    if kafka.security_protocol.endswith("SSL"):
        config |= {
            "ssl_cafile": kafka.ssl_cafile,
            "ssl_certfile": kafka.ssl_certfile,
            "ssl_keyfile": kafka.ssl_keyfile,
        }
    if kafka.security_protocol.startswith("SASL"):
        config |= {
            "sasl_mechanism": kafka.sasl_mechanism,
            "sasl_plain_username": kafka.sasl_username,
            "sasl_plain_password": kafka.sasl_password.get_secret_value() if kafka.sasl_password else None,
        }
    return config


def describe(kafka: KafkaSettings, names: list[str]) -> dict[str, TopicState]:
    """The named topics that exist, with topic id and partition count."""
    admin = KafkaAdminClient(**client_config(kafka))
    try:
        return _describe(admin, names)
    finally:
        admin.close()


def _describe(admin: KafkaAdminClient, names: list[str]) -> dict[str, TopicState]:
    known = set(admin.list_topics())
    existing = [name for name in names if name in known]
    if not existing:
        return {}
    return {
        entry["name"]: TopicState(entry["name"], str(entry["topic_id"]), len(entry["partitions"]))
        for entry in admin.describe_topics(existing)
        if not entry["error_code"]  # of a broker that has only heard of it
    }


def ensure_topics(kafka: KafkaSettings, topics: list[Topic]) -> dict[str, TopicState]:
    """Create what is missing and wait until it can be used; two processes may do so at once.

    Raises TopicMismatch when an existing one has another partition count, KafkaTimeoutError when Kafka takes too long.
    """
    admin = KafkaAdminClient(**client_config(kafka))
    try:
        present = _made(admin, kafka, topics)
    finally:
        admin.close()
    for topic in topics:
        found = present[topic.name].partitions
        if found != topic.partitions:
            raise TopicMismatch(
                f"topic {topic.name} has {found} partitions, the settings say {topic.partitions}; "
                f"set it back, or run: bellwether topics resize"
            )
    return present


def _made(admin: KafkaAdminClient, kafka: KafkaSettings, topics: list[Topic]) -> dict[str, TopicState]:
    """All of them. While brokers still start, one may not know what another has made, and some topics may be made where
    others are not: asked again until the time is up."""
    names = [topic.name for topic in topics]
    deadline = time.monotonic() + VISIBLE_MS / 1000
    present = _describe(admin, names)
    while missing := [topic for topic in topics if topic.name not in present]:
        if time.monotonic() > deadline:
            lacking = ", ".join(topic.name for topic in missing)
            raise KafkaTimeoutError(f"topics {lacking} were not made within {VISIBLE_MS // 1000} s")
        _create(admin, kafka, missing, deadline)
        present = _describe(admin, names)
    return present


def _create(admin: KafkaAdminClient, kafka: KafkaSettings, missing: list[Topic], deadline: float) -> None:
    try:
        admin.create_topics([_new_topic(topic, kafka) for topic in missing])
    except TopicAlreadyExistsError:  # made by another process since
        pass
    except InvalidReplicationFactorError as error:
        brokers = len(admin.describe_cluster()["brokers"])
        if time.monotonic() > deadline:
            raise TopicMismatch(
                f"kafka.replication is {kafka.replication or 'left to the brokers'}, but Kafka has {brokers} of them; "
                "start the others, or set BELLWETHER_KAFKA__REPLICATION to as many as there are"
            ) from error
        time.sleep(0.5)  # the others may be on their way
        return
    # that it was made is not yet that it is known
    admin.wait_for_topics([topic.name for topic in missing], timeout_ms=VISIBLE_MS)


def _new_topic(topic: Topic, kafka: KafkaSettings) -> NewTopic:
    config = dict(topic.config)
    if kafka.min_insync_replicas:
        config["min.insync.replicas"] = str(kafka.min_insync_replicas)
    replication = kafka.replication or -1
    return NewTopic(name=topic.name, num_partitions=topic.partitions, replication_factor=replication,
                    topic_configs=config)  # fmt: skip


def log_consumer(kafka: KafkaSettings) -> KafkaConsumer:
    """A consumer for `read_spans`: it commits nothing, and says so when an offset is gone where others would skip."""
    return KafkaConsumer(**client_config(kafka), enable_auto_commit=False, auto_offset_reset="none")


def read_log(kafka: KafkaSettings, topics: Mapping[str, int]) -> Iterator[Any]:
    """Every record of some topics (name -> partitions) from the first that Kafka holds to the last of now."""
    with TopicLog(kafka, topics) as log:
        yield from log.records()


class TopicLog:
    """Some topics (name -> partitions) as they are when this is made: nothing that arrives later is read.

    Holds a consumer: close it, or use `with`.
    """

    def __init__(self, kafka: KafkaSettings, topics: Mapping[str, int]) -> None:
        self.partitions = [TopicPartition(name, number) for name, count in topics.items() for number in range(count)]
        self._consumer = log_consumer(kafka)
        try:
            self.begins: Offsets = self._consumer.beginning_offsets(self.partitions)
            self.ends: Offsets = self._consumer.end_offsets(self.partitions)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._consumer.close()

    def records(self, starts: Offsets | None = None, patience: float = STALL_SECONDS) -> Iterator[Any]:
        """Every record of all partitions; with `starts`, of those partitions alone and from those offsets on.

        In order within a partition. Raises LogCut when the log begins later than that, and what read_spans raises.
        """
        starts = self.begins if starts is None else starts
        for part, start in starts.items():
            if start < self.begins[part]:
                raise LogCut(
                    f"{_named(part)} begins at offset {self.begins[part]:,}: offset {start:,} has been deleted"
                )
        return read_spans(self._consumer, {part: (start, self.ends[part]) for part, start in starts.items()}, patience)


def read_spans(
    consumer: KafkaConsumer, spans: Mapping[TopicPartition, tuple[int, int]], patience: float = STALL_SECONDS
) -> Iterator[Any]:
    """Every record with begin <= offset < end, in order within a partition. `consumer`: made by `log_consumer`.

    Raises LogCut when records are deleted before they were read, LogStalled when nothing moves for `patience` seconds.
    """
    left = {part: span for part, span in spans.items() if span[0] < span[1]}
    if not left:
        return
    consumer.assign(list(left))
    consumer.resume(*left)  # a former reading with this consumer has paused what it was done with
    for part, (begin, _) in left.items():
        consumer.seek(part, begin)
    try:
        yield from _until_read(consumer, left, patience)
    except OffsetOutOfRangeError as error:
        places = ", ".join(f"offset {offset:,} of {_named(part)}" for part, offset in error.args[0].items())
        raise LogCut(f"{places} was deleted before it could be read; run the command again") from error
    except LogTruncationError as error:
        places = ", ".join(map(_named, error.divergent_offsets))
        raise LogCut(f"the end of {places} was lost by Kafka during reading; run the command again") from error


def _until_read(
    consumer: KafkaConsumer, left: Mapping[TopicPartition, tuple[int, int]], patience: float
) -> Iterator[Any]:
    """How far it is tells the position, not the last record: a log may end in offsets that no record has (markers of
    transactions, what was compacted)."""
    positions, moved = {part: begin for part, (begin, _) in left.items()}, time.monotonic()
    while left:
        for part, records in consumer.poll(timeout_ms=POLL_MS).items():
            end = left[part][1]
            yield from (record for record in records if record.offset < end)
        reached = {part: consumer.position(part, timeout_ms=POLL_MS) for part in left}
        if reached != positions:
            moved = time.monotonic()
        elif time.monotonic() - moved >= patience:
            raise _stalled(left, positions, patience)
        done = [part for part, (_, end) in left.items() if reached[part] >= end]
        consumer.pause(*done)  # what arrives behind the end is not even fetched
        left = {part: span for part, span in left.items() if part not in done}
        positions = {part: reached[part] for part in left}


def _stalled(left: Mapping[TopicPartition, tuple[int, int]], positions: Offsets, patience: float) -> LogStalled:
    places = ", ".join(f"{_named(part)} at offset {positions[part]:,} of {end:,}" for part, (_, end) in left.items())
    return LogStalled(
        f"no progress for {patience:.0f} s in {places}; "
        f"check that Kafka runs (bellwether status), then run the command again"
    )


def _named(part: TopicPartition) -> str:
    return f"{part.topic}[{part.partition}]"
