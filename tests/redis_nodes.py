"""A Redis Cluster on this machine: three masters, each with a replica or without."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from services.embedded.ports import free_port
from services.embedded.process import ChildProcess
from services.embedded.redis import answers, find_redis
from shared.settings import RedisSettings
from tests.system import until

SLOTS: Final = 16_384
MASTERS: Final = 3


class RedisNodes:
    """Places 0 to 2 begin as masters; place 3 and those behind it as replicas of `replicas_of` (default: one each)."""

    def __init__(self, folder: Path, replicas_of: Sequence[int] = (0, 1, 2), password: str = "") -> None:
        self.password = password
        count = MASTERS + len(replicas_of)
        # + 10,000: the bus
        self.ports = [next(port for port in iter(free_port, 0) if port < 55_000) for _ in range(count)]
        self.processes = [self._made(folder / str(port), port) for port in self.ports]
        try:
            for process in self.processes:
                process.start()
            self._join(replicas_of)
        except BaseException:
            self.end()
            raise

    def client(self, place: int) -> redis.Redis:
        """Of one node alone."""
        return redis.Redis(
            port=self.ports[place], password=self.password or None, socket_timeout=3, retry=Retry(NoBackoff(), 0)
        )

    def settings(self, *places: int) -> RedisSettings:
        hosts = ",".join(f"127.0.0.1:{self.ports[place]}" for place in places or range(MASTERS))
        secret: dict[str, Any] = {"password": self.password} if self.password else {}
        return RedisSettings(url=f"redis://{hosts}/0", cluster=True, timeout_seconds=2, **secret)

    def masters(self) -> dict[int, int]:
        """Place of each master with slots -> place of a replica that is linked to it (-1: none), as nodes that answer
        say of themselves."""
        roles: dict[int, Any] = {}
        for place in range(len(self.ports)):
            try:
                roles[place] = self.client(place).info("replication")
            except (redis.RedisError, OSError):
                continue
        found: dict[int, int] = {}
        for place, role in roles.items():
            if role["role"] == "master":
                found.setdefault(place, -1)
            elif role["master_link_status"] == "up" and role["master_port"] in self.ports:
                found[self.ports.index(role["master_port"])] = place
        return found

    def healthy(self) -> bool:
        """Whether three masters have a replica each that has caught up, and all nodes say that all slots are served."""
        masters = self.masters()
        return (
            len(masters) == MASTERS
            and all(replica >= 0 for replica in masters.values())
            and all(self._sees_all(place) for place in range(len(self.ports)))
        )

    def _sees_all(self, place: int) -> bool:
        try:
            return b"cluster_state:ok" in cast(bytes, self.client(place).execute_command("CLUSTER", "INFO"))
        except (redis.RedisError, OSError):
            return False

    def cut_off(self, replica: int) -> None:
        """It hears nothing more of its master, although the cluster sees both: what is written now it will not have."""
        client = self.client(replica)
        client.config_set("masterauth", "not the password")
        client.client_kill_filter(_type="master")

    def join_again(self, replica: int) -> None:
        """Undo `cut_off`."""
        self.client(replica).config_set("masterauth", self.password)

    def kill(self, place: int) -> None:
        self.processes[place].kill()

    def start(self, place: int) -> None:
        self.processes[place].start()

    def hold(self, place: int, held: bool) -> None:
        """SIGSTOP or SIGCONT."""
        self.processes[place].signal(signal.SIGSTOP if held else signal.SIGCONT)

    def end(self) -> None:
        for process in self.processes:
            process.kill()

    def _made(self, folder: Path, port: int) -> ChildProcess:
        folder.mkdir(parents=True)
        options = {"port": port, "dir": folder, "cluster-enabled": "yes", "cluster-node-timeout": 1000, "save": "",
                   "appendonly": "yes", "bind": "127.0.0.1", "cluster-announce-ip": "127.0.0.1",
                   "repl-diskless-sync-delay": 0, "cluster-replica-validity-factor": 0}  # fmt: skip
        if self.password:
            options |= {"requirepass": self.password, "masterauth": self.password}
        words = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        return ChildProcess([str(find_redis().path), *words], folder / "log")

    def _join(self, replicas_of: Sequence[int]) -> None:
        clients = [self.client(place) for place in range(len(self.ports))]
        for port in self.ports:
            until(lambda port=port: answers(f"redis://127.0.0.1:{port}", self.password or None))  # type: ignore[misc]
        for place, client in enumerate(clients[:MASTERS]):
            client.execute_command("CLUSTER", "ADDSLOTS", *range(place * SLOTS // 3, (place + 1) * SLOTS // 3))
            client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", place + 1)
        for client in clients[1:]:
            client.execute_command("CLUSTER", "MEET", "127.0.0.1", self.ports[0])
        for client, master in zip(clients[MASTERS:], replicas_of, strict=True):
            name = clients[master].execute_command("CLUSTER", "MYID")
            until(lambda client=client, name=name: _accepts(client, name))  # type: ignore[misc]
        until(lambda: all(self._sees_all(place) for place in range(len(self.ports))))
        for client in clients[MASTERS:]:
            until(lambda client=client: client.info("replication")["master_link_status"] == "up")  # type: ignore[misc]


def _accepts(replica: redis.Redis, master: str) -> bool:
    try:
        replica.execute_command("CLUSTER", "REPLICATE", master)
    except redis.ResponseError:  # it has not heard of that one yet
        return False
    return True
