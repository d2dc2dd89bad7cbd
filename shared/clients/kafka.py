"""Kafka through kafka-python, as settings describe it: connection keywords, topics made once, topic ids and offsets."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from kafka import KafkaAdminClient
from kafka.admin import NewTopic
from kafka.errors import TopicAlreadyExistsError

from shared.contract.topics import Topic
from shared.settings import KafkaSettings

VISIBLE_MS: Final = 30_000  # how long a new topic may take to be known and led everywhere


class TopicMismatch(RuntimeError):
    """A topic that exists differs from what the run was bound to; the text names the command that mends it."""


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
    existing = [name for name in names if name in set(admin.list_topics())]
    if not existing:
        return {}
    return {
        entry["name"]: TopicState(entry["name"], str(entry["topic_id"]), len(entry["partitions"]))
        for entry in admin.describe_topics(existing)
    }


def ensure_topics(kafka: KafkaSettings, topics: list[Topic]) -> dict[str, TopicState]:
    """Create what is missing and wait until it can be used; two processes may do so at once.

    Raises TopicMismatch when an existing one has another partition count, KafkaTimeoutError when Kafka takes too long.
    """
    admin = KafkaAdminClient(**client_config(kafka))
    try:
        names = [topic.name for topic in topics]
        present = _describe(admin, names)
        missing = [topic for topic in topics if topic.name not in present]
        if missing:
            with suppress(TopicAlreadyExistsError):  # made by another process since
                admin.create_topics([_new_topic(topic) for topic in missing])
            admin.wait_for_topics(names, timeout_ms=VISIBLE_MS)  # that it was made is not yet that it is known
            present = _describe(admin, names)
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


def _new_topic(topic: Topic) -> NewTopic:
    return NewTopic(name=topic.name, num_partitions=topic.partitions, replication_factor=-1, topic_configs=topic.config)
