"""Topics that their owner compresses are read; what no restart cures ends a worker with code 3 and the remedy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from services.runtime.exits import ExitCode
from shared.clients.kafka import client_config
from shared.clients.redis import connect
from shared.contract.events import CHANNELS
from shared.settings import RedisSettings, Settings
from tests.integration.worker_process import (
    Worker,
    count,
    document,
    make_topics,
    publish,
    records,
    running,
    wait_for,
)
from tests.plain_redis import plain_redis

pytestmark = pytest.mark.kafka
CODECS = ("gzip", "lz4", "snappy", "zstd")
TEXT = "$AAPL rises after earnings, say those who hold its shares "


def compress(settings: Settings, topics: Sequence[str], codec: str) -> None:
    """As a company's Kafka has it: the broker compresses whatever is sent."""
    admin = KafkaAdminClient(**client_config(settings.kafka))
    for topic in topics:
        wanted = {"compression.type": codec}
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=wanted)])
    admin.close()


def test_every_codec_of_kafka_is_read_by_workers_and_commands(settings: Settings) -> None:
    topics = make_topics(settings)
    waiting = 0
    for codec, channel in zip(CODECS, CHANNELS * 2, strict=False):
        topic = topics.documents(channel)
        compress(settings, [topic], codec)
        publish(settings, topic, [document(waiting + n, TEXT * 20, channel=channel) for n in range(50)])
        waiting += 50
    compress(settings, [topics.opinions], "zstd")
    read = [record for channel in CHANNELS for record in records(settings, topics.documents(channel))]
    assert len(read) == waiting
    with running(settings) as worker:
        wait_for(lambda: count(settings, topics.opinions) >= waiting, worker)
    assert len(records(settings, topics.opinions)) == waiting


def test_a_codec_that_is_missing_is_refused_with_the_remedy(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    topics = make_topics(settings)
    compress(settings, [topics.documents("news")], "lz4")
    publish(settings, topics.documents("news"), [document(1, TEXT * 20)])
    (tmp_path / "cramjam.py").write_text("raise ImportError('an installation without the codecs')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with running(settings) as worker:
        wait_for(lambda: worker.process.poll() is not None, worker)
        assert worker.exit_code() == ExitCode.REFUSED
        assert "cramjam" in worker.errors().splitlines()[-1]
        assert "bellwether resume" in worker.errors().splitlines()[-1]


@pytest.mark.parametrize(
    ("options", "order", "remedy"),
    [
        (("--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"), ("PING",), "noeviction"),
        ((), ("ACL", "SETUSER", "default", "-eval"), "rights"),
    ],
)
def test_a_redis_that_would_lose_or_refuse_what_it_is_given_is_refused(
    settings: Settings, tmp_path: Path, options: tuple[str, ...], order: tuple[str, ...], remedy: str
) -> None:
    with plain_redis(tmp_path, *options) as url:
        settings = settings.model_copy(update={"redis": RedisSettings(url=url)})
        make_topics(settings)
        with connect(settings.redis) as client:
            client.execute_command(*order)
        worker = Worker(settings, role="aggregation")
        try:
            assert worker.exit_code() == ExitCode.REFUSED
            assert remedy in worker.errors().splitlines()[-1]
        finally:
            worker.close()
