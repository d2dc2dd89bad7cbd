"""Starting and stopping a supervisor: in this process, or detached from the terminal."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from services.embedded.errors import EmbeddedError
from services.supervisor.console import ConsoleView, attach_watch
from services.supervisor.processes.records import (
    ProcessRecord,
    read_records,
    running_supervisor,
    stop_records,
    strays,
    write_records,
)
from services.supervisor.processes.specs import UP_REDIS_URL, Options, program
from services.supervisor.status.status import read_supervisor
from services.supervisor.supervisor import Supervisor
from services.supervisor.watch import held
from shared.clients.disk import full_disk
from shared.clients.state_folder import StateFolder, make_folder
from shared.contract.operation.processes import ChildState, SupervisorState

HEALTHY_SECONDS: Final = 300.0  # a model that measures its precision on a slow machine needs most of it
STOP_SECONDS: Final = 75.0
GIVE_UP_RESTARTS: Final = 5


def run_attached(state: Path, run: str | None, options: Options) -> None:
    """Supervise until Ctrl-C, with a status line on standard error."""
    view = ConsoleView()
    try:
        Supervisor(state, run, options).run(view.started, view.tick)
    finally:
        view.close()


def run_quietly(state: Path, run: str | None, options: Options) -> None:
    """Supervise until SIGTERM (the detached process)."""

    def watch(supervisor: Supervisor) -> None:
        attach_watch(supervisor)

    Supervisor(state, run, options).run(watch, lambda _: None)


def launch_detached(state: Path, run: str | None, options: Options, tell: Callable[[str], None]) -> SupervisorState:
    """Start a supervisor that outlives this process; returns when all is healthy or the time is up.

    Raises EmbeddedError when the supervisor itself ends.
    """
    output = make_folder(StateFolder(state).logs) / "supervisor.out"
    environment = os.environ | ({UP_REDIS_URL: options.redis_url} if options.redis_url else {})
    command = [*program(), "supervisor", *options.arguments(), *(["--run", run] if run else []), "--state", str(state)]
    with output.open("wb") as out:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=environment,
        )
    deadline = time.monotonic() + HEALTHY_SECONDS
    said = ""
    while time.monotonic() < deadline:
        if process.poll() is not None:
            said = _last_words(output) or full_disk(state)
            raise EmbeddedError(said or f"the supervisor ended with exit code {process.returncode}")
        found = read_supervisor(state)
        if found.healthy:
            return found
        hopeless = [child for child in found.children if _hopeless(child)]
        if hopeless:  # known before the watch looks next: its problems may still speak of the start
            found.problems = [_reason(child) for child in hopeless]
            return found
        now = found.problems[0] if found.problems and found.phase == "running" else "starting …"
        if now != said:
            tell(now)
            said = now
        time.sleep(0.2)
    return read_supervisor(state)


def stop_all(state: Path) -> list[ProcessRecord]:
    """Stop the supervisor and whatever else belongs to the folder; returns what would not stop."""
    supervisor = running_supervisor(state)
    known = read_records(state)
    if supervisor is not None:
        stop_records([supervisor], STOP_SECONDS)
    remaining = stop_records([*known, *strays(state)])
    if state.exists() and not remaining:
        with suppress(OSError):  # a full disk: records of processes that are gone hurt nobody
            write_records(state, [])
    return [record for record in remaining if record.pid != os.getpid()]


def _hopeless(child: ChildState) -> bool:
    """Waiting longer would not help: it is held back, or has failed to start time and again."""
    return child.state == "held" or child.restarts >= GIVE_UP_RESTARTS


def _reason(child: ChildState) -> str:
    label = child.role if child.name in ("", child.role) else f"{child.role}-{child.name}"
    if child.state == "held":
        return held(label, child.exit_code, child.message)
    return f"{label} ended {child.restarts} times in a row; the last time: {child.message.removeprefix('bellwether: ')}"


def _last_words(output: Path) -> str:
    lines = output.read_text(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("bellwether: ")[:1000] if lines else ""
