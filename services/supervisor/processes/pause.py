"""Workers that stand aside while a command changes what they work on: STATE/pause.json, heeded by the supervisor.

The command writes which roles and who it is, waits until none of them runs, and removes the file when it is done. If it
is killed before, its record in the file is that of no living process, and the supervisor starts the workers again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from services.supervisor.processes.records import ProcessRecord, record_of, running_supervisor
from shared.clients.state_folder import StateFolder, write_atomically
from shared.contract.operation.processes import PAUSED
from shared.reading.supervisor import recorded_state

PATIENCE_SECONDS: Final = 60.0


class NotPaused(RuntimeError):
    """The supervisor did not stop the workers in time; the text says what to do."""


class Pause(msgspec.Struct, frozen=True):
    """Who asked, and which roles."""

    by: ProcessRecord
    roles: tuple[str, ...]


def paused_roles(state: Path) -> tuple[str, ...]:
    """The roles that must not run now."""
    try:
        pause = msgspec.json.decode(StateFolder(state).pause.read_bytes(), type=Pause)
    except (OSError, msgspec.MsgspecError):
        return ()
    return pause.roles if pause.by.alive() else ()


@contextmanager
def workers_paused(state: Path, roles: Sequence[str]) -> Iterator[bool]:
    """These roles do not run in the block, and run again behind it; whether there was a supervisor to ask.

    Raises NotPaused.
    """
    own = record_of("command", "", os.getpid())
    if running_supervisor(state) is None or own is None:
        yield False
        return
    file = StateFolder(state).pause
    write_atomically(file, msgspec.json.encode(Pause(own, tuple(roles))))
    try:
        _wait(state, roles)
        yield True
    finally:
        file.unlink(missing_ok=True)


def _wait(state: Path, roles: Sequence[str]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        running = [
            child
            for child in recorded_state(state).children
            if child.role in roles and child.state not in (PAUSED, "held")
        ]
        if not running and recorded_state(state).phase == "running":
            return
        if running_supervisor(state) is None:
            return  # it was stopped meanwhile, and its workers with it
        if time.monotonic() > deadline:
            names = ", ".join(f"{child.role} {child.name}".strip() for child in running) or "the supervisor"
            raise NotPaused(f"{names} did not stop within {PATIENCE_SECONDS:g} s; run bellwether down, then this again")
        time.sleep(0.1)
