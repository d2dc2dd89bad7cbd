"""The assignment: its number decides what is still ours, and the first failure ends the process."""

from __future__ import annotations

import asyncio
from threading import Thread
from types import SimpleNamespace
from typing import Any

from aiokafka import ConsumerRecord
from faust.types import TP

from services.runtime.assignment import Assignment
from services.runtime.exits import ExitCode, WorkerStop
from services.runtime.received import Received
from services.runtime.record import Record

READ = ConsumerRecord("opinions", 3, 7, 1_500, 1, b"k", b"v", None, 1, 1, (("name", b"x"),))


def test_a_record_is_current_until_the_next_assignment() -> None:
    async def go() -> None:
        assignment = Assignment()
        number = assignment.next()
        consumer: Any = SimpleNamespace(acknowledge=lambda *told: acknowledged.append(told))
        acknowledged: list[tuple[TP, int, int]] = []
        record: Record = Received(consumer, READ, TP("opinions", 3), number)
        assert assignment.is_current(record)
        record.ack()
        assert acknowledged == [(TP("opinions", 3), 7, number)]
        assignment.next()
        assert not assignment.is_current(record)

    asyncio.run(go())


def test_a_received_record_has_what_kafka_gave() -> None:
    record: Record = Received(SimpleNamespace(), READ, TP("opinions", 3), 2)  # type: ignore[arg-type]
    assert (record.topic, record.partition, record.offset, record.assignment) == ("opinions", 3, 7, 2)
    assert (record.key, record.value, record.headers) == (b"k", b"v", (("name", b"x"),))
    assert record.timestamp == 1.5, "seconds"


def test_the_first_failure_ends_the_process_whatever_thread_it_comes_from() -> None:
    async def go() -> WorkerStop:
        assignment = Assignment()
        thread = Thread(target=assignment.fail, args=(WorkerStop(ExitCode.DEVICE_LOST, "first"),))
        thread.start()
        thread.join()
        assignment.fail(WorkerStop(ExitCode.RESTART, "second"))
        async with asyncio.timeout(5):
            return await assignment.ended

    stop = asyncio.run(go())
    assert (stop.code, str(stop)) == (ExitCode.DEVICE_LOST, "first")


def test_only_who_was_told_to_stop_has_stopped_for_good() -> None:
    async def stopped(code: ExitCode) -> tuple[bool, bool]:
        assignment = Assignment()
        before = assignment.stopped
        assignment.fail(WorkerStop(code, "ended"))
        await assignment.ended
        return before, assignment.stopped

    assert asyncio.run(stopped(ExitCode.WELL)) == (False, True)
    assert asyncio.run(stopped(ExitCode.RESTART)) == (False, False), "it is started again under its name"
