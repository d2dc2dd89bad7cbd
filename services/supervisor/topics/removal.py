"""Deleting topics and consumer groups, and waiting until Kafka has done so."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from kafka import KafkaAdminClient
from kafka.errors import CoordinatorLoadInProgressError, CoordinatorNotAvailableError

from shared.clients.kafka import TopicMismatch, client_config, describe
from shared.contract.topics import Topics
from shared.reading.offsets import require_broker
from shared.settings import KafkaSettings, Settings

PATIENCE_SECONDS: Final = 60.0
STARTING: Final = (CoordinatorNotAvailableError, CoordinatorLoadInProgressError)  # of a broker that has just begun
_GONE: Final = frozenset({"OK", "GroupIdNotFoundError"})  # as kafka-python tells of a group


class NotRemoved(TopicMismatch):
    """Kafka keeps a topic or a group; the text says what to do."""


def remove_run_topics(settings: Settings) -> list[str]:
    """Delete every topic of the run, and its consumer groups; the names of those that there were. Raises NotRemoved."""
    require_broker(settings.kafka)
    topics = Topics.of(settings)
    names = list(describe(settings.kafka, [topic.name for topic in topics.all()]))
    delete_topics(settings.kafka, names)
    forget_groups(
        settings.kafka, [topics.scoring_group, topics.aggregation_group, topics.alerts_group, topics.archive_group]
    )
    return names


def delete_topics(kafka: KafkaSettings, names: Sequence[str]) -> None:
    """Delete those that exist; raises NotRemoved when they are still there after a while."""
    there = list(describe(kafka, list(names)))
    if not there:
        return
    admin = KafkaAdminClient(**client_config(kafka))
    try:
        admin.delete_topics(there)
    finally:
        admin.close()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while left := describe(kafka, there):
        if time.monotonic() > deadline:
            raise NotRemoved(f"Kafka did not delete {', '.join(left)}; check delete.topic.enable and run this again")
        time.sleep(0.1)


def forget_groups(kafka: KafkaSettings, groups: Sequence[str]) -> None:
    """Delete consumer groups: a static member that came back would be given the partitions that it had.

    Kafka does so once the sessions of the members that were stopped are over. Raises NotRemoved.
    """
    admin = KafkaAdminClient(**client_config(kafka))
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        while left := _remaining(admin, groups):
            if time.monotonic() > deadline:
                raise NotRemoved(
                    f"workers are still members of the groups {', '.join(left)}; stop them and run this again"
                )
            time.sleep(0.5)
    finally:
        admin.close()


def _remaining(admin: KafkaAdminClient, groups: Sequence[str]) -> list[str]:
    try:
        return [name for name, told in admin.delete_groups(list(groups)).items() if told not in _GONE]
    except STARTING:
        return list(groups)
