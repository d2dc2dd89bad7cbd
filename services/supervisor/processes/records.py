"""Which processes belong to a state folder: STATE/pids.json, kept by the supervisor, read by everybody who stops them.

A pid alone proves nothing after a crash (the kernel gives it to somebody else), so the start time stands beside it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec
import psutil

from shared.clients.state_folder import StateFolder, write_atomically

SUPERVISOR: Final = "supervisor"


class ProcessRecord(msgspec.Struct, frozen=True):
    """One process that was started: `created` is its start time in seconds since the epoch, as the system tells it."""

    role: str
    name: str
    pid: int
    created: float

    def alive(self) -> bool:
        """Whether that very process still runs (a zombie does not)."""
        try:
            process = psutil.Process(self.pid)
            return abs(process.create_time() - self.created) < 1.0 and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False

    def signal_group(self, number: int) -> None:
        """Signal the process and its group; one that is gone is no error."""
        if not self.alive():
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            group = os.getpgid(self.pid)
            if group == self.pid:  # started by us, in a group of its own
                os.killpg(group, number)
            else:
                os.kill(self.pid, number)


def record_of(role: str, name: str, pid: int) -> ProcessRecord | None:
    """The record of a running process; None when it is gone already."""
    try:
        return ProcessRecord(role, name, pid, psutil.Process(pid).create_time())
    except psutil.Error:
        return None


def read_records(state: Path) -> list[ProcessRecord]:
    """What the file says; empty when there is none or a crash cut it short."""
    try:
        return msgspec.json.decode((StateFolder(state).processes).read_bytes(), type=list[ProcessRecord])
    except (OSError, msgspec.MsgspecError):
        return []


def write_records(state: Path, records: Iterable[ProcessRecord]) -> None:
    write_atomically(StateFolder(state).processes, msgspec.json.format(msgspec.json.encode(list(records)), indent=1))


def running_supervisor(state: Path) -> ProcessRecord | None:
    """The supervisor of this state folder, if it lives."""
    return next((found for found in read_records(state) if found.role == SUPERVISOR and found.alive()), None)


def strays(state: Path) -> list[ProcessRecord]:
    """Processes of this state folder by their command lines, whether recorded or not; never this process's own line."""
    found: list[ProcessRecord] = []
    mine = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    for process in psutil.process_iter(["cmdline", "create_time"]):
        role = _role(process.info["cmdline"] or [], state)
        if role and process.pid not in mine:
            found.append(ProcessRecord(role, "", process.pid, process.info["create_time"]))
    return found


def _role(command: list[str], state: Path) -> str | None:
    if f"-Dbellwether.state={state}" in command:
        return "kafka"
    if ("--dir", str(StateFolder(state).redis)) in pairwise(command):
        return "redis"
    if ("--state", str(state)) not in pairwise(command):
        return None
    if "streamlit" in command:
        return "dashboard"
    before = command[: command.index("--state")]
    return next((role for role in ("worker", SUPERVISOR) if role in before), None)


def stop_records(records: Iterable[ProcessRecord], timeout: float = 20.0) -> list[ProcessRecord]:
    """SIGTERM, then SIGKILL after `timeout` seconds; returns what could not be stopped."""
    living = [record for record in records if record.alive()]
    for record in living:
        record.signal_group(signal.SIGCONT)
        record.signal_group(signal.SIGTERM)
    living = _wait_gone(living, timeout)
    for record in living:
        record.signal_group(signal.SIGKILL)
    return _wait_gone(living, 5.0)


def _wait_gone(records: list[ProcessRecord], timeout: float) -> list[ProcessRecord]:
    deadline = time.monotonic() + timeout
    living = records
    while living and time.monotonic() < deadline:
        living = [record for record in living if record.alive()]
        if living:
            time.sleep(0.05)
    return living
