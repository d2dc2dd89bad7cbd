"""What docs/operations.md demands of a Kafka and a Redis, and how the sources are: checks of `bellwether doctor`.

A server that is not there is another check's finding: here it is nothing to complain of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import redis
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError

from services.supervisor.status.finding import Finding
from services.supervisor.status.status import source_warnings
from shared.addresses import is_loopback
from shared.clients.kafka import client_config
from shared.clients.redis import condition_of, connect
from shared.contract.topics import Topic, Topics
from shared.reading.offsets import KafkaUnreachable, require_broker
from shared.reading.values.workers import Workers
from shared.settings import Settings

_NEEDED: Final = ("retention.ms", "message.timestamp.type")
_ABSENT: Final = "not running"


def redis_keeps(settings: Settings) -> Finding:
    """Whether Redis keeps what it is given: its eviction policy, memory, append-only file."""
    name = "redis keeps"
    try:
        with connect(settings.redis) as client:
            found = condition_of(client)
    except (redis.RedisError, OSError):
        return Finding(name, "ok", _ABSENT)
    if found.danger:
        return Finding(
            name, "missing", found.danger, "redis-cli CONFIG SET maxmemory-policy noeviction, and in its file"
        )
    if found.faults:
        return Finding(name, "mind", *found.faults[0].split("; ", 1))
    limit = f"{found.limit:,} bytes" if found.limit else "none"
    words = f"policy {found.policy}, maxmemory {limit}, {found.used:,} bytes used"
    if found.evicts:
        return Finding(name, "mind", words, "set maxmemory-policy noeviction before anybody sets maxmemory")
    if not found.append_only:
        return Finding(
            name, "mind", f"{words}; no append-only file", "set appendonly yes: else a crash costs a rebuild"
        )
    return Finding(name, "ok", words)


def topics_fit(settings: Settings) -> Finding:
    """Whether the run's topics that exist are as the settings would make them."""
    name = "topics"
    try:
        require_broker(settings.kafka)
        admin = KafkaAdminClient(**client_config(settings.kafka))
    except (KafkaUnreachable, KafkaError, OSError):
        return Finding(name, "ok", _ABSENT)
    try:
        return _topics(name, admin, Topics.of(settings).all(), near=_is_near(settings.kafka.bootstrap_servers))
    except KafkaError as error:
        remedy = "grant the rights of docs/operations.md (Your own Kafka and Redis)"
        return Finding(name, "mind", f"cannot be described: {type(error).__name__}", remedy)
    finally:
        admin.close()


def _topics(name: str, admin: KafkaAdminClient, wanted: list[Topic], *, near: bool) -> Finding:
    present = set(admin.list_topics())
    there = [topic for topic in wanted if topic.name in present]
    described = admin.describe_topics([topic.name for topic in there]) if there else []
    brokers = len(admin.describe_cluster()["brokers"])
    counts = {entry["name"]: len(entry["partitions"]) for entry in described}
    for topic in there:
        if counts[topic.name] != topic.partitions:
            found = f"{topic.name} has {counts[topic.name]} partitions, the settings say {topic.partitions}"
            return Finding(name, "missing", found, "set it back, or run: bellwether topics resize")
    for topic in there:
        differing = _differing(topic, _configuration(admin, topic.name))
        if differing:
            return Finding(name, "mind", f"{topic.name}: {differing}", "kafka-configs.sh --alter --add-config …")
    if once := single_copies(described, brokers, near=near):
        return Finding(
            name, "mind", once, "BELLWETHER_KAFKA__REPLICATION=3 and …MIN_INSYNC_REPLICAS=2 before topics are created; "
            "kafka-reassign-partitions.sh for those that are there",
        )  # fmt: skip
    if not there:
        return Finding(name, "ok", "none yet: `bellwether up` makes them")
    return Finding(name, "ok", ", ".join(f"{topic.name} {counts[topic.name]}" for topic in there))


def single_copies(described: Sequence[Mapping[str, Any]], brokers: int, *, near: bool) -> str:
    """Topics of which one broker alone has a partition; "" where there are none. Of the one broker of one machine
    (`near`) nobody expects more."""
    names = [each["name"] for each in described if any(len(part["replica_nodes"]) < 2 for part in each["partitions"])]
    if not names or (near and brokers < 2):
        return ""
    words = f"{', '.join(sorted(names))}: one copy each (brokers: {brokers})"
    return f"{words}; a lost disk loses their records"


def _is_near(servers: str) -> bool:
    return all(is_loopback(address.strip().rpartition(":")[0]) for address in servers.split(","))


def _configuration(admin: KafkaAdminClient, topic: str) -> dict[str, str]:
    asked = ConfigResource(ConfigResourceType.TOPIC, topic)
    answer: Mapping[str, Mapping[str, Mapping[str, Any]]] = admin.describe_configs([asked], config_filter="all")
    return {name: str(each["value"]) for kind in answer.values() for name, each in kind[topic].items()}


def _differing(topic: Topic, has: Mapping[str, str]) -> str:
    return ", ".join(
        f"{name} is {has[name]}, not {topic.config[name]}"
        for name in _NEEDED
        if name in has and name in topic.config and has[name] != topic.config[name]
    )


def sources_deliver(settings: Settings) -> Finding:
    """Sources that cannot be read now, and gaps, as the ingest worker reports them."""
    name = "sources"
    try:
        with connect(settings.redis) as client:
            reports = [each for each in Workers(client, settings.run).all_reports() if each.role == "ingest"]
    except (redis.RedisError, OSError):
        return Finding(name, "ok", _ABSENT)
    found = source_warnings(reports)
    if found:
        return Finding(
            name, "mind", "; ".join(found), "see the log: bellwether logs ingest; addresses: ingest.* settings"
        )
    return Finding(name, "ok", "none in trouble" if reports else _ABSENT)
