"""A seek and a fetch that overlap: what the fetch takes with it must not be missing behind the seek."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from services.runtime.assignment import Assignment
from services.runtime.exits import ExitCode
from services.runtime.faust_consumer import PositionedConsumer

TOPIC = TP("opinions", 3)


class Consumer(PositionedConsumer):
    """With a log and a position of the test's own instead of a broker's."""

    def __init__(self, position: int) -> None:
        async def positions(_assigned: object) -> dict[TP, int | None]:
            return {TOPIC: position}

        self._present = Assignment(positions)
        self._present.next()
        self.app = SimpleNamespace(should_stop=False)
        self._done, self._next = {}, {}
        self._sought = self._fetched_under = -1
        self._idle = asyncio.Event()
        self._idle.set()
        self.position = 0
        self.pages: list[int] = []
        self.suspend_flow = asyncio.Event()  # type: ignore[assignment]
        self.flow_active = True
        self.consumer_stopped_errors = ()

    def assignment(self) -> set[TP]:
        return {TOPIC}

    async def earliest_offsets(self, *_: TP) -> dict[TP, int]:
        return {TOPIC: 0}

    async def highwaters(self, *_: TP) -> dict[TP, int]:
        return {TOPIC: 1000}

    async def seek_wait(self, partitions: Any) -> None:
        self.position = partitions[TOPIC]


def test_a_seek_waits_for_the_fetch_of_the_former_assignment(monkeypatch: pytest.MonkeyPatch) -> None:
    async def go() -> None:
        broker_answers = asyncio.Event()

        async def fetch(self: Consumer, _tps: object, _timeout: float) -> dict[TP, list[Any]]:
            await broker_answers.wait()  # whatever is at the position by then, as aiokafka does
            first, self.position = self.position, self.position + 11
            return {TOPIC: [SimpleNamespace(offset=first)]}

        monkeypatch.setattr(driver.Consumer, "_getmany", fetch)
        consumer = Consumer(449)
        await consumer.seek_to_committed()
        late = asyncio.create_task(consumer._getmany({TOPIC}, 1.0))
        await asyncio.sleep(0)
        consumer._present.next()
        seek = asyncio.create_task(consumer.seek_to_committed())
        for _ in range(10):
            await asyncio.sleep(0)
        assert not seek.done()
        assert await consumer._getmany({TOPIC}, 1.0) == {}  # none begins before the seek is done
        broker_answers.set()
        assert await late == {}
        assert await seek == {TOPIC: 449}
        (page,) = (await consumer._getmany({TOPIC}, 1.0)).values()
        assert page[0].offset == 449

    asyncio.run(go())


def test_an_offset_that_was_passed_over_ends_the_worker() -> None:
    async def go() -> None:
        consumer = Consumer(5)
        await consumer.seek_to_committed()
        fetcher: Any = SimpleNamespace(should_stop=False)

        async def records(_timeout: float) -> tuple[dict[TP, list[Any]], None]:
            consumer._fetched_under = 1
            return {TOPIC: [SimpleNamespace(offset=7)]}, None

        consumer._wait_next_records = records  # type: ignore[method-assign, assignment]
        type(consumer).should_stop = property(lambda _self: False)  # type: ignore[assignment, method-assign]
        await asyncio.wait_for(consumer._drain_messages(fetcher), 5)
        stop = await asyncio.wait_for(consumer._present.ended, 5)
        assert stop.code is ExitCode.RESTART
        assert "expected offset 5, but 7 came" in str(stop)

    asyncio.run(go())
