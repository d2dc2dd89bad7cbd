"""A real Redis Cluster: several addresses, the death of the one that is named first, a replica's address."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from services.embedded.ports import free_port
from services.embedded.process import ChildProcess
from services.embedded.redis import answers, find_redis
from services.runtime.claims import Claims
from services.supervisor.processes.endpoints import Endpoints
from services.supervisor.processes.probes import NotReachable, require_redis
from services.supervisor.processes.specs import Options
from shared.clients.redis import addresses_of, connect
from shared.settings import RedisSettings, SettingsError, load_settings
from tests.system import until

SLOTS = 16_384


class Nodes:
    """Three masters, and a replica of the first."""

    def __init__(self, folder: Path) -> None:
        self.ports = [next(port for port in iter(free_port, 0) if port < 55_000) for _ in range(4)]  # + 10,000: the bus
        self.processes = [self._start(folder / str(port), port) for port in self.ports]
        try:
            self._join()
        except BaseException:
            self.end()
            raise

    def _join(self) -> None:
        clients = [redis.Redis(port=port) for port in self.ports]
        for port in self.ports:
            until(lambda port=port: answers(f"redis://127.0.0.1:{port}"))  # type: ignore[misc]
        for place, client in enumerate(clients[:3]):
            client.execute_command("CLUSTER", "ADDSLOTS", *range(place * SLOTS // 3, (place + 1) * SLOTS // 3))
            client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", place + 1)
        for client in clients[1:]:
            client.execute_command("CLUSTER", "MEET", "127.0.0.1", self.ports[0])
        first = clients[0].execute_command("CLUSTER", "MYID")
        until(lambda: self._accepts(clients[3], first))
        until(lambda: all(b"cluster_state:ok" in client.execute_command("CLUSTER", "INFO") for client in clients))
        until(lambda: clients[3].info("replication")["master_link_status"] == "up")

    def _start(self, folder: Path, port: int) -> ChildProcess:
        folder.mkdir(parents=True)
        options = {"port": port, "dir": folder, "cluster-enabled": "yes", "cluster-node-timeout": 1000, "save": "",
                   "appendonly": "yes", "bind": "127.0.0.1", "cluster-announce-ip": "127.0.0.1"}  # fmt: skip
        words = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        process = ChildProcess([str(find_redis().path), *words], folder / "log")
        process.start()
        return process

    def _accepts(self, replica: redis.Redis, master: str) -> bool:
        try:
            replica.execute_command("CLUSTER", "REPLICATE", master)
        except redis.ResponseError:  # it has not heard of that one yet
            return False
        return True

    def settings(self, *places: int) -> RedisSettings:
        hosts = ",".join(f"127.0.0.1:{self.ports[place]}" for place in places)
        return RedisSettings(url=f"redis://{hosts}/0", cluster=True, timeout_seconds=2)

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.stop(5)


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    made = Nodes(tmp_path)
    yield made
    made.end()


def test_the_death_of_the_node_that_is_named_stops_nobody(nodes: Nodes, tmp_path: Path) -> None:
    settings = nodes.settings(0, 1, 2)
    with connect(settings) as client:
        for number in range(60):
            client.set(f"key{number}", number)
        client.wait(1, 1000)
        nodes.processes[0].kill()

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


def _soon(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline


def test_a_replica_is_refused_with_its_masters_address(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path)
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
