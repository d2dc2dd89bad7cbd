"""The whole system by its commands: up, ingest, wait, status, a killed worker, down. With the stub model."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(1200)]

TICKERS = ("AAPL", "MSFT", "BA", "NVDA", "JPM", "XOM")
DOCUMENTS = 900


class System:
    """`bellwether` on one state folder."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self._env = {name: value for name, value in os.environ.items() if not name.startswith("BELLWETHER_")}
        self._env |= {"BELLWETHER_MODEL__NAME": "stub", "BELLWETHER_INGEST__TICK_SECONDS": "0.5"}

    def call(self, *arguments: str, expect: int | None = 0) -> str:
        """Run a command to its end; returns what it printed on standard output."""
        command = [str(Path(sys.executable).parent / "bellwether"), *arguments, "--state", str(self.state)]
        done = subprocess.run(command, env=self._env, capture_output=True, text=True, timeout=900, check=False)
        assert "Traceback" not in done.stderr
        if expect is not None:
            assert done.returncode == expect, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.call("status", "--json", expect=None).splitlines()[-1])
        return found

    def processes(self) -> dict[int, list[str]]:
        """Every process that names the state folder, by pid."""
        found: dict[int, list[str]] = {}
        for process in psutil.process_iter(["cmdline"]):
            command = process.info["cmdline"] or []
            if any(str(self.state) in part for part in command):
                found[process.pid] = command
        return found

    def pid_of(self, *words: str) -> int | None:
        """The process that carries all `words` as whole arguments."""
        return next((pid for pid, command in self.processes().items() if set(words) <= set(command)), None)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    running = System(tmp_path / "state")
    yield running
    running.call("down", expect=None)
    for pid in running.processes():
        os.kill(pid, signal.SIGKILL)


def until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "condition not reached in time"
        time.sleep(0.1)


def write_documents(path: Path) -> tuple[int, int]:
    """`path` gets DOCUMENTS rows, a copy and an empty one; returns (distinct documents, opinions) by construction."""
    opinions = 0
    with path.open("w") as out:
        for number in range(DOCUMENTS):
            named = TICKERS[number % 6 : number % 6 + 1 + number % 2]  # one or two of them
            opinions += len(named)
            cashtags = " ".join(f"${ticker}" for ticker in named)
            row = {"text": f"note {number} on {cashtags}", "published_at": f"2024-03-0{1 + number % 7}T10:00:00Z"}
            out.write(json.dumps(row | {"external_id": str(number)}) + "\n")
        out.write(json.dumps(row | {"external_id": str(number)}) + "\n")
        out.write(json.dumps({"text": "", "published_at": "2024-03-01T10:00:00Z"}) + "\n")
    return DOCUMENTS, opinions


def assert_exact(system: System, documents: int, opinions: int) -> None:
    status = system.status()
    assert status["documents_in"] == documents
    assert status["documents_scored"] == documents
    assert status["documents_dead"] == 0
    assert status["opinions_out"] == status["opinions_applied"] == opinions
    assert status["lag"] == 0
    rows = [
        json.loads(line) for line in system.call("aggregates", "dump", "--json", "--resolution", "day").splitlines()
    ]
    assert sum(row["documents"] for row in rows) == opinions


def test_counts_stay_exact_through_a_killed_worker_and_a_second_start(system: System, tmp_path: Path) -> None:
    documents, opinions = write_documents(tmp_path / "documents.jsonl")
    up = ("up", "--detach", "--no-sample", "--dashboard-port", "0", "--json")
    started = json.loads(system.call(*up).splitlines()[-1])
    assert started["healthy"]
    with urllib.request.urlopen(started["dashboard"], timeout=120) as page:
        assert page.status == 200

    scoring = system.pid_of("worker", "scoring")
    assert scoring is not None
    os.kill(scoring, signal.SIGKILL)
    loaded = json.loads(
        system.call("ingest", "file", str(tmp_path / "documents.jsonl"), "--channel", "news", "--json").splitlines()[-1]
    )
    assert (loaded["published"], loaded["rejected"], loaded["duplicates"]) == (documents, 1, 1)
    system.call("wait", "--drained", "--timeout", "600")
    assert_exact(system, documents, opinions)
    until(lambda: system.status()["healthy"])
    again = next(child for child in system.status()["processes"] if child["role"] == "scoring")
    assert again["restarts"] == 1
    assert again["exit_code"] == -signal.SIGKILL
    assert again["pid"] != scoring

    system.call("down")
    assert system.processes() == {}

    assert json.loads(system.call(*up).splitlines()[-1])["healthy"]
    assert_exact(system, documents, opinions)
    assert "already running" not in system.call(*up)  # said on standard error; the exit code is 0

    supervisor = system.pid_of("supervisor")
    assert supervisor is not None
    os.kill(supervisor, signal.SIGKILL)
    system.call("down")
    assert system.processes() == {}


def test_status_without_anything_running_says_so(system: System) -> None:
    found = json.loads(system.call("status", "--json", expect=1).splitlines()[-1])
    assert not found["healthy"]
    assert any("bellwether up" in problem for problem in found["problems"])


def test_up_stops_at_a_dashboard_port_that_is_taken_and_leaves_nothing(system: System) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        system.call("up", "--detach", "--no-sample", "--dashboard-port", port, expect=1)
    assert system.processes() == {}
