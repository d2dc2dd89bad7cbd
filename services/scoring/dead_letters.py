"""Dead letters: reading documents.dead, and putting letters back on the topic that they came from. kafka-python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec
from kafka import KafkaProducer, TopicPartition

from services.scoring.outcomes import HEADER_TOPIC
from shared.clients.kafka import LogCut, TopicLog, client_config, describe, read_log
from shared.clients.redis import connect
from shared.contract.events import (
    HEADER_DETAIL,
    HEADER_FIRST_ORIGIN,
    HEADER_ORIGIN,
    HEADER_REASON,
    Document,
    InvalidMessage,
    decode_document,
)
from shared.contract.keys import Keys
from shared.contract.topics import Topics
from shared.reading.deleted import deleted_at, is_gone
from shared.reading.run import RunView
from shared.settings import Settings


class DeadLetterError(ValueError):
    """A letter that is not there, or that cannot be put back; the text names it and the remedy."""


class DeadLetter(msgspec.Struct, kw_only=True):
    """A dead letter without its bytes. `id` is its first origin, TOPIC_ID:PARTITION:OFFSET."""

    id: str
    state: str = ""  # "dead" | "scored" as counted in Redis; "" when the aggregation has not seen it yet
    reason: str
    detail: str
    topic: str
    partition: int
    origin: str  # of its latest try
    key: str
    bytes: int
    dead_at: int  # when Kafka took it, microseconds
    tries: int = 1
    position: tuple[int, int]  # partition and offset on documents.dead of its latest try


def read_dead_letters(settings: Settings) -> list[DeadLetter]:
    """Every letter of the run, oldest first, with its state; what died again is one letter with more tries."""
    by_id: dict[str, DeadLetter] = {}
    name = Topics.of(settings).dead
    topics = {name: topic.partitions for name, topic in describe(settings.kafka, [name]).items()}
    for record in read_log(settings.kafka, topics):
        letter = _letter(record)
        before = by_id.get(letter.id)
        if before is not None:
            letter.tries = before.tries + (letter.origin != before.origin)
            letter.dead_at = before.dead_at
        by_id[letter.id] = letter
    _add_states(settings, by_id)
    return list(by_id.values())


def read_bytes(settings: Settings, letter: DeadLetter) -> bytes:
    """The original bytes of a letter."""
    name = Topics.of(settings).dead
    partition, offset = letter.position
    with TopicLog(settings.kafka, {name: partition + 1}) as log, suppress(LogCut):
        for record in log.records({TopicPartition(name, partition): offset}):
            if record.offset == offset:
                return bytes(record.value or b"")
    raise DeadLetterError(f"the bytes of {letter.id} are no longer on documents.dead")


def gone_letters(settings: Settings, letters: Sequence[DeadLetter]) -> set[str]:
    """Ids of the letters whose documents were deleted at their source. A letter's key is its document's item."""
    with connect(settings.redis) as client:
        deleted = deleted_at(client, Keys(settings.run, 1), [letter.key for letter in letters])
    return {letter.id for letter in letters if letter.key in deleted and _is_gone(settings, letter, deleted)}


def _is_gone(settings: Settings, letter: DeadLetter, deleted: Mapping[str, int]) -> bool:
    available_at = letter.dead_at  # of what cannot be decoded
    with suppress(InvalidMessage, DeadLetterError):
        document = decode_document(read_bytes(settings, letter))
        available_at = document.available_at if isinstance(document, Document) else available_at
    return is_gone(letter.key, available_at, deleted)


def find_dead_letters(letters: Sequence[DeadLetter], names: Sequence[str]) -> list[DeadLetter]:
    """The letters named by id, or by an unambiguous end of it; raises DeadLetterError."""
    return [_find(letters, name) for name in names]


def requeue(settings: Settings, letters: Sequence[DeadLetter]) -> int:
    """Put the original bytes back on the partition that they came from; returns how many.

    What was deleted at its source meanwhile stays where it is. The header keeps the first origin, so a letter counts
    once however often it is re-queued. Raises DeadLetterError when its topic is gone, and Kafka's error when one was
    not taken (those before it are re-queued).
    """
    gone = gone_letters(settings, letters)
    letters = [letter for letter in letters if letter.id not in gone]
    topics = describe(settings.kafka, sorted({letter.topic for letter in letters}))
    for letter in letters:
        if letter.topic not in topics or letter.partition >= topics[letter.topic].partitions:
            raise DeadLetterError(f"{letter.id}: there is no {letter.topic}[{letter.partition}] to requeue it to")
    producer = KafkaProducer(**client_config(settings.kafka), max_request_size=16 * 1024 * 1024)
    try:
        for letter in letters:
            producer.send(
                letter.topic,
                key=letter.key.encode() or None,
                value=read_bytes(settings, letter),
                partition=letter.partition,
                headers=[(HEADER_FIRST_ORIGIN, letter.id.encode())],
            ).get(timeout=30)
    finally:
        producer.close()
    return len(letters)


def _find(letters: Sequence[DeadLetter], name: str) -> DeadLetter:
    matches = [letter for letter in letters if letter.id == name] or [x for x in letters if x.id.endswith(name)]
    if len(matches) == 1:
        return matches[0]
    problem = "no dead letter" if not matches else f"{len(matches)} dead letters"
    raise DeadLetterError(f"{name}: {problem} with that id; see: bellwether dead-letters list")


def _letter(record: Any) -> DeadLetter:
    headers = {name: bytes(value or b"").decode("utf-8", "replace") for name, value in record.headers}
    origin = headers.get(HEADER_ORIGIN, "")
    first = headers.get(HEADER_FIRST_ORIGIN, origin)
    return DeadLetter(
        id=first,
        reason=headers.get(HEADER_REASON, ""),
        detail=headers.get(HEADER_DETAIL, ""),
        topic=headers.get(HEADER_TOPIC, ""),
        partition=int(first.split(":")[1]) if first.count(":") == 2 else 0,
        origin=origin,
        key=(record.key or b"").decode("utf-8", "replace"),
        bytes=len(record.value or b""),
        dead_at=record.timestamp * 1000,
        position=(record.partition, record.offset),
    )


def _add_states(settings: Settings, letters: dict[str, DeadLetter]) -> None:
    topic = describe(settings.kafka, [Topics.of(settings).opinions]).get(Topics.of(settings).opinions)
    if topic is None or not letters:
        return
    with connect(settings.redis) as client:
        states = RunView(client, Keys(settings.run, topic.partitions)).letter_states(list(letters))
    for letter, state in zip(letters.values(), states, strict=True):
        letter.state = state
