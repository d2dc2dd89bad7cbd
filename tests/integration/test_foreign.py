"""`up` on a Kafka and a Redis of somebody else: used, filled, left alone; and named when they are not there."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from shared.clients.kafka import describe
from shared.contract.topics import Topics
from shared.settings import KafkaSettings, RedisSettings
from tests.system import System, assert_exact, write_documents

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(1200)]


@pytest.fixture
def system(tmp_path: Path, run_name: str) -> Iterator[System]:
    running = System(tmp_path / "state", run_name)
    yield running
    running.end()


def test_foreign_servers_are_used_and_left_alone(
    system: System, kafka: dict[str, Any], redis_url: str, run_name: str, tmp_path: Path
) -> None:
    documents, opinions = write_documents(tmp_path / "documents.jsonl")
    named = entered(system, kafka, redis_url)
    with redis.Redis.from_url(redis_url) as client:
        client.set("theirs", "untouched")
        up = system.call("up", "--detach", "--dashboard-port", "0", "--json", *named)
        started = json.loads(up.splitlines()[-1])
        assert started["healthy"]
        assert not started["embedded_kafka"] and not started["embedded_redis"]
        assert {child["role"] for child in started["children"]}.isdisjoint({"kafka", "redis"})
        system.call("ingest", "file", str(tmp_path / "documents.jsonl"), "--channel", "news")
        system.call("wait", "--drained", "--timeout", "600")
        assert_exact(system, documents, opinions)

        system.call("down")
        assert system.processes() == {}
        assert client.get("theirs") == b"untouched"
        assert client.keys(f"bw:{{{run_name}.*") != []
        settings = KafkaSettings(**kafka)
        names = [topic.name for topic in Topics(run_name).all()]
        assert set(describe(settings, names)) == set(names)
        system.call("up", "--detach", "--no-dashboard", *named)
        assert_exact(system, documents, opinions)
        client.delete("theirs")


def entered(system: System, kafka: dict[str, Any], redis_url: str) -> tuple[str, ...]:
    """The options that name both servers, once the environment has their passwords."""
    redis = RedisSettings(url=redis_url)
    assert redis.password is not None
    system.set(BELLWETHER_REDIS__PASSWORD=redis.password.get_secret_value())
    system.set(**{f"BELLWETHER_KAFKA__{name.upper()}": kafka[name] for name in kafka if name != "bootstrap_servers"})
    return "--bootstrap-servers", kafka["bootstrap_servers"], "--redis-url", redis.url


@pytest.mark.parametrize(
    ("kafka_at", "redis_at", "named"),
    [
        ("nobody", "redis", ("--bootstrap-servers", "BELLWETHER_KAFKA__BOOTSTRAP_SERVERS", "nothing listens at")),
        (
            "redis",
            "redis",
            ("--bootstrap-servers", "BELLWETHER_KAFKA__SECURITY_PROTOCOL", "cannot connect to Kafka at"),
        ),
        ("kafka", "nobody", ("--redis-url", "BELLWETHER_REDIS__URL", "Redis does not answer at")),
        ("kafka", "kafka", ("--redis-url", "BELLWETHER_REDIS__URL", "Redis does not answer at")),
    ],
)
def test_a_wrong_address_is_named_within_seconds_with_its_setting(
    system: System, kafka: dict[str, Any], redis_url: str, kafka_at: str, redis_at: str, named: tuple[str, ...]
) -> None:
    with socket.socket() as closed:  # bound, so that nobody else takes the port, and not listening
        closed.bind(("127.0.0.1", 0))
        places = {
            "nobody": f"127.0.0.1:{closed.getsockname()[1]}",
            "kafka": kafka["bootstrap_servers"],
            "redis": RedisSettings(url=redis_url).url.removeprefix("redis://").removesuffix("/0"),
        }
        entered(system, kafka, redis_url)
        began = time.monotonic()
        said = system.said_by(
            "up", "--detach", "--no-dashboard", "--bootstrap-servers", places[kafka_at],
            "--redis-url", f"redis://{places[redis_at]}/0",
        )  # fmt: skip
    assert time.monotonic() - began < 60  # the starts of two Python processes on a busy machine; the looks take 5 s
    line = said.strip().splitlines()[-1]
    assert all(words in line for words in named), line
    assert system.processes() == {}
