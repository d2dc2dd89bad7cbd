"""Where a run stands in Kafka: end offsets, the scoring group's committed offsets, and the lag, which is what lies
between. Ticks are no documents that wait."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from shared.clients.kafka import client_config
from shared.contract.events import CHANNELS
from shared.contract.topics import Topics
from shared.reading.run import Applied
from shared.settings import KafkaSettings

PEEK_RECORDS: Final = 5000  # a backlog up to this is read, so that ticks do not count as documents
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
        self._consumer: KafkaConsumer | None = None  # made when there is something to look at

    def close(self) -> None:
        self._admin.close()
        if self._consumer is not None:
            self._consumer.close()

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
        wanted = dict.fromkeys(partitions, which)
        found = self._admin.list_partition_offsets(wanted) if wanted else {}
        return {partition: answer.offset for partition, answer in found.items()}

    def starts(self, partitions: Iterable[TopicPartition]) -> Offsets:
        """The offset of the first record that the log still holds."""
        return self._listed(partitions, -2)

    def committed(self, partitions: Iterable[TopicPartition]) -> Offsets:
        """What the scoring group has done; the log's start where it has committed nothing."""
        wanted = list(partitions)
        group = self.topics.scoring_group
        held: Mapping[TopicPartition, Any] = self._admin.list_group_offsets(group).get(group, {})
        offsets = {partition: held[partition].offset for partition in wanted if partition in held}
        missing = [partition for partition in wanted if offsets.get(partition, -1) < 0]
        return offsets | (self.starts(missing) if missing else {})

    def opinions_id(self) -> str:
        """Kafka's id of the topic `opinions`; "" when there is none."""
        if self.topics.opinions not in self._admin.list_topics():
            return ""
        return str(self._admin.describe_topics([self.topics.opinions])[0]["topic_id"])

    def backlog(self, position: Offsets, end: Offsets) -> Backlog:
        """What lies in [position, end): exact when it is small enough to look at, else with ticks and all."""
        spans = {part: (position[part], end[part]) for part in end if position[part] < end[part]}
        total = sum(stop - start for start, stop in spans.values())
        if not 0 < total <= PEEK_RECORDS:
            return Backlog(total, total)
        return self._peek(spans)

    def _peek(self, spans: Mapping[TopicPartition, tuple[int, int]]) -> Backlog:
        consumer = self._consumer
        if consumer is None:
            consumer = self._consumer = KafkaConsumer(**client_config(self.kafka), enable_auto_commit=False)
        records = opinions = 0
        consumer.assign(list(spans))
        for partition, (start, _) in spans.items():
            consumer.seek(partition, start)
        waiting = set(spans)
        while waiting:
            fetched = consumer.poll(timeout_ms=2000)
            for partition, batch in fetched.items():
                values = [record.value or b"" for record in batch if record.offset < spans[partition][1]]
                records += sum(not value.startswith(_TICK) for value in values)
                opinions += sum(value.startswith(_OPINION) for value in values)
            waiting = {part for part in waiting if consumer.position(part) < spans[part][1]}
            if waiting and not fetched:
                break
        return Backlog(records, opinions)

    def _partitions(self, names: list[str]) -> list[TopicPartition]:
        present = set(self._admin.list_topics())
        wanted = [name for name in names if name in present]
        found = self._admin.describe_topics(wanted) if wanted else []
        return [
            TopicPartition(entry["name"], part["partition_index"]) for entry in found for part in entry["partitions"]
        ]


def applied_offsets(positions: Mapping[int, Applied], opinions: Iterable[TopicPartition], topic_id: str) -> Offsets:
    """The slots' positions as offsets of `opinions`; 0 where there is none or it is of another topic id."""
    offsets: Offsets = {}
    for partition in opinions:
        applied = positions.get(partition.partition)
        offsets[partition] = applied.offset if applied is not None and applied.topic_id == topic_id else 0
    return offsets
