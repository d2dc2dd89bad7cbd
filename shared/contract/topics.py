"""Topic names, keys, partition counts and retention: the only place that they appear.

A run is "live" or the name of a replay. A replay through Kafka has its own topics under `run.NAME.`, so that it can
never touch live ones. Market time stays inside the message; the record's timestamp is Kafka's own append time
(`message.timestamp.type=LogAppendTime`), because Kafka deletes by record timestamp and would otherwise delete history
as it is written (docs/decisions/0001).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Protocol

from kafka.partitioner.default import murmur2

from shared.contract.events import CHANNELS, PEERS, Channel

LIVE: Final = "live"


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it is created: `config` holds Kafka's own names and values."""

    name: str
    partitions: int
    config: dict[str, str] = field(default_factory=dict)


_KEEP: Final = {"retention.ms": "-1", "message.timestamp.type": "LogAppendTime", "max.message.bytes": "8388608"}


# who did what (shared/contract/audit.py): of no run, in one order, kept for ever
AUDIT: Final = Topic("audit", 1, dict(_KEEP))
# what people said of the model's answers (shared/contract/feedback): of no run, too
FEEDBACK: Final = Topic("feedback", 1, dict(_KEEP))


class _Kafka(Protocol):
    @property
    def document_partitions(self) -> int: ...
    @property
    def opinion_partitions(self) -> int: ...
    @property
    def retention_bytes(self) -> int: ...


class RunSettings(Protocol):
    """What of the settings (shared/settings.py, which stands above the contract) decides about the topics."""

    @property
    def run(self) -> str: ...
    @property
    def kafka(self) -> _Kafka: ...


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one run."""

    run: str = LIVE
    document_partitions: int = 4  # per channel
    opinion_partitions: int = 8
    retention_bytes: int = -1  # per partition; -1 keeps everything

    @classmethod
    def of(cls, settings: RunSettings) -> Topics:
        """Those of the settings' run, as the settings make them."""
        kafka = settings.kafka
        return cls(settings.run, kafka.document_partitions, kafka.opinion_partitions, kafka.retention_bytes)

    def _name(self, base: str) -> str:
        return base if self.run == LIVE else f"run.{self.run}.{base}"

    def documents(self, channel: Channel) -> str:
        return self._name(f"documents.{channel}")

    @property
    def opinions(self) -> str:
        return self._name("opinions")

    @property
    def dead(self) -> str:
        return self._name("documents.dead")

    @property
    def signals(self) -> str:
        return self._name("signals")

    @property
    def readings(self) -> str:
        """Partition: that of the document on documents.*, so that versions of an item keep their order."""
        return self._name("readings")

    @property
    def applied(self) -> str:
        return self._name("applied")

    @property
    def scoring_group(self) -> str:
        return self._name("scoring")

    @property
    def aggregation_group(self) -> str:
        return self._name("aggregation")

    @property
    def alerts_group(self) -> str:
        return self._name("alerts")

    @property
    def archive_group(self) -> str:
        return self._name("archive")

    def all(self) -> list[Topic]:
        """Every topic of the run, as to be created."""
        keep = _KEEP | {"retention.bytes": str(self.retention_bytes)}
        return [
            *(Topic(self.documents(channel), self.document_partitions, keep) for channel in CHANNELS),
            Topic(self.opinions, self.opinion_partitions, keep),
            # a letter is its document plus headers: what documents.* took must fit here in any case
            Topic(self.dead, 1, keep | {"max.message.bytes": "16777216"}),
            Topic(self.signals, 1, keep),
            Topic(self.readings, self.document_partitions, keep),
            Topic(self.applied, 1, keep),
        ]


def partition_for(key: str, partitions: int) -> int:
    """The partition of `key` among `partitions`: Kafka's default partitioner (murmur2), as every client computes it.

    For `opinions` this is also the company's slot in Redis (shared/contract/keys.py); what a company hears of its peers
    lies beside it.
    """
    return (int(murmur2(key.removeprefix(PEERS).encode())) & 0x7FFFFFFF) % partitions
