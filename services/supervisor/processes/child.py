"""One process that is kept running: started, watched, started again after a pause, or held back."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

from services.embedded.errors import EmbeddedError
from services.embedded.process import ChildProcess
from services.supervisor.processes.records import ProcessRecord, record_of
from services.supervisor.processes.restarts import DELAYS, Restarts
from services.supervisor.processes.specs import Spec
from shared.clients.disk import full_disk
from shared.clients.state_folder import StateFolder
from shared.contract.operation.processes import PAUSED

State = Literal["new", "running", "waiting", "held", "paused", "stopped"]
_OUT_BYTES: Final = 1_000_000
STEADY_SECONDS: Final = 3.0


class Child:
    """`spawn` starts it and returns the process; a Kafka or Redis of our own brings its own `spawn`."""

    def __init__(self, role: str, name: str, spawn: Callable[[], ChildProcess]) -> None:
        self.role = role
        self.name = name
        self.state: State = "new"
        self.restarts = 0
        self.exit_code: int | None = None
        self.message = ""
        self.record: ProcessRecord | None = None
        self._spawn = spawn
        self._process: ChildProcess | None = None
        self._restarts = Restarts()
        self._started = 0.0
        self._due = 0.0

    @property
    def label(self) -> str:
        return self.role if self.name in ("", self.role) else f"{self.role}-{self.name}"

    def steady(self) -> bool:
        """Whether it has run for a while: a process that fails at once is not well between two tries."""
        return self.state == "running" and time.monotonic() - self._started >= STEADY_SECONDS

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self.state == "running" else None

    def start(self) -> None:
        if self.state in ("waiting", "held"):
            self.restarts += 1
        self._process = self._spawn()
        self._started = time.monotonic()
        self.state = "running"
        pid = self._process.pid
        self.record = record_of(self.role, self.name, pid) if pid else None

    def hold(self, exit_code: int, message: str) -> None:
        """Do not start it before `release`."""
        self.state, self.exit_code, self.message = "held", exit_code, message

    def release(self) -> None:
        """Start it at the next look."""
        if self.state == "held":
            self.state, self._due = "waiting", 0.0

    def pause(self, timeout: float) -> None:
        """End it, and do not start it before `go_on`."""
        if self.state in ("running", "waiting"):
            self.stop(timeout)
            self.state = PAUSED

    def go_on(self) -> None:
        """Start it at the next look, as if for the first time."""
        if self.state == PAUSED:
            self.state, self._due, self._restarts = "waiting", 0.0, Restarts()
            self.restarts -= 1  # `start` counts it, and it did not fail
            self.exit_code, self.message = None, ""

    def look(self) -> bool:
        """Notice an end, start again when it is due. Returns whether anything changed."""
        if self.state == "running" and self._process is not None and not self._process.running():
            self._ended(self._process)
            return True
        if self.state == "waiting" and time.monotonic() >= self._due:
            try:
                self.start()
            except (OSError, EmbeddedError) as error:  # no memory, say: the others are not to suffer from it
                self.state, self.message = "waiting", self._full_disk() or str(error)
                self._due = time.monotonic() + DELAYS.longest
            return True
        return False

    def signal(self, number: int) -> None:
        if self._process is not None:
            self._process.signal(number)

    def stop(self, timeout: float) -> None:
        if self._process is not None:
            self._process.stop(timeout)
        self.state = "stopped"

    def _ended(self, process: ChildProcess) -> None:
        self.exit_code = process.returncode() or 0
        self.message = last_line(process.log)
        delay = self._restarts.delay_after(self.exit_code, time.monotonic() - self._started)
        if delay is None:
            self.state = "held"
        else:
            self.state, self._due = "waiting", time.monotonic() + delay
            self.message = self._full_disk() or self.message  # where nothing can be written, the last line is old

    def _full_disk(self) -> str:
        return full_disk(self._process.log.parent) if self._process else ""


def child_of(spec: Spec, state: Path) -> Child:
    """A child that runs the command of `spec`; its output goes to STATE/logs/LABEL.out."""
    log = StateFolder(state).logs / f"{spec.label}.out"

    def spawn() -> ChildProcess:
        if log.exists() and log.stat().st_size > _OUT_BYTES:
            log.replace(log.with_suffix(".out.1"))
        process = ChildProcess(spec.command, log, spec.env)
        process.start()
        return process

    return Child(spec.role, spec.name, spawn)


def last_line(log: Path) -> str:
    """The last thing that a process printed; "" when nothing."""
    try:
        lines = log.read_text(errors="replace")[-4000:].strip().splitlines()
    except OSError:
        return ""
    return lines[-1][:500] if lines else ""
