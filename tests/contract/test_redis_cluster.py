"""A real Redis Cluster: several addresses, the death of the one that is named first, a replica's address."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from services.runtime.claims import Claims
from services.supervisor.processes.endpoints import Endpoints
from services.supervisor.processes.probes import NotReachable, require_redis
from services.supervisor.processes.specs import Options
from shared.clients.redis import addresses_of, connect
from shared.clock import SystemClock
from shared.contract.feedback.label import Label
from shared.reading.readers.access import AccessKeys, ApiKey, match
from shared.reading.readers.audit import AuditLog
from shared.reading.readers.labels import Labels
from shared.settings import RedisSettings, SettingsError, load_settings
from tests.redis_nodes import RedisNodes


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[RedisNodes]:
    made = RedisNodes(tmp_path, (0,))
    yield made
    made.end()


def test_the_death_of_the_node_that_is_named_stops_nobody(nodes: RedisNodes, tmp_path: Path) -> None:
    settings = nodes.settings(0, 1, 2)
    with connect(settings) as client:
        for number in range(60):
            client.set(f"key{number}", number)
        client.wait(1, 1000)
        nodes.kill(0)

        def all_there(of: redis.Redis) -> bool:
            try:
                return all(of.get(f"key{number}") == str(number).encode() for number in range(60))
            except (redis.RedisError, OSError):
                return False

        _soon(lambda: all_there(client))  # the client that was there before
    with connect(settings) as another:  # and one that begins with an address that is dead
        assert all_there(another)
        require_redis(settings)
        held = load_settings(tmp_path / "state", run="split", machine="here", redis=settings.model_dump())
        Claims(another, held, "aggregation", "1").take({"strategies": "pulse"})


def test_what_people_do_is_kept_and_told_on_a_cluster_too(nodes: RedisNodes) -> None:
    """Keys of the API, labels and the audit log lie on different nodes: no transaction holds them together."""
    with connect(nodes.settings(0, 1, 2)) as client:
        log = AuditLog(client, SystemClock())
        keys, labels = AccessKeys(client), Labels(client, log)

        def note(key: ApiKey, pipeline: object) -> None:
            log.note(log.entry("ada", "command", "keys", "done", target=key.name), pipeline)

        shown, made = keys.create("desk", "read", 1, note=note)
        assert match(shown, {key.id: key for key in keys.all()}) == made
        keys.revoke("desk", note)
        label = Label(
            id="1", at=1, reviewer="ada", via="api", run="live", document_id="d", aspect="event", said="lawsuit",
            answer="lawsuit",
        )  # fmt: skip
        labels.add(label, log.entry("ada", "api", "POST /v1/feedback", "done"))
        assert labels.waiting() == [label]
        waiting = log.outbox(10)
        assert len(waiting) == 3
        log.sent(waiting)
        labels.fold([label], "topic:1")
        labels.sent(labels.outbox(10))
        assert (log.length(), len(log.recent()), labels.waiting(), labels.all()) == (0, 3, [], [label])


def _soon(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline


def test_a_replica_is_refused_with_its_masters_address(tmp_path: Path) -> None:
    nodes = RedisNodes(tmp_path, (0,))
    try:
        url = f"redis://127.0.0.1:{nodes.ports[3]}"
        with pytest.raises(NotReachable, match=f"is a replica .* is 127.0.0.1:{nodes.ports[0]}"):
            require_redis(RedisSettings(url=url))
    finally:
        nodes.end()


def test_several_addresses_are_a_clusters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert addresses_of("rediss://me@a:1,b:2/0") == ["rediss://me@a:1/0", "rediss://me@b:2/0"]
    assert addresses_of("redis://a") == ["redis://a"]
    with pytest.raises(SettingsError, match=r"redis\.cluster"):
        load_settings(tmp_path, redis={"url": "redis://a:1,b:2"})
    monkeypatch.setenv("BELLWETHER_REDIS__CLUSTER", "true")
    Endpoints(tmp_path, Options("k:9092", "redis://:secret@a:1,b:2/0")).choose()
    monkeypatch.delenv("BELLWETHER_REDIS__CLUSTER")
    found = load_settings(tmp_path).redis
    assert (found.url, found.cluster) == ("redis://a:1,b:2/0", True)
