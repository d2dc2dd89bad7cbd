"""The bounded queue between Faust's stream and a worker's stages: records with the assignment they were read under."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable
from typing import Any

from faust.types import TP, EventT

from services.worker.app import WorkerApp, raw_topic
from services.worker.ending import ExitCode, WorkerStop

OVERHEAD_BYTES = 512  # what a small event takes besides its value


class Inbox:
    """First in, first out; bounded in records and in bytes, so that memory stays flat under any backlog.

    `fill` waits while it is full: Faust's own buffer then fills up and Faust pauses the partitions.
    """

    def __init__(self, max_records: int, max_bytes: int = 64 * 1024 * 1024) -> None:
        self._events: deque[EventT[Any]] = deque()
        self._bytes = 0
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._last: dict[TP, tuple[int, int]] = {}  # assignment number and offset last read

    def __len__(self) -> int:
        return len(self._events)

    def read(self, app: WorkerApp, *topics: str) -> None:
        """Make `app` read these topics into this inbox, each record unacknowledged."""

        async def into_inbox(stream: Any) -> None:
            try:
                await self.fill(stream.noack().events())
            except WorkerStop as stop:
                app.fail(stop)

        app.agent(raw_topic(app, *topics), name="inbox")(into_inbox)

    async def fill(self, events: AsyncIterable[EventT[Any]]) -> None:
        """Read `stream.noack().events()` until it ends; raises WorkerStop when they come out of order."""
        queue, arrived = self._events, self._arrived
        async for event in events:
            message = event.message
            self._check_order(message.tp, message.generation_id, message.offset)
            queue.append(event)
            self._bytes += OVERHEAD_BYTES + len(message.value or b"")
            arrived.set()
            while len(queue) >= self._max_records or self._bytes >= self._max_bytes:
                self._room.clear()
                await self._room.wait()

    def _check_order(self, tp: TP, assignment: int | None, offset: int) -> None:
        """Records of one assignment come in offset order; anything else would move a mark past what was not sent."""
        assignment = assignment or 0
        last = self._last.get(tp)
        if last is not None and (assignment, offset) <= last:
            raise WorkerStop(
                ExitCode.RESTART, f"{tp.topic}[{tp.partition}] came out of order: {offset} after {last[1]}"
            )
        self._last[tp] = (assignment, offset)

    async def take(self, limit: int, max_wait: float, max_bytes: int = 16 * 1024 * 1024) -> list[EventT[Any]]:
        """One event at least, `limit` (or about `max_bytes`) at most; waits `max_wait` seconds after the first."""
        while not self._events:
            self._arrived.clear()
            await self._arrived.wait()
        clock = asyncio.get_running_loop().time
        deadline = clock() + max_wait
        while len(self._events) < limit and self._bytes < max_bytes and (left := deadline - clock()) > 0:
            await asyncio.sleep(min(left, 0.005))
        taken: list[EventT[Any]] = []
        size = 0
        while self._events and len(taken) < limit and size < max_bytes:
            taken.append(self._events.popleft())
            size += OVERHEAD_BYTES + len(taken[-1].message.value or b"")
        self._bytes -= size
        self._room.set()
        return taken
