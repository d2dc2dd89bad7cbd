"""The inbox: order, bounds, and what comes out of order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from services.worker.ending import ExitCode, WorkerStop
from services.worker.inbox import OVERHEAD_BYTES, Inbox


def event(offset: int, assignment: int = 1, partition: int = 0, size: int = 1) -> Any:
    tp = TP("documents.news", partition)
    return SimpleNamespace(message=SimpleNamespace(tp=tp, offset=offset, generation_id=assignment, value=b"x" * size))


async def stream(*events: Any) -> AsyncIterator[Any]:
    for each in events:
        yield each


async def _until(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


def test_events_come_out_in_the_order_in_which_they_went_in() -> None:
    async def go() -> None:
        inbox = Inbox(100)
        await inbox.fill(stream(*(event(n) for n in range(10))))
        first = await inbox.take(4, 0)
        rest = await inbox.take(100, 0)
        assert [e.message.offset for e in first + rest] == list(range(10))

    asyncio.run(go())


@pytest.mark.parametrize(("records", "size", "held"), [(5, 1, 5), (1000, 10_000, 4)])
def test_a_full_inbox_holds_the_reader_until_there_is_room(records: int, size: int, held: int) -> None:
    async def go() -> None:
        inbox = Inbox(records, max_bytes=4 * (10_000 + OVERHEAD_BYTES))
        filling = asyncio.create_task(inbox.fill(stream(*(event(n, size=size) for n in range(20)))))
        await _until(lambda: len(inbox) == held)
        for _ in range(50):
            await asyncio.sleep(0)
        assert len(inbox) == held
        taken: list[Any] = []
        while len(taken) < 20:
            taken += await inbox.take(3, 0)
            assert len(inbox) <= held
        await filling
        assert [e.message.offset for e in taken] == list(range(20))

    asyncio.run(go())


def test_taking_stops_at_the_byte_limit_but_always_gives_one() -> None:
    async def go() -> None:
        inbox = Inbox(100)
        await inbox.fill(stream(*(event(n, size=1000) for n in range(5))))
        assert len(await inbox.take(100, 0, max_bytes=2500)) == 2
        assert len(await inbox.take(100, 0, max_bytes=1)) == 1

    asyncio.run(go())


def test_an_offset_that_does_not_follow_stops_the_worker() -> None:
    async def go() -> None:
        with pytest.raises(WorkerStop) as stop:
            await Inbox(100).fill(stream(event(5), event(6), event(6)))
        assert stop.value.code is ExitCode.RESTART

    asyncio.run(go())


def test_a_new_assignment_may_read_again_and_partitions_are_apart() -> None:
    async def go() -> None:
        inbox = Inbox(100)
        await inbox.fill(
            stream(event(5), event(9, partition=1), event(6), event(5, assignment=3), event(10, partition=1))
        )
        assert len(inbox) == 5

    asyncio.run(go())


def test_waiting_for_more_ends_when_the_time_is_over() -> None:
    async def go() -> None:
        inbox = Inbox(100)
        await inbox.fill(stream(event(1)))
        async with asyncio.timeout(5):
            assert len(await inbox.take(10, 0.01)) == 1

    asyncio.run(go())
