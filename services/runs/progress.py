"""What others may see of a replay while it runs: STATE/runs/NAME/progress.json, and whatever a `Follower` makes of it.
Written beside the run; nothing of it flows back into the result.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from services.runs.result import Result
from shared.clients.state_folder import write_atomically
from shared.reading.runs_folder import PROGRESS

EVERY_SECONDS: Final = 1.0
Follower = Callable[[Result, int], None]  # what there is so far, and the market time (microseconds) that was reached
Advance = Callable[[int, int], None]  # documents done, documents in all


class Watch:
    """Called after every group of documents. `follow` is asked rarely enough to cost at most a tenth of the time."""

    def __init__(self, folder: Path, advance: Advance, follow: Follower | None = None) -> None:
        self._path = folder / PROGRESS
        self._advance, self._follow = advance, follow
        self._begun = time.monotonic()
        self._due = self._begun
        self._follow_due = self._begun

    def __call__(self, result: Result, done: int, total: int, reached: int) -> None:
        self._advance(done, total)
        now = time.monotonic()
        if now >= self._due or done == total:
            self._write(now - self._begun, result, done, total, reached)
            self._due = now + EVERY_SECONDS
        if self._follow is not None and (now >= self._follow_due or done == total):
            self._follow(result, reached)
            took = time.monotonic() - now
            self._follow_due = now + max(EVERY_SECONDS, 10 * took)

    def _write(self, seconds: float, result: Result, done: int, total: int, reached: int) -> None:
        left = seconds / done * (total - done) if done else 0.0
        plain = {
            "done": done,
            "total": total,
            "seconds": round(seconds, 1),
            "seconds_left": round(left, 1),
            "reached": reached,
            "signals": len(result.signals),
        }
        write_atomically(self._path, json.dumps(plain).encode())
