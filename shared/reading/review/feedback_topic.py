"""The topic `feedback`, read from a position to its present end."""

from __future__ import annotations

from typing import Final, NamedTuple

from kafka import TopicPartition

from shared.clients.kafka import TopicLog, describe
from shared.contract.feedback.label import Label
from shared.contract.topics import FEEDBACK
from shared.reading.offsets import require_broker
from shared.reading.readers.labels import Labels, in_order, readable
from shared.settings import KafkaSettings

_PART: Final = TopicPartition(FEEDBACK.name, 0)


class Heard(NamedTuple):
    """Labels, and the position behind the last of them: "TOPIC_ID:OFFSET", "" where there is no topic yet."""

    labels: list[Label]
    position: str


def read_from(kafka: KafkaSettings, position: str = "") -> Heard:
    """What the topic holds from there on; all of it from nowhere, from a position in another topic of this name, and
    where the log no longer reaches back. Raises KafkaUnreachable, LogStalled."""
    require_broker(kafka)
    state = describe(kafka, [FEEDBACK.name]).get(FEEDBACK.name)
    if state is None:
        return Heard([], "")
    topic_id, _, offset = position.rpartition(":")
    with TopicLog(kafka, {FEEDBACK.name: FEEDBACK.partitions}) as log:
        begin, end = log.begins[_PART], log.ends[_PART]
        known = topic_id == state.topic_id and offset.isdigit() and begin <= int(offset) <= end
        values = [record.value or b"" for record in log.records({_PART: int(offset) if known else begin})]
    return Heard(readable(values), f"{state.topic_id}:{end}")


def every_label(kafka: KafkaSettings, labels: Labels) -> list[Label]:
    """Of the topic, the truth, and what waits in Redis to get there.

    Raises KafkaUnreachable, LogStalled, redis.RedisError.
    """
    waiting = labels.waiting()  # first: what moves on meanwhile is in the topic by then
    return in_order([*read_from(kafka).labels, *waiting])
