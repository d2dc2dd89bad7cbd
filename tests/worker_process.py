"""`bellwether worker ROLE` as a child process of a test: start, kill, suspend, and why it ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

BELLWETHER = Path(sys.executable).parent / "bellwether"


def write_settings(state: Path, **sections: Any) -> Path:
    """`STATE/bellwether.yaml`, from which worker processes read."""
    state.mkdir(parents=True, exist_ok=True)
    (state / "bellwether.yaml").write_text(yaml.safe_dump(sections))
    return state


class WorkerProcess:
    """One worker; `starts` counts how often it was started."""

    def __init__(self, role: str, state: Path, name: str = "1") -> None:
        self.role, self.state, self.name = role, state, name
        self.starts = 0
        self.exit_codes: list[int] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._out = state / f"{role}-{name}.out"

    def start(self) -> None:
        """Start it again or for the first time."""
        assert self._process is None or self.poll() is not None
        command = [str(BELLWETHER), "worker", self.role, "--name", self.name, "--state", str(self.state)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("BELLWETHER_")}
        with self._out.open("ab") as out:
            self._process = subprocess.Popen(command, stdout=out, stderr=out, env=environment)
        self.starts += 1

    def poll(self) -> int | None:
        """The exit code once it has ended, remembered in `exit_codes`."""
        if self._process is None:
            return None
        code = self._process.poll()
        if code is not None:
            self.exit_codes.append(code)
            self._process = None
        return code

    def running(self) -> bool:
        return self._process is not None and self.poll() is None

    def send(self, number: signal.Signals) -> None:
        """A signal, when it still runs."""
        if self.running() and self._process is not None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """kill -9, and reap it."""
        self.send(signal.SIGKILL)
        self.wait(10)

    def stop(self, timeout: float = 20) -> int | None:
        """SIGTERM; its exit code."""
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        return self.wait(timeout)

    def wait(self, timeout: float) -> int | None:
        """Wait for its end; the exit code, or None when it never ran. Raises subprocess.TimeoutExpired."""
        if self._process is None:
            return self.exit_codes[-1] if self.exit_codes else None
        self._process.wait(timeout)
        return self.poll()

    def output(self) -> str:
        """Everything that it printed."""
        return self._out.read_text(errors="replace") if self._out.exists() else ""


def wait_until(condition: Callable[[], bool], timeout: float, what: Callable[[], str] | str) -> None:
    """Return once `condition` holds; fails with `what` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:g} s: {what if isinstance(what, str) else what()}")
        time.sleep(0.05)
