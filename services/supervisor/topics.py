"""Creating, listing and resizing the topics of a run.

Why a topic that holds records is not resized in place: a key's partition depends on the count. On `opinions` the
partition is the company's slot in Redis, with its buckets, marks and position; on documents.* it decides where the
second copy of a document is recognised. Growing either would move keys away from what Redis knows about them, and
counts would become wrong in silence. What is exact is to make the topics anew and read everything in again.
"""

from __future__ import annotations

from typing import Any

import msgspec
from kafka import KafkaAdminClient, TopicPartition

from services.supervisor.offsets import require_broker
from services.supervisor.snapshot import read_reports
from shared.aggregates import run_key
from shared.kafka_client import TopicMismatch, TopicState, client_config, ensure_topics
from shared.redis_client import connect
from shared.settings import Settings
from shared.topics import Topics


class TopicRow(msgspec.Struct, frozen=True):
    """A topic as it is (partitions 0: missing) and as the settings would create it."""

    name: str
    partitions: int
    configured: int
    topic_id: str
    records: int


class ResizeRefused(TopicMismatch):
    """A resize that would make counts wrong; the text says what to do instead."""


def topics_of(settings: Settings) -> Topics:
    kafka = settings.kafka
    return Topics(settings.run, kafka.document_partitions, kafka.opinion_partitions, kafka.retention_bytes)


def create_topics(settings: Settings) -> list[TopicState]:
    """Create what is missing; raises TopicMismatch where an existing count differs from the settings."""
    require_broker(settings.kafka)
    states = ensure_topics(settings.kafka, topics_of(settings).all())
    return sorted(states.values(), key=lambda state: state.name)


def list_run_topics(settings: Settings) -> list[TopicRow]:
    require_broker(settings.kafka)
    admin = KafkaAdminClient(**client_config(settings.kafka))
    try:
        return _rows(admin, topics_of(settings))
    finally:
        admin.close()


def resize_topics(settings: Settings, *, documents: int | None, opinions: int | None) -> list[str]:
    """Make empty topics of a stopped run anew with other counts; raises ResizeRefused otherwise."""
    if documents is None and opinions is None:
        raise ResizeRefused("say which: --documents N, --opinions N")
    _require_stopped(settings)
    topics = topics_of(settings)
    wanted: dict[str, int] = {topics.opinions: opinions} if opinions else {}
    if documents:
        wanted |= {topics.documents(channel): documents for channel in ("news", "social")}
    admin = KafkaAdminClient(**client_config(settings.kafka))
    try:
        changing = [row for row in _rows(admin, topics) if wanted.get(row.name, row.partitions) != row.partitions]
        _require_empty(changing)
        existing = [row.name for row in changing if row.partitions]
        if existing:
            admin.delete_topics(existing)
            _unbind(settings, existing)
    finally:
        admin.close()
    return _recreate(settings, documents, opinions)


def _recreate(settings: Settings, documents: int | None, opinions: int | None) -> list[str]:
    kafka = settings.kafka
    counts = {"document_partitions": documents, "opinion_partitions": opinions}
    update = {name: count for name, count in counts.items() if count}
    made = create_topics(settings.model_copy(update={"kafka": kafka.model_copy(update=update)}))
    lines = [f"{topic.name}: {topic.partitions} partitions" for topic in made]
    return [*lines, *(f"set BELLWETHER_KAFKA__{name.upper()}={count} from now on" for name, count in update.items())]


def _require_stopped(settings: Settings) -> None:
    require_broker(settings.kafka)
    client = connect(settings.redis)
    try:
        alive = read_reports(client, settings.run)
    finally:
        client.close()
    if alive:
        names = ", ".join(f"{report.role}-{report.name}" for report in alive)
        raise ResizeRefused(f"workers of run {settings.run!r} are running ({names}); stop them first, and wait 15 s")


def _require_empty(changing: list[TopicRow]) -> None:
    holding = [row for row in changing if row.records]
    if holding:
        names = ", ".join(f"{row.name} ({row.records:,} records)" for row in holding)
        raise ResizeRefused(
            f"{names}: a topic that holds records is not resized in place, because its keys would leave the slots and "
            f"marks in Redis that belong to them. Keep the count (set it back in the settings), or start a new run "
            f"with the new count (--run NAME) and load the documents into it"
        )


def _unbind(settings: Settings, names: list[str]) -> None:
    """The run forgets the old ids and counts of topics that never held a record, so workers bind to the new ones."""
    client = connect(settings.redis)
    try:
        client.hdel(
            run_key(settings.run), *(f"{field}.{name}" for name in names for field in ("topic_id", "partitions"))
        )
    finally:
        client.close()


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
