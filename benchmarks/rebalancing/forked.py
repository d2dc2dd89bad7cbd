"""Scoring workers as processes that begin with everything imported: eight that start by themselves take half a minute
of two cores, and what is measured is what they do then."""

from __future__ import annotations

import multiprocessing
import subprocess
from pathlib import Path
from typing import Any

_CONTEXT: Any = multiprocessing.get_context("forkserver")


def _serve(state: Path, run: str, name: str) -> None:
    from benchmarks.rebalancing.loaded import serve

    serve(state, run, name)


class Forked:
    """One worker, with what of subprocess.Popen is needed."""

    def __init__(self, state: Path, run: str, name: str) -> None:
        _CONTEXT.set_forkserver_preload(["benchmarks.rebalancing.loaded"])
        self._process = _CONTEXT.Process(target=_serve, args=(state, run, name), name=name)
        self._process.start()

    @property
    def pid(self) -> int:
        return int(self._process.pid)

    def kill(self) -> None:
        self._process.kill()

    def terminate(self) -> None:
        self._process.terminate()

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        code: int | None = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired(f"worker {self._process.name}", timeout or 0)
        return code
