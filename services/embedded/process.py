"""One child process: started in a session of its own, stopped with everything that it started."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from shared.clients.state_folder import make_folder

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent() -> None:
    """Run in the child before exec: the kernel sends it SIGTERM when the thread that started it ends.

    Start children that use this from a thread that lives as long as they should (the main thread).
    """
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class ChildProcess:
    """A command with its own process group; its output goes to a log file.

    `tied` children get SIGTERM when the parent dies, however it dies (Linux only).
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        env: Mapping[str, str] | None = None,
        *,
        tied: bool = True,
        folder: Path | None = None,
    ) -> None:
        self.command = list(command)
        self.log = log
        self._env = dict(env) if env is not None else None
        self._tied = tied
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        make_folder(self.log.parent)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._env,
                cwd=self._folder,
                start_new_session=True,
                # one system call through a library loaded beforehand: nothing in it can wait for another thread's lock
                preexec_fn=die_with_parent if self._tied else None,  # noqa: PLW1509
            )

    @property
    def pid(self) -> int | None:
        """Process id, also of one that has ended; None before the first start."""
        return self._process.pid if self._process else None

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def returncode(self) -> int | None:
        return self._process.poll() if self._process else None

    def signal(self, number: int) -> None:
        """Send a signal to the whole group; one that is gone is no error."""
        if self._process is not None and self.running():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        self.wait(10.0)

    def stop(self, timeout: float = 20.0) -> None:
        """SIGTERM, then SIGKILL after `timeout` seconds; returns when it is gone."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        if not self.wait(timeout):
            self.kill()

    def wait(self, timeout: float) -> bool:
        """Whether it ended within `timeout` seconds."""
        if self._process is None:
            return True
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True

    def tail(self, characters: int = 1500) -> str:
        """The end of what it printed, for an error message."""
        try:
            return self.log.read_text(errors="replace")[-characters:].strip()
        except OSError:
            return ""


def wait_until(ready: Callable[[], bool], timeout: float, alive: Callable[[], bool], every: float = 0.05) -> bool:
    """Poll `ready` until it is true (True), or the time is up or `alive` is false (False)."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline and alive():
        if ready():
            return True
        time.sleep(every)
    return False
