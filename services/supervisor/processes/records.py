"""Which processes belong to a state folder: STATE/pids.json, kept by the supervisor, read by everybody who stops them.

A pid alone proves nothing after a crash (the kernel gives it to somebody else), so the start time and the executable
stand beside it, and the process must be of our own user. A command line proves nothing either: anybody can write one.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec
import psutil

from shared.clients.state_folder import StateFolder, write_atomically

SUPERVISOR: Final = "supervisor"
_PROGRAMS: Final = {"kafka": ("java",), "redis": ("redis-server", "valkey-server")}


class ProcessRecord(msgspec.Struct, frozen=True):
    """One process that was started: `created` is its start time in seconds since the epoch, as the system tells it.

    `executable`: the file that it runs; "" in a record of a former version.
    """

    role: str
    name: str
    pid: int
    created: float
    executable: str = ""

    def alive(self) -> bool:
        """Whether that very process still runs (a zombie does not)."""
        try:
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.created) >= 1.0 or process.status() == psutil.STATUS_ZOMBIE:
                return False
            executable = process.exe()  # "" while it is ending: it is not gone yet
            return _is_our_user(process) and (not executable or self.executable in {"", executable})
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
        process = psutil.Process(pid)
        return ProcessRecord(role, name, pid, process.create_time(), process.exe())
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
    """Processes of our user that run our programs on this state folder, recorded or not; never this process's line."""
    found: list[ProcessRecord] = []
    mine = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    for process in psutil.process_iter(["cmdline", "create_time"]):
        role = _role(process.info["cmdline"] or [], state)
        if role and process.pid not in mine:
            with contextlib.suppress(psutil.Error):  # gone since, or somebody else's
                executable = process.exe()
                if _is_our_user(process) and _runs(role, executable):
                    found.append(ProcessRecord(role, "", process.pid, process.info["create_time"], executable))
    return found


def _is_our_user(process: psutil.Process) -> bool:
    return bool(process.uids().real == os.getuid())


def _runs(role: str, executable: str) -> bool:
    """Whether that is the program of a role: Java, Redis, or the Python that runs this."""
    name = Path(executable).name
    if role in _PROGRAMS:
        return name.startswith(_PROGRAMS[role])
    return Path(executable).resolve() == Path(sys.executable).resolve() or name.startswith("python")


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
