"""Which Kafka and Redis a state folder uses: its own embedded ones, or what the operator named.

An address counts as named when it is on the command line, in the environment or in STATE/bellwether.yaml. Where they
are, how they are entered and which run is up is written to STATE/endpoints.json, which the settings of every other
command read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from services.embedded.kafka import EmbeddedKafka
from services.embedded.ports import is_free
from services.embedded.redis import EmbeddedRedis
from services.embedded.service import EmbeddedService
from services.supervisor.processes.specs import Options
from shared.clients.state_folder import StateFolder, write_atomically
from shared.settings import Settings, SettingsError, is_named, load_settings


class Endpoints:
    """`choose` once, `write` whenever an embedded service was started (its port can change)."""

    def __init__(self, state: Path, options: Options, run: str | None = None) -> None:
        self._state = state
        self._run = run
        self._folder = StateFolder(state)
        self._options = options
        self.kafka: EmbeddedKafka | None = None
        self.redis: EmbeddedRedis | None = None
        self._cluster = False
        self.api_port = 0  # 0: no API is up

    def overrides(self) -> dict[str, Any]:
        """What the command line gave, as keywords of `load_settings`."""
        found: dict[str, Any] = {}
        if self._options.bootstrap_servers:
            found["kafka"] = {"bootstrap_servers": self._options.bootstrap_servers}
        if self._options.redis_url:
            found["redis"] = {"url": self._options.redis_url}
        return found

    def choose(self) -> tuple[EmbeddedKafka | None, EmbeddedRedis | None]:
        """The embedded services that are needed, not yet started."""
        self._folder.endpoints.unlink(missing_ok=True)  # what an earlier start wrote is nobody's wish
        settings = load_settings(self._state, **self.overrides(), **({"run": self._run} if self._run else {}))
        self._run, self._cluster = settings.run, settings.redis.cluster
        _refuse_half_an_address(settings)
        if self._options.workers_only:
            _refuse_solitude(settings, self._options)
        if not is_named(settings, "kafka", "bootstrap_servers"):
            self.kafka = EmbeddedKafka(self._folder.kafka)
        if not is_named(settings, "redis", "url"):
            self.redis = EmbeddedRedis(self._folder.redis)
        self.write()
        return self.kafka, self.redis

    def write(self) -> None:
        """STATE/endpoints.json, readable by its owner alone."""
        content = self.overrides()
        if self._cluster and "redis" in content:
            content["redis"] |= {"cluster": True}  # what the address is, for commands that lack the environment of `up`
        if self._run:  # the other commands speak of the run that is up, unless they name one
            content["run"] = self._run
        if self.kafka is not None and self.kafka.port:
            content["kafka"] = self.kafka.settings()
        if self.redis is not None and self.redis.port:
            content["redis"] = self.redis.settings()
        if self.api_port:
            content["api"] = {"port": self.api_port}
        write_atomically(self._folder.endpoints, msgspec.json.encode(content))


@contextmanager
def own_servers(state: Path, *, with_kafka: bool = True) -> Iterator[None]:
    """The embedded servers of a stopped state folder run for as long as a command needs them (or Redis alone).

    Servers that run already, or are somebody else's, are left as they are. Raises EmbeddedError.
    """
    settings = load_settings(state)
    folder = StateFolder(state)
    kafka, redis = EmbeddedKafka(folder.kafka), EmbeddedRedis(folder.redis)
    own: list[tuple[EmbeddedService, str]] = [(kafka, settings.kafka.bootstrap_servers), (redis, settings.redis.url)]
    started: list[EmbeddedService] = []
    own = own if with_kafka else own[1:]
    try:
        for server, address in own:
            if _is_at(server.kept_port(), address):
                started.append(server)
                server.start()
        if started:  # a former version knew no passwords
            _note(folder, {"kafka": kafka, "redis": redis}, started)
        yield
    finally:
        for server in reversed(started):
            server.stop()


def own_kafka_data(settings: Settings) -> Path | None:
    """Where the embedded Kafka that the settings lead to keeps its records; None when they lead to another one."""
    kafka = EmbeddedKafka(StateFolder(settings.state_dir.absolute()).kafka)
    port, data = kafka.kept_port(), kafka.folder / "data"
    return data if port and settings.kafka.bootstrap_servers == f"127.0.0.1:{port}" and data.is_dir() else None


def _note(folder: StateFolder, named: dict[str, EmbeddedService], started: list[EmbeddedService]) -> None:
    held: dict[str, Any] = msgspec.json.decode(folder.endpoints.read_bytes()) if folder.endpoints.exists() else {}
    held |= {name: server.settings() for name, server in named.items() if server in started}
    write_atomically(folder.endpoints, msgspec.json.encode(held))


def _is_at(port: int, address: str) -> bool:
    """Whether an address names the port of a server of ours that does not run now."""
    return bool(port) and f"127.0.0.1:{port}" in address and is_free(port)


def _refuse_half_an_address(settings: Settings) -> None:
    """Credentials without an address: somebody means a server of their own, and we would start another one."""
    kafka, redis = settings.kafka, settings.redis
    if kafka.security_protocol != "PLAINTEXT" and not is_named(settings, "kafka", "bootstrap_servers"):
        raise SettingsError(
            f"BELLWETHER_KAFKA__SECURITY_PROTOCOL is {kafka.security_protocol}, but no broker is configured; set "
            f"BELLWETHER_KAFKA__BOOTSTRAP_SERVERS or pass --bootstrap-servers (the embedded Kafka has its own)"
        )
    if (redis.password is not None or redis.cluster) and not is_named(settings, "redis", "url"):
        raise SettingsError(
            "a Redis password or cluster is configured, but no address; set BELLWETHER_REDIS__URL or pass --redis-url "
            "(the embedded Redis has its own)"
        )


def _refuse_solitude(settings: Settings, options: Options) -> None:
    """`--workers-only` joins a system that runs elsewhere: it starts no servers, and keeps no archive of its own."""
    asked = (
        ("Kafka", "--bootstrap-servers or BELLWETHER_KAFKA__BOOTSTRAP_SERVERS", ("kafka", "bootstrap_servers")),
        ("Redis", "--redis-url or BELLWETHER_REDIS__URL", ("redis", "url")),
    )
    if unnamed := [f"{what} ({how})" for what, how, place in asked if not is_named(settings, *place)]:
        raise SettingsError(f"--workers-only joins a system that runs elsewhere; name its {' and its '.join(unnamed)}")
    if options.counts()["archive"] and not settings.archive.address:
        raise SettingsError(
            "an archive worker here would write its share of the archive to this machine alone; set "
            "BELLWETHER_ARCHIVE__ADDRESS to a place that all machines reach, as s3://bucket/folder"
        )
    if not any(options.counts().values()):
        raise SettingsError("--workers-only with no worker at all; give a number, as --scoring 2")
