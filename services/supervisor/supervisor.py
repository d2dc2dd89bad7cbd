"""The supervisor of one state folder: embedded services, topics, workers, dashboard; until it is told to stop.

Everything is started from the main thread, because the kernel ties a child's life to the thread that started it: when
the supervisor is killed, SIGTERM reaches all of them. Looking at the system happens in a second thread (watch.py),
so that a broker that hangs does not keep a dead worker from being started again.
"""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import IO, Final

import msgspec

from services.embedded.errors import EmbeddedError
from services.embedded.kafka import EmbeddedKafka
from services.embedded.process import ChildProcess
from services.embedded.redis import EmbeddedRedis
from services.runtime.exits import ExitCode
from services.supervisor.processes.child import Child, child_of
from services.supervisor.processes.endpoints import Endpoints
from services.supervisor.processes.holds import Held, read_held, write_held
from services.supervisor.processes.pause import paused_roles
from services.supervisor.processes.probes import require_kafka, require_redis
from services.supervisor.processes.records import (
    SUPERVISOR,
    read_records,
    record_of,
    stop_records,
    strays,
    write_records,
)
from services.supervisor.processes.specs import Options, api_spec, base_path, dashboard_spec, port_for, worker_specs
from services.supervisor.topics.listing import create_topics
from shared.clients.machine import Machine
from shared.clients.ownership import close_cache, put_right
from shared.clients.state_folder import StateFolder, make_folder, write_atomically
from shared.contract.operation.processes import ChildState, SupervisorState
from shared.settings import Settings, default_cache_dir, load_settings

LOOK_SECONDS: Final = 0.1
WORKER_STOP_SECONDS: Final = 20.0
SERVICE_STOP_SECONDS: Final = 30.0
log = logging.getLogger(__name__)


class StopRequested(BaseException):
    """A signal asked the supervisor to stop. Not an Exception: nothing on the way may swallow it."""


class Supervisor:
    """`run` blocks until SIGINT, SIGTERM or SIGHUP; then everything that it started is gone."""

    def __init__(self, state: Path, run: str | None, options: Options) -> None:
        self.state = state
        self.options = options
        self._run = run
        self._children: list[Child] = []
        self._endpoints = Endpoints(state, options, run)
        self._lock: IO[str] | None = None
        self._stopping = False
        self._written = b""
        self._unwritable = False
        self._to_hold: Held = {}  # not in held.json yet
        self.view = SupervisorState(phase="starting")
        self.problems: Callable[[], list[str]] = lambda: ["still starting"]

    @property
    def children(self) -> list[Child]:
        return self._children

    def settings(self) -> Settings:
        """As the children see them."""
        return load_settings(self.state, **self._endpoints.overrides(), **({"run": self._run} if self._run else {}))

    def run(self, started: Callable[[Supervisor], None], tick: Callable[[Supervisor], None]) -> None:
        """`started` is called when everything has been started once; `tick` at every look. Raises EmbeddedError."""
        self._take_over()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            self._start_everything()
            started(self)
            while True:
                self._look()
                tick(self)
                time.sleep(LOOK_SECONDS)
        except StopRequested:
            log.info("stopping")
        finally:
            self._stop_everything()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if not self._stopping:
            self._stopping = True
            raise StopRequested

    def _take_over(self) -> None:
        """Become the only supervisor here, and end what an earlier one, killed, has left."""
        make_folder(self.state)
        self._lock = (StateFolder(self.state).supervisor_lock).open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EmbeddedError(f"another supervisor is running on {self.state}; see: bellwether status") from None
        put_right(self.state)
        close_cache(default_cache_dir())
        left = [record for record in read_records(self.state) if record.pid != os.getpid()] + strays(self.state)
        remaining = stop_records(left)
        if remaining:
            raise EmbeddedError(f"processes of an earlier run cannot be stopped: {[found.pid for found in remaining]}")
        self._save()

    def _start_everything(self) -> None:
        self._refuse_exposure()
        settings = self._start_services()
        page_at = settings.dashboard
        port = port_for("dashboard", self.options.dashboard_port, page_at.port, page_at.host)
        base = base_path(settings.dashboard)
        page = dashboard_spec(self.state, self.options, settings.dashboard.host, port, settings.run, base)
        if page is not None and self.options.dashboard:
            self.view.dashboard = f"http://{settings.dashboard.host}:{port}" + (f"/{base}" if base else "")
            self._start(child_of(page, self.state))
        if self.options.api:
            self._start_api(settings)
        if self._endpoints.kafka is not None:
            self._endpoints.kafka.wait_ready()
        create_topics(settings)
        held = self._forget_refusals()
        sample = settings.ingest.sample if self.options.sample is None else self.options.sample
        chosen = settings.aggregation.strategies if "strategies" in settings.aggregation.model_fields_set else ()
        specs = worker_specs(
            self.state, self.options, settings.run, sample=sample, strategies=chosen, named=self._named(settings)
        )
        for spec in specs:
            child = child_of(spec, self.state)
            if spec.label in held:
                child.hold(*held[spec.label])
                self._children.append(child)
            else:
                self._start(child)
        self.view.phase = "running"
        self._save()

    def _refuse_exposure(self) -> None:
        """Before anything is started. Raises EmbeddedError."""
        page = self.settings().dashboard
        if self.options.dashboard and not self.options.insecure and (refused := page.exposed(page.host)):
            raise EmbeddedError(refused)

    def _start_api(self, settings: Settings) -> None:
        api = settings.api
        port = port_for("api", self.options.api_port, api.port, api.host)
        self._endpoints.api_port = port
        self._endpoints.write()
        self.view.api = f"{'https' if api.tls_certfile else 'http'}://{api.host}:{port}"
        name = self._named(settings)(1)
        self._start(child_of(api_spec(self.state, self.options, settings.run, port, name), self.state))

    def _named(self, settings: Settings) -> Callable[[int], str]:
        """What the n-th worker of a role is called: a number where Kafka and Redis are our own, which nobody shares;
        else host and state folder stand in front of it."""
        alone = self._endpoints.kafka is not None and self._endpoints.redis is not None
        return str if alone else Machine.of(settings).worker

    def _forget_refusals(self) -> Held:
        """A hold for too many dead letters outlives the supervisor; the others are tried again at the next start."""
        held = {name: why for name, why in read_held(self.state).items() if why[0] == ExitCode.DEAD_LETTER_LIMIT}
        write_held(self.state, held)
        return held

    def _start_services(self) -> Settings:
        """Embedded Redis and Kafka at once; returns when Redis answers (the page needs no more than that)."""
        kafka, redis = self._endpoints.choose()
        settings = self.settings()
        if kafka is None:
            require_kafka(settings.kafka)
        if redis is None:
            require_redis(settings.redis)
        self.view.run = settings.run
        if kafka is not None:
            self._start(Child("kafka", "", lambda: self._spawned(kafka)))
        if redis is not None:
            self._start(Child("redis", "", lambda: self._spawned(redis)))
            redis.wait_ready()
        self.view.embedded_kafka, self.view.embedded_redis = kafka is not None, redis is not None
        return self.settings()

    def _spawned(self, service: EmbeddedKafka | EmbeddedRedis) -> ChildProcess:
        service.spawn()
        assert service.process is not None
        try:
            self._endpoints.write()
        except OSError:  # a full disk: nobody would find it, and it would be in the way of the next start
            service.process.kill()
            raise
        return service.process

    def _start(self, child: Child) -> None:
        self._children.append(child)
        child.start()
        log.info("started %s (pid %s)", child.label, child.pid)
        self._save()

    def _look(self) -> None:
        held = read_held(self.state) | self._to_hold
        self._heed_pause()
        for child in self._children:
            if child.state == "held" and child.label not in held:
                child.release()
            before = child.exit_code
            if child.look():
                log.warning(
                    "%s: %s (exit %s before %s) %s", child.label, child.state, child.exit_code, before, child.message
                )
                if child.state == "held":
                    self._to_hold[child.label] = (child.exit_code or 0, child.message)
        if self._to_hold and self._kept(lambda: write_held(self.state, held | self._to_hold)):
            self._to_hold.clear()
        self._save()

    def _heed_pause(self) -> None:
        """Workers stand aside while a command works on the run (`reset`, `restore`)."""
        roles = paused_roles(self.state)
        stopping = [child for child in self._children if child.role in roles and child.state in ("running", "waiting")]
        for child in stopping:
            child.signal(signal.SIGTERM)
        for child in stopping:
            child.pause(WORKER_STOP_SECONDS)
            log.info("paused %s", child.label)
        for child in self._children:
            if child.role not in roles:
                child.go_on()

    def _save(self) -> None:
        """STATE/pids.json and STATE/supervisor.json, when something changed."""
        self.view.problems = self.problems()
        self.view.healthy = self.view.phase == "running" and not self.view.problems
        self.view.children = [
            ChildState(child.role, child.name, child.state, child.pid, child.restarts, child.exit_code, child.message)
            for child in self._children
        ]
        content = msgspec.json.encode(self.view)
        if content == self._written:
            return
        own = record_of(SUPERVISOR, "", os.getpid())
        living = [own, *(child.record for child in self._children if child.state == "running")]
        records = [record for record in living if record is not None]

        def write() -> None:
            write_records(self.state, records)
            write_atomically(StateFolder(self.state).supervisor, content)

        if self._kept(write):
            self._written = content

    def _kept(self, write: Callable[[], object]) -> bool:
        """Whether it could be written: a full disk costs the file for a while, and no process its supervisor."""
        try:
            write()
        except OSError as error:
            if not self._unwritable:
                log.warning("the state folder cannot be written, trying again: %s", error)
            self._unwritable = True
            return False
        self._unwritable = False
        return True

    def _stop_everything(self) -> None:
        self._stopping = True
        self.view.phase = "stopping"
        self._save()
        services = [child for child in self._children if child.role in ("kafka", "redis")]
        others = [child for child in self._children if child not in services]
        for group, seconds in ((others, WORKER_STOP_SECONDS), (services, SERVICE_STOP_SECONDS)):
            for child in group:
                child.signal(signal.SIGTERM)
            deadline = time.monotonic() + seconds
            for child in group:
                child.stop(max(0.1, deadline - time.monotonic()))
        self._kept(self._forget_refusals)
        self.view.phase = "stopped"
        self._save()
        self._kept(lambda: write_records(self.state, []))
        if self._lock is not None:
            self._lock.close()
