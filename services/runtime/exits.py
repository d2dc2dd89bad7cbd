"""How a worker process ends: exit codes, and the one exception that carries one."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from enum import IntEnum
from pathlib import Path
from typing import NoReturn

from shared.clients.state_folder import StateFolder, write_atomically
from shared.traced import TRACES


class ExitCode(IntEnum):
    """What the supervisor and an operator read from a worker's exit (docs/architecture.md)."""

    WELL = 0
    ERROR = 1
    USAGE = 2
    REFUSED = 3  # bound to another cluster, topic, partition count or model
    DEAD_LETTER_LIMIT = 4  # not started again before `bellwether resume`
    OUTSIDE_LOG = 5  # the position to resume from is not in the log any more
    DEVICE_LOST = 6
    RESTART = 75  # Kafka or Redis was lost: start me again


class WorkerStop(Exception):
    """Ends the worker with `code`; the text is for the operator and names the remedy where there is one."""

    def __init__(self, code: ExitCode, message: str) -> None:
        super().__init__(message)
        self.code = code


def end_process(ended: WorkerStop) -> NoReturn:
    """Say why, and end with the code, whatever threads of libraries still hang and whether or not it can be written."""
    if ended.code is not ExitCode.WELL:
        with suppress(OSError):  # the disk of the log is full: the code says enough for a restart
            print(f"bellwether: {ended}", file=sys.stderr)  # noqa: T201
    TRACES.close()
    logging.shutdown()
    with suppress(OSError):
        sys.stderr.flush()
    os._exit(int(ended.code))


def stopped_flag(state: Path, role: str) -> Path:
    """The file that keeps a role from being started; `bellwether resume` removes it. Its text says why it is there."""
    return StateFolder(state).stopped / role


def refuse_when_stopped(state: Path, role: str) -> None:
    """Raise WorkerStop(DEAD_LETTER_LIMIT) while the flag is there."""
    flag = stopped_flag(state, role)
    if flag.exists():
        raise WorkerStop(ExitCode.DEAD_LETTER_LIMIT, f"{flag.read_text().strip()} (then run: bellwether resume)")


def keep_stopped(state: Path, role: str, reason: str) -> None:
    """Put the flag there."""
    flag = stopped_flag(state, role)
    write_atomically(flag, f"{reason}\n".encode())


def release_stopped(state: Path) -> list[str]:
    """Take every flag away; returns the roles that may be started again."""
    flags = sorted(StateFolder(state).stopped.glob("[!.]*"))
    for flag in flags:
        flag.unlink(missing_ok=True)
    return [flag.name for flag in flags]
