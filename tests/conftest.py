"""A real Kafka and a real Redis for the tests that need them, started once per session on free ports.

`kafka` and `redis_url` are shared: a test keeps to its own `run_name` (topics and keys carry it), or takes
`empty_redis`.
Tests that kill and restart take `own_kafka` / `own_redis`, which nobody else uses.
"""

from __future__ import annotations

import gc
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import redis as redis_client

from services.embedded.kafka import EmbeddedKafka
from services.embedded.redis import EmbeddedRedis
from shared.settings import Settings, load_settings

# `make test` says whether a change is right: the same inputs on every machine (docs/decisions/0073).
# `make explore` looks for what nobody thought of: others each time, and more of them. Neither is about time.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.register_profile("explore", max_examples=1000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

# A broker of a test lives for seconds: Java's second compiler would take a third of its time, and earn nothing
# (docs/decisions/0270). Every Java that a test or one of its commands starts reads it.
os.environ["JDK_JAVA_OPTIONS"] = f"{os.environ.get('JDK_JAVA_OPTIONS', '')} -XX:TieredStopAtLevel=1".strip()


def pytest_collection_finish() -> None:
    """What was imported stays; the garbage collector need not visit it again in every test."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """So that libraries which look for leaks when the process ends find none of ours."""
    gc.unfreeze()


@pytest.fixture(scope="session")
def kafka_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    """The session's broker; do not kill it (see `own_kafka`)."""
    server = EmbeddedKafka(tmp_path_factory.mktemp("shared") / "kafka", heap_mb=384)
    server.start()
    yield server
    server.stop(10)


@pytest.fixture(scope="session")
def kafka(kafka_server: EmbeddedKafka) -> dict[str, Any]:
    """Section `kafka` of the settings that lead to the session's broker."""
    return kafka_server.settings()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis]:
    """The session's Redis; do not kill it (see `own_redis`)."""
    server = EmbeddedRedis(tmp_path_factory.mktemp("shared") / "redis")
    server.start()
    yield server
    server.stop(10)


@pytest.fixture(scope="session")
def redis_url(redis_server: EmbeddedRedis) -> str:
    """Address of the session's Redis, with its password."""
    return redis_server.url


@pytest.fixture
def empty_redis(redis_url: str) -> Iterator[redis_client.Redis]:
    """A client of the session's Redis, emptied for this test. Not together with tests that run beside it."""
    with redis_client.Redis.from_url(redis_url) as client:
        client.flushall()
        yield client


@pytest.fixture
def run_name() -> str:
    """A run that no other test has: its topics and keys are this test's alone."""
    return f"t{uuid.uuid4().hex[:12]}"


@pytest.fixture
def settings(tmp_path: Path, kafka: dict[str, Any], redis_url: str, run_name: str) -> Settings:
    """Settings of a fresh run on the session's Kafka and Redis, with the stub model and a state folder of its own."""
    return load_settings(
        tmp_path / "state",
        run=run_name,
        kafka=kafka,
        redis={"url": redis_url},
        model={"name": "stub"},
    )


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[EmbeddedKafka]:
    """A started broker of this test alone: kill(), stop(), start() keep its port and data."""
    server = EmbeddedKafka(tmp_path / "own" / "kafka", heap_mb=384)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    """A started Redis of this test alone: kill(), stop(), start() keep its port and data; copy_data(), put_back()."""
    server = EmbeddedRedis(tmp_path / "own" / "redis")
    server.start()
    yield server
    server.kill()
