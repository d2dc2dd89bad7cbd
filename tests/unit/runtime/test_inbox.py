"""The inbox: order, bounds, acknowledgements, and what comes out of order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import ConsumerRecord
from faust.types import TP

from services.runtime.exits import ExitCode, WorkerStop
from services.runtime.inbox import OVERHEAD_BYTES, Inbox


class Acknowledged(list[tuple[TP, int, int]]):
    """Stands where Faust's consumer stands, and writes down what it is told."""

    def acknowledge(self, tp: TP, offset: int, assignment: int) -> None:
        self.append((tp, offset, assignment))


CONSUMER = Acknowledged()


def page(*offsets: int, assignment: int = 1, partition: int = 0, size: int = 1) -> Any:
    """A Faust event with one page of records."""
    tp = TP("documents.news", partition)
    records = [ConsumerRecord(*tp, n, n, 1, None, b"x" * size, None, 0, size, ()) for n in offsets]
    message = SimpleNamespace(tp=tp, offset=offsets[-1], generation_id=assignment)
    return SimpleNamespace(message=message, value=records, app=SimpleNamespace(consumer=CONSUMER))


async def stream(*events: Any) -> AsyncIterator[Any]:
    for each in events:
        yield each


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


def test_records_come_out_in_the_order_in_which_they_went_in() -> None:
    async def go() -> None:
        inbox = Inbox(100)
        await inbox.fill(stream(page(0, 1, 2), page(3), page(4, 5, 6, 7, 8, 9)))
        first = await inbox.take(4, 0)
        rest = await inbox.take(100, 0)
        assert [record.offset for record in first + rest] == list(range(10))
        CONSUMER.clear()
        for record in first:
            record.ack()
        assert list(CONSUMER) == [(TP("documents.news", 0), n, 1) for n in range(4)]

    asyncio.run(go())


@pytest.mark.parametrize(("records", "size", "held"), [(5, 1, 6), (1000, 10_000, 4)])
def test_a_full_inbox_holds_the_reader_until_there_is_room(records: int, size: int, held: int) -> None:
    async def go() -> None:
        inbox = Inbox(records, max_bytes=4 * (10_000 + OVERHEAD_BYTES))
        filling = asyncio.create_task(inbox.fill(stream(*(page(n, n + 1, size=size) for n in range(0, 20, 2)))))
        await _until(lambda: len(inbox) == held)
        for _ in range(50):
            await asyncio.sleep(0)
        assert len(inbox) == held
        taken: list[Any] = []
        while len(taken) < 20:
            taken += await inbox.take(3, 0)
            assert len(inbox) <= held
        await filling
        assert [record.offset for record in taken] == list(range(20))

    asyncio.run(go())


def test_taking_stops_at_the_byte_limit_but_always_gives_one() -> None:
    async def go() -> None:
        inbox = Inbox(100)
        await inbox.fill(stream(*(page(n, size=1000) for n in range(5))))
        assert len(await inbox.take(100, 0, max_bytes=2500)) == 2
        assert len(await inbox.take(100, 0, max_bytes=1)) == 1

    asyncio.run(go())


def test_an_offset_that_does_not_follow_stops_the_worker() -> None:
    async def go() -> None:
        with pytest.raises(WorkerStop) as stop:
            await Inbox(100).fill(stream(page(5, 6), page(6)))
        assert stop.value.code is ExitCode.RESTART

    asyncio.run(go())


def test_a_new_assignment_may_read_again_and_partitions_are_apart() -> None:
    async def go() -> None:
        inbox = Inbox(100)
        await inbox.fill(stream(page(5), page(9, partition=1), page(6), page(5, assignment=3), page(10, partition=1)))
        assert len(inbox) == 5

    asyncio.run(go())


def test_waiting_for_more_ends_when_the_time_is_over() -> None:
    async def go() -> None:
        inbox = Inbox(100)
        await inbox.fill(stream(page(1)))
        async with asyncio.timeout(5):
            assert len(await inbox.take(10, 0.01)) == 1

    asyncio.run(go())
