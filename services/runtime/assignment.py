"""The assignment of partitions that a process lives under: its number, where it goes on, and how the process ends.

Faust's application, its consumer and the stages of a worker share one, so that none of them needs to know the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

from faust.types import TP

from services.runtime.exits import ExitCode, WorkerStop
from services.runtime.incurable import judged
from services.runtime.record import Record


class Positions(Protocol):
    """Where to go on: the next offset of each assigned partition, None for the start of the log."""

    async def __call__(self, assigned: frozenset[TP]) -> Mapping[TP, int | None]: ...


class Assignment:
    """One a process, made on its event loop. A record carries the `number` that held when it was read."""

    def __init__(self, positions: Positions | None = None) -> None:
        self.positions = positions  # None: Kafka's committed offsets
        self.number = 0  # moves on every revocation and every assignment
        self.ended: asyncio.Future[WorkerStop] = asyncio.get_running_loop().create_future()

    def next(self) -> int:
        """Called in the consumer's thread, which is the only one that writes the number."""
        self.number += 1
        return self.number

    def is_current(self, record: Record) -> bool:
        """Whether `record` was read under the assignment that still holds; if not, it is dropped without a trace."""
        return record.assignment == self.number

    @property
    def stopped(self) -> bool:
        """Whether the process ends because it was told to, and may not come back; from any thread."""
        return self.ended.done() and self.ended.result().code is ExitCode.WELL

    def fail(self, stop: WorkerStop) -> None:
        """End the process with `stop`; safe from any thread; the first one wins."""
        self.ended.get_loop().call_soon_threadsafe(self._settle, stop)

    def _settle(self, stop: WorkerStop) -> None:
        if not self.ended.done():
            self.ended.set_result(judged(stop))
