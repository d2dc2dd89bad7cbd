"""The whole system by its commands on one state folder, with the stub model: as a user would start it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

TICKERS = ("AAPL", "MSFT", "BA", "NVDA", "JPM", "XOM")
DOCUMENTS = 900


class System:
    """`bellwether` on one state folder."""

    def __init__(self, state: Path, run: str | None = "live") -> None:
        self.state = state
        self._env = {name: value for name, value in os.environ.items() if not name.startswith("BELLWETHER_")}
        self._env |= {"BELLWETHER_MODEL__NAME": "stub", "BELLWETHER_INGEST__TICK_SECONDS": "0.5"}
        self._env |= {"BELLWETHER_RUN": run} if run else {}

    def call(self, *arguments: str, expect: int | None = 0) -> str:
        """Run a command to its end; returns what it printed on standard output."""
        return self._done(arguments, expect).stdout

    def said_by(self, *arguments: str) -> str:
        """Run a command that fails with code 1; returns what it printed on standard error."""
        return self._done(arguments, 1).stderr

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, however that comes."""
        return self._done(arguments, None)

    def set(self, **environment: str) -> None:
        """Environment variables of the commands to come."""
        self._env |= environment

    def _done(self, arguments: tuple[str, ...], expect: int | None) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).parent / "bellwether"), *arguments, "--state", str(self.state)]
        done = subprocess.run(command, env=self._env, capture_output=True, text=True, timeout=900, check=False)
        assert "Traceback" not in done.stderr
        if expect is not None:
            assert done.returncode == expect, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

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

    def end(self) -> None:
        """Stop it, and whatever would not stop."""
        self.call("down", expect=None)
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)


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


def assert_exact(system: System, documents: int, opinions: int, dead: int = 0) -> None:
    """What a drained system says: distinct documents scored, opinions, and dead letters."""
    status = system.status()
    assert status["documents_in"] == documents + dead
    assert status["documents_scored"] == documents
    assert status["documents_dead"] == dead
    assert status["opinions_out"] == status["opinions_applied"] == opinions
    assert status["lag"] == 0
    rows = [
        json.loads(line) for line in system.call("aggregates", "dump", "--json", "--resolution", "day").splitlines()
    ]
    assert sum(row["documents"] for row in rows) == opinions


def until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "condition not reached in time"
        time.sleep(0.1)
