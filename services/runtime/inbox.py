"""The bounded queue between Faust's stream and a worker's stages: records with the assignment they were read under."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable
from typing import Any, cast

from faust.types import TP, EventT

from services.runtime.exits import ExitCode, WorkerStop
from services.runtime.faust_app import WorkerApp, raw_topic
from services.runtime.faust_consumer import PositionedConsumer
from services.runtime.received import Received

OVERHEAD_BYTES = 512  # what a small record takes besides its value


class Inbox:
    """First in, first out; bounded in records and in bytes, so that memory stays flat under any backlog.

    `fill` waits while it is full: Faust's own buffer then fills up and Faust pauses the partitions.
    """

    def __init__(self, max_records: int, max_bytes: int = 64 * 1024 * 1024) -> None:
        self._records: deque[Received] = deque()
        self._bytes = 0
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._last: dict[TP, tuple[int, int]] = {}  # assignment number and offset last read

    def __len__(self) -> int:
        return len(self._records)

    def read(self, app: WorkerApp, *topics: str) -> None:
        """Make `app` read these topics into this inbox, each record unacknowledged."""

        async def into_inbox(stream: Any) -> None:
            try:
                await self.fill(stream.noack().events())
            except WorkerStop as stop:
                app.assignment.fail(stop)

        app.agent(raw_topic(app, *topics), name="inbox")(into_inbox)

    async def fill(self, events: AsyncIterable[EventT[Any]]) -> None:
        """Read `stream.noack().events()` until it ends; raises WorkerStop when records come out of order.

        A page is taken in as a whole, so the bounds may be passed by what one fetch brings.
        """
        async for event in events:
            message = event.message
            tp, assignment = message.tp, message.generation_id or 0
            page = cast(list[Any], event.value)
            self._check_order(tp, assignment, page)
            consumer = cast(PositionedConsumer, event.app.consumer)
            self._records.extend([Received(consumer, record, tp, assignment) for record in page])
            self._bytes += sum([OVERHEAD_BYTES + len(record.value or b"") for record in page])
            self._arrived.set()
            while len(self._records) >= self._max_records or self._bytes >= self._max_bytes:
                self._room.clear()
                await self._room.wait()

    def _check_order(self, tp: TP, assignment: int, page: list[Any]) -> None:
        """Records of one assignment come in offset order; anything else would move a mark past what was not sent."""
        last = self._last.get(tp)
        if last is not None and (assignment, page[0].offset) <= last:
            raise WorkerStop(
                ExitCode.RESTART, f"{tp.topic}[{tp.partition}] came out of order: {page[0].offset} after {last[1]}"
            )
        self._last[tp] = (assignment, page[-1].offset)

    async def take(self, limit: int, max_wait: float, max_bytes: int = 16 * 1024 * 1024) -> list[Received]:
        """One record at least, `limit` (or about `max_bytes`) at most; waits `max_wait` seconds after the first."""
        while not self._records:
            self._arrived.clear()
            await self._arrived.wait()
        clock = asyncio.get_running_loop().time
        deadline = clock() + max_wait
        while len(self._records) < limit and self._bytes < max_bytes and (left := deadline - clock()) > 0:
            await asyncio.sleep(min(left, 0.005))
        taken: list[Received] = []
        size = 0
        while self._records and len(taken) < limit and size < max_bytes:
            taken.append(self._records.popleft())
            size += OVERHEAD_BYTES + len(taken[-1].value or b"")
        self._bytes -= size
        self._room.set()
        return taken
