"""What an operator asks and Redis does not know: records that wait in Kafka, and processes that were started again."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from kafka import KafkaAdminClient, TopicPartition
from kafka.errors import KafkaError

from shared.clients.kafka import client_config
from shared.contract.events import CHANNELS
from shared.contract.topics import Topics
from shared.settings import KafkaSettings

CONNECT_SECONDS: Final = 0.5
START: Final = -2  # Kafka's names for the two ends of a log, as list_partition_offsets takes them
END: Final = -1


@dataclass(frozen=True, slots=True)
class Waiting:
    """Records not finished yet, ticks included: an upper bound that is zero only when all is done."""

    documents: int
    opinions: int


@dataclass(frozen=True, slots=True)
class Child:
    """One process as the supervisor last wrote it down."""

    role: str
    name: str
    state: str
    restarts: int
    message: str


def waiting(kafka: KafkaSettings, run: str, positions: Mapping[int, int]) -> Waiting | None:
    """Records between what was done and the ends of the topics; None when Kafka does not answer.

    `positions`: slot -> next offset of `opinions` to apply (Store.positions).
    """
    if not _answers(kafka):
        return None
    topics = Topics(run)
    try:
        admin = KafkaAdminClient(**client_config(kafka))
        try:
            names = [*(topics.documents(channel) for channel in CHANNELS), topics.opinions]
            ends = _offsets(admin, _partitions(admin, names), END)
            return _between(admin, topics, ends, positions)
        finally:
            admin.close()
    except (KafkaError, OSError, KeyError):
        return None


def _between(
    admin: KafkaAdminClient, topics: Topics, ends: Mapping[TopicPartition, int], positions: Mapping[int, int]
) -> Waiting:
    documents = [part for part in ends if part.topic != topics.opinions]
    held = admin.list_group_offsets(topics.scoring_group).get(topics.scoring_group, {})
    done = {part: held[part].offset for part in documents if part in held and held[part].offset >= 0}
    done |= _offsets(admin, [part for part in documents if part not in done], START)
    opinions = [part for part in ends if part.topic == topics.opinions]
    return Waiting(
        documents=sum(max(ends[part] - done[part], 0) for part in documents),
        opinions=sum(max(ends[part] - positions.get(part.partition, 0), 0) for part in opinions),
    )


def _partitions(admin: KafkaAdminClient, names: list[str]) -> list[TopicPartition]:
    present = set(admin.list_topics())
    found = admin.describe_topics([name for name in names if name in present]) if present else []
    return [TopicPartition(entry["name"], part["partition_index"]) for entry in found for part in entry["partitions"]]


def _offsets(admin: KafkaAdminClient, partitions: list[TopicPartition], end: int) -> dict[TopicPartition, int]:
    if not partitions:
        return {}
    found = admin.list_partition_offsets(dict.fromkeys(partitions, end))
    return {part: int(answer.offset) for part, answer in found.items()}


def _answers(kafka: KafkaSettings) -> bool:
    """Whether any broker takes a connection; a client would keep trying for half a minute."""
    for server in kafka.bootstrap_servers.split(","):
        host, _, port = server.strip().rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
        except (OSError, ValueError):
            continue
        return True
    return False


def children(state: Path) -> list[Child]:
    """The supervisor's processes (STATE/supervisor.json); empty where none was started from this state folder."""
    try:
        found: Any = msgspec.json.decode((state / "supervisor.json").read_bytes())
        return [
            Child(
                str(each.get("role", "")),
                str(each.get("name", "")),
                str(each.get("state", "")),
                int(each.get("restarts", 0)),
                str(each.get("message", "")),
            )
            for each in found.get("children", [])
        ]
    except (OSError, msgspec.MsgspecError, AttributeError, TypeError, ValueError):
        return []
