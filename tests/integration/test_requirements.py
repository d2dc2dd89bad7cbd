"""`status` and `doctor` see what docs/operations.md demands: of Redis, of the topics, of the disk, of the sources."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from services.runtime.binding import bind, read_cluster
from services.supervisor.processes.probes import NotReachable, require_redis
from services.supervisor.status import disk
from services.supervisor.status.doctor import examine
from services.supervisor.status.finding import Finding
from services.supervisor.status.status import Status, StatusReader
from shared.clients.kafka import client_config
from shared.clients.redis import connect
from shared.contract.keys import Keys, worker_key
from shared.contract.operation.health import WorkerReport, encode_report
from shared.contract.topics import Topics
from shared.settings import RedisSettings, Settings
from tests.integration.worker_process import make_topics
from tests.plain_redis import plain_redis
from tests.worker_process import wait_until

pytestmark = pytest.mark.kafka


@pytest.fixture
def client(settings: Settings) -> Iterator[redis.Redis]:
    """A run that is bound, with nothing in it."""
    settings.state_dir.mkdir(parents=True)
    names = [topic.name for topic in make_topics(settings).all()]
    with connect(settings.redis) as opened:
        bind(opened, settings.run, read_cluster(settings.kafka, names).fields())
        # a broker that was just started loads its groups first
        wait_until(lambda: not any("not ready" in each for each in seen(settings).problems), 60, "Kafka is ready")
        yield opened


def seen(settings: Settings) -> Status:
    status = Status(run=settings.run, phase="running", healthy=True, problems=[])
    reader = StatusReader(settings)
    try:
        reader.fill(status)
    finally:
        reader.close()
    return status


def finding(settings: Settings, name: str) -> Finding:
    (found,) = [each for each in examine(settings) if each.name == name]
    return found


def test_a_total_that_shrinks_is_not_healthy_until_a_reset(settings: Settings, client: redis.Redis) -> None:
    keys = Keys(settings.run, Topics.of(settings).opinion_partitions)
    client.set(keys.position(0), "topic:10")
    client.hset(keys.totals(0), mapping={"opinions_applied": 10, "documents_scored": 8})
    assert seen(settings).healthy
    client.hset(keys.totals(0), mapping={"opinions_applied": 4})
    for _ in range(2):  # it does not get used to it
        status = seen(settings)
        assert not status.healthy
        assert "opinions_applied from 10 to 4" in status.problems[0]
        assert "bellwether reset" in status.problems[0]
    client.set(keys.position(0), "topic:3")  # an older Redis: its positions are older, too, and it catches up
    assert seen(settings).healthy
    client.set(keys.position(0), "topic:12")
    client.hset(keys.totals(0), mapping={"opinions_applied": 12})
    assert seen(settings).healthy


@pytest.mark.usefixtures("client")
def test_another_partition_count_than_the_runs_is_told(settings: Settings) -> None:
    assert seen(settings).healthy
    assert finding(settings, "topics").state == "ok"
    topics = Topics.of(settings)
    admin = KafkaAdminClient(**client_config(settings.kafka))
    short = {"retention.ms": "1000"}
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topics.documents("news"), configs=short)])
    told = finding(settings, "topics")
    assert told.state == "mind"
    assert "retention.ms is 1000, not -1" in told.found
    admin.create_partitions({topics.opinions: topics.opinion_partitions + 3})
    admin.close()
    assert finding(settings, "topics").state == "missing"
    status = seen(settings)
    assert not status.healthy
    assert f"{topics.opinions} has {topics.opinion_partitions + 3} partitions" in status.problems[0]


def test_sources_in_trouble_and_gaps_are_seen(settings: Settings, client: redis.Redis) -> None:
    report = WorkerReport(role="ingest", name="1", pid=1, started_at=1, reported_at=1)
    report.trouble, report.gaps = {"rss:a": "HTTP 404"}, {"jetstream": 2}
    client.set(worker_key(settings.run, "ingest", "1"), encode_report(report), ex=60)
    warnings = seen(settings).warnings
    assert any("rss:a: HTTP 404" in each for each in warnings)
    assert any("jetstream has 2 gaps" in each for each in warnings)
    assert finding(settings, "sources").state == "mind"
    assert "HTTP 404" in finding(settings, "sources").found


@pytest.mark.usefixtures("client")
def test_a_disk_that_fills_up_is_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "MIN_SHARE", 1.1)
    status = seen(settings)
    assert status.healthy
    assert "free space" in status.warnings[0]
    assert finding(settings, "disk").state == "mind"
    monkeypatch.setattr(disk, "MIN_DISK_GIB", 1e9)
    assert not seen(settings).healthy


def test_a_redis_that_has_evicted_is_not_healthy_and_none_starts_on_it(settings: Settings, tmp_path: Path) -> None:
    make_topics(settings)
    with plain_redis(tmp_path, "--maxmemory", "3mb", "--maxmemory-policy", "allkeys-lru") as url:
        settings = settings.model_copy(update={"redis": RedisSettings(url=url)})
        with connect(settings.redis) as client:
            for number in range(300):
                client.set(f"filling:{number}", b"x" * 50_000)
        problems = seen(settings).problems
        assert "maxmemory-policy allkeys-lru" in problems[0]
        assert "has evicted" in problems[1]
        assert finding(settings, "redis keeps").state == "missing"
        with pytest.raises(NotReachable, match="noeviction"):
            require_redis(settings.redis)
