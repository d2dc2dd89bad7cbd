"""Creating and listing the topics of a run."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from kafka import KafkaAdminClient, TopicPartition

from shared.clients.kafka import TopicMismatch, TopicState, client_config, ensure_topics
from shared.clients.state_folder import StateFolder
from shared.contract.topics import Topics
from shared.reading.offsets import require_broker
from shared.settings import Settings

ORDER: Final = "order.json"  # in STATE/resize/RUN: a resize that is under way


class TopicRow(msgspec.Struct, frozen=True):
    """A topic as it is (partitions 0: missing) and as the settings would create it."""

    name: str
    partitions: int
    configured: int
    topic_id: str
    records: int


def create_topics(settings: Settings) -> list[TopicState]:
    """Create what is missing; raises TopicMismatch where a count is not the settings' or a resize is unfinished."""
    require_broker(settings.kafka)
    if (StateFolder(settings.state_dir).resize(settings.run) / ORDER).exists():
        raise TopicMismatch(
            f"a resize of {Topics.of(settings).opinions} was interrupted; finish it: "
            f"bellwether topics resize --opinions N"
        )
    states = ensure_topics(settings.kafka, Topics.of(settings).all())
    return sorted(states.values(), key=lambda state: state.name)


def list_run_topics(settings: Settings) -> list[TopicRow]:
    """The topics of a run as they are."""
    require_broker(settings.kafka)
    admin = KafkaAdminClient(**client_config(settings.kafka))
    try:
        return _rows(admin, Topics.of(settings))
    finally:
        admin.close()


def _rows(admin: KafkaAdminClient, topics: Topics) -> list[TopicRow]:
    present = set(admin.list_topics())
    wanted = topics.all()
    names = [topic.name for topic in wanted if topic.name in present]
    found: dict[str, Any] = {entry["name"]: entry for entry in (admin.describe_topics(names) if names else [])}
    rows = []
    for topic in wanted:
        entry = found.get(topic.name)
        parts = [TopicPartition(topic.name, part["partition_index"]) for part in entry["partitions"]] if entry else []
        ends = admin.list_partition_offsets(dict.fromkeys(parts, -1)) if parts else {}
        records = sum(end.offset for end in ends.values())
        rows.append(
            TopicRow(topic.name, len(parts), topic.partitions, str(entry["topic_id"]) if entry else "", records)
        )
    return rows
