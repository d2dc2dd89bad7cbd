"""Where a run stands in Kafka: end offsets, the scoring group's committed offsets, and the lag, which is what lies
between. Ticks are no documents that wait."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from kafka import KafkaAdminClient, TopicPartition

from shared.clients.kafka import LogCut, LogStalled, client_config, log_consumer, read_spans
from shared.contract.events import CHANNELS
from shared.contract.topics import Topics
from shared.reading.run import Applied
from shared.settings import KafkaSettings

PEEK_SECONDS: Final = 2.0  # without progress
PEEK_RECORDS: Final = 5000  # so much of a backlog is read, at most, so that ticks do not count as documents
_TICK: Final = b'{"type":"tick"'
_OPINION: Final = b'{"type":"opinion"'

Offsets = dict[TopicPartition, int]


class Backlog(NamedTuple):
    """Records that wait, without ticks. `opinions`: those among them that are opinions."""

    records: int
    opinions: int


class RunEnds(NamedTuple):
    """The offsets after the last records of documents.* and of `opinions`."""

    documents: Offsets
    opinions: Offsets


class Lag(NamedTuple):
    """What waits on documents.* for scoring, and on `opinions` to be applied."""

    documents: Backlog
    opinions: Backlog

    @property
    def records(self) -> int:
        return self.documents.records + self.opinions.records


class KafkaUnreachable(ConnectionError):
    """No broker accepts a connection."""


def require_broker(kafka: KafkaSettings, timeout: float = 2.0) -> None:
    """Raise KafkaUnreachable at once, where a client would keep trying for half a minute."""
    for server in kafka.bootstrap_servers.split(","):
        host, _, port = server.strip().rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout).close()
        except (OSError, ValueError):
            continue
        return
    raise KafkaUnreachable(f"Kafka does not answer at {kafka.bootstrap_servers}")


class RunOffsets:
    """Offsets of one run's topics. Holds an admin client and a consumer: close it. Raises KafkaUnreachable."""

    def __init__(self, kafka: KafkaSettings, topics: Topics, timeout: float = 2.0) -> None:
        require_broker(kafka, timeout)
        self.kafka = kafka
        self.topics = topics
        self._admin = KafkaAdminClient(**client_config(kafka))

    def close(self) -> None:
        self._admin.close()

    def ends_of_run(self) -> RunEnds:
        """Where the logs end now."""
        documents, opinions = self.documents(), self.opinions()
        return RunEnds(self.ends(documents), self.ends(opinions))

    def lag(self, ends: RunEnds, positions: Mapping[int, Applied]) -> Lag:
        """What waits before `ends`. `positions`: how far each slot is (RunView.positions)."""
        applied = applied_offsets(positions, ends.opinions, self.opinions_id())
        return Lag(
            documents=self.backlog(self.committed(ends.documents), ends.documents),
            opinions=self.backlog(applied, ends.opinions),
        )

    def documents(self) -> list[TopicPartition]:
        return self._partitions([self.topics.documents(channel) for channel in CHANNELS])

    def opinions(self) -> list[TopicPartition]:
        return self._partitions([self.topics.opinions])

    def ends(self, partitions: Iterable[TopicPartition]) -> Offsets:
        """The offset after the last record."""
        return self._listed(partitions, -1)

    def _listed(self, partitions: Iterable[TopicPartition], which: int) -> Offsets:
        asked = dict.fromkeys(partitions, which)
        answers = self._admin.list_partition_offsets(asked) if asked else {}
        return {partition: answer.offset for partition, answer in answers.items()}

    def starts(self, partitions: Iterable[TopicPartition]) -> Offsets:
        """The offset of the first record that the log still holds."""
        return self._listed(partitions, -2)

    def committed(self, partitions: Iterable[TopicPartition]) -> Offsets:
        """What the scoring group has done; the log's start where it has committed nothing."""
        partitions = list(partitions)
        group = self.topics.scoring_group
        commits: Mapping[TopicPartition, Any] = self._admin.list_group_offsets(group).get(group, {})
        offsets = {partition: commits[partition].offset for partition in partitions if partition in commits}
        missing = [partition for partition in partitions if offsets.get(partition, -1) < 0]
        return offsets | (self.starts(missing) if missing else {})

    def opinions_id(self) -> str:
        """Kafka's id of the topic `opinions`; "" when there is none."""
        if self.topics.opinions not in self._admin.list_topics():
            return ""
        return str(self._admin.describe_topics([self.topics.opinions])[0]["topic_id"])

    def backlog(self, position: Offsets, end: Offsets) -> Backlog:
        """What lies in [position, end), without ticks: what was not looked at is taken to hold as many as what was.
        With ticks and all where nothing could be looked at."""
        spans = {part: (position[part], end[part]) for part in end if position[part] < end[part]}
        total = sum(stop - start for start, stop in spans.values())
        share = max(1, PEEK_RECORDS // len(spans)) if total > PEEK_RECORDS else total
        looked, found = self._peek({part: (start, min(stop, start + share)) for part, (start, stop) in spans.items()})
        if not looked:
            return Backlog(total, total)
        return Backlog(total * found.records // looked, total * found.opinions // looked)

    def _peek(self, spans: Mapping[TopicPartition, tuple[int, int]]) -> tuple[int, Backlog]:
        """How many offsets were looked at, and what they hold."""
        if not spans:
            return 0, Backlog(0, 0)
        records = opinions = read = 0
        # one for each reading: kafka-python 3.0.12 gives nothing more of a partition that was read and paused before
        consumer = log_consumer(self.kafka)
        try:
            for record in read_spans(consumer, spans, PEEK_SECONDS):
                value = record.value or b""
                read += 1
                records += not value.startswith(_TICK)
                opinions += value.startswith(_OPINION)
            read = sum(stop - start for start, stop in spans.values())  # with offsets that no record has
        except (LogCut, LogStalled):
            pass  # what was read stands for the rest
        finally:
            consumer.close()
        return read, Backlog(records, opinions)

    def _partitions(self, names: list[str]) -> list[TopicPartition]:
        present = set(self._admin.list_topics())
        names = [name for name in names if name in present]
        topics = self._admin.describe_topics(names) if names else []
        return [
            TopicPartition(topic["name"], part["partition_index"]) for topic in topics for part in topic["partitions"]
        ]


def applied_offsets(positions: Mapping[int, Applied], opinions: Iterable[TopicPartition], topic_id: str) -> Offsets:
    """The slots' positions as offsets of `opinions`; 0 where there is none or it is of another topic id."""
    offsets: Offsets = {}
    for partition in opinions:
        applied = positions.get(partition.partition)
        offsets[partition] = applied.offset if applied is not None and applied.topic_id == topic_id else 0
    return offsets
