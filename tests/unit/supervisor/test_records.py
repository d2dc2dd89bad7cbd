"""Which processes belong to a state folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from services.embedded.process import ChildProcess, wait_until
from services.supervisor.processes.records import (
    ProcessRecord,
    read_records,
    record_of,
    running_supervisor,
    stop_records,
    strays,
    write_records,
)

SLEEP = "import time; time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)"
)


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[ChildProcess]:
    child = ChildProcess([sys.executable, "-c", SLEEP, "worker", "x", "--state", str(tmp_path)], tmp_path / "out")
    child.start()
    yield child
    child.kill()


def test_a_pid_with_another_start_time_is_not_ours(sleeper: ChildProcess) -> None:
    assert sleeper.pid is not None
    record = record_of("scoring", "1", sleeper.pid)
    assert record is not None
    assert record.alive()
    assert not ProcessRecord("scoring", "1", sleeper.pid, record.created - 100).alive()


def test_another_program_or_another_user_s_process_is_not_ours(
    sleeper: ChildProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sleeper.pid is not None
    record = record_of("scoring", "1", sleeper.pid)
    assert record is not None
    assert record.executable.startswith("/")
    assert not msgspec.structs.replace(record, executable="/usr/bin/other").alive()
    assert msgspec.structs.replace(record, executable="").alive()  # as a former version wrote it
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000)
    assert not record.alive()
    assert strays(tmp_path) == []
    stop_records([record])
    assert sleeper.running()


def test_a_command_line_alone_makes_nothing_ours(tmp_path: Path) -> None:
    posing = ["-c", "sleep 600; :", "sh", "--dir", str(tmp_path / "redis"), f"-Dbellwether.state={tmp_path}"]
    child = ChildProcess(["/bin/sh", *posing, "worker", "--state", str(tmp_path)], tmp_path / "out")
    child.start()
    try:
        assert strays(tmp_path) == []
    finally:
        child.kill()


def test_records_survive_a_file_that_was_cut_short(tmp_path: Path) -> None:
    write_records(tmp_path, [ProcessRecord("supervisor", "", os.getpid(), 0.0)])
    assert read_records(tmp_path) == [ProcessRecord("supervisor", "", os.getpid(), 0.0)]
    assert running_supervisor(tmp_path) is None  # our pid, another process's start time
    (tmp_path / "pids.json").write_text('[{"role":')
    assert read_records(tmp_path) == []


def test_strays_are_found_by_command_line_and_stopped(sleeper: ChildProcess, tmp_path: Path) -> None:
    found = strays(tmp_path)
    assert [record.pid for record in found] == [sleeper.pid]
    assert strays(tmp_path / "other") == []
    assert stop_records(found) == []
    assert not sleeper.running()


def test_what_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    child = ChildProcess([sys.executable, "-c", STUBBORN], tmp_path / "out")
    child.start()
    assert wait_until(lambda: "ready" in child.tail(), 30, child.running)
    assert child.pid is not None
    record = record_of("scoring", "1", child.pid)
    assert record is not None
    assert stop_records([record], timeout=0.2) == []
    assert child.wait(5)


def test_children_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    script = (
        "import os, sys, pathlib; from services.embedded.process import ChildProcess\n"
        f"child = ChildProcess([sys.executable, '-c', {SLEEP!r}], pathlib.Path({str(tmp_path / 'out')!r}))\n"
        "child.start(); print(child.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == -9
    pid = int(done.stdout)
    assert wait_until(lambda: record_of("x", "", pid) is None, 20, lambda: True)
