"""Faust's consumer, with a position of our choice, an assignment number on what it fetches, and pages of records.

Faust drops what was fetched under an earlier *group generation*. A static member that comes back keeps its
generation, so the number here is the process's own: it moves on every revocation and every assignment, Faust compares
it wherever it compares generations, and a message carries it as `generation_id`.

Faust spends most of a record's time on handing it through conductor, channel and stream by itself. Here one Faust event
carries a *page*: what one fetch brought of one partition. Records are acknowledged in order per partition, so the
offset to commit is one number.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

from aiokafka.errors import KafkaError, NoOffsetForPartitionError
from aiokafka.protocol.group import LeaveGroupRequest
from faust.transport.consumer import RecordMap, ensure_TPset
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from faust.types.transports import TPorTopicSet
from mode import ServiceT

from services.runtime.assignment import Assignment
from services.runtime.exits import ExitCode, WorkerStop
from services.runtime.faust_producer import IdempotentProducer


def _present_of(listener: driver.ConsumerRebalanceListener) -> Assignment:
    return cast(WorkerTransport, listener._thread.transport).assignment


class _RebalanceListener(driver.ConsumerRebalanceListener):
    """Moves the assignment number at once, before anything is awaited."""

    def on_partitions_revoked(self, revoked: Iterable[TP]) -> Awaitable[None]:
        _present_of(self).next()
        return super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: Iterable[TP]) -> None:
        number = _present_of(self).next()
        await self._thread.on_partitions_assigned(ensure_TPset(assigned), number)


class _LeavingThread(driver.AIOKafkaConsumerThread):
    """Leaves the group when the worker was told to stop. aiokafka's static members never do, and what they read waits
    until their session ends, which is for those alone that come back under their name at once (decisions/0296)."""

    async def on_thread_stop(self) -> None:
        # no more calls, the last commit among them, come from the other thread
        await super(driver.AIOKafkaConsumerThread, self).on_thread_stop()
        consumer = self._consumer
        if consumer is None:
            return
        coordinator = consumer._coordinator
        if coordinator is not None and cast(WorkerTransport, self.transport).assignment.stopped:
            member = coordinator.member_id
            await coordinator.close()  # from here on it neither joins nor beats
            with suppress(KafkaError):  # Kafka is away: the session ends by itself
                await coordinator._send_req(LeaveGroupRequest(coordinator.group_id, member))
        await consumer.stop()


class PositionedConsumer(driver.Consumer):
    """Seeks to the assignment's `positions` (default: Kafka's committed offsets); `auto.offset.reset` has no say."""

    RebalanceListener = _RebalanceListener

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._done: dict[TP, int] = {}  # the offset to commit, per partition
        self._sought = self._fetched_under = -1  # assignment numbers: of the latest seek, of the latest fetch
        self._next: dict[TP, int] = {}  # the offset that has to come next, per partition
        self._idle = asyncio.Event()  # no fetch is under way
        self._idle.set()
        super().__init__(*args, **kwargs)
        self._present = cast(WorkerTransport, self.transport).assignment

    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return _LeavingThread(self, loop=self.loop, beacon=self.beacon)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek every assigned partition; stops the worker when a position lies outside what the log holds."""
        number, assigned = self._present.number, frozenset(self.assignment())
        self._sought = -1  # from here on no fetch begins
        if not assigned:
            return {}
        try:
            positions = await (self._present.positions or self.committed)(assigned)
            first, end = await self.earliest_offsets(*assigned), await self.highwaters(*assigned)
            starts = {tp: inside_log(tp, positions.get(tp), first[tp], end[tp]) for tp in assigned}
        except WorkerStop as stop:
            self._present.fail(stop)
            raise
        # a fetch of the former assignment that is still out would take the first records behind the seek with it
        await self._idle.wait()
        await self.seek_wait(starts)
        self._next = dict(starts)
        self._sought = number
        return starts

    async def committed(self, assigned: frozenset[TP]) -> Mapping[TP, int | None]:
        """Kafka's committed offsets of the consumer group."""
        consumer = self._thread._ensure_consumer()

        async def read() -> dict[TP, int | None]:
            return {tp: await consumer.committed(tp) for tp in assigned}

        return await self._thread.call_thread(read)  # type: ignore[no-any-return]

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> RecordMap:
        """What one fetch brings; nothing before the seek of the present assignment, nothing that outlived its own."""
        number = self._fetched_under = self._present.number
        if number != self._sought:
            await asyncio.sleep(0.02)
            return {}
        self._idle.clear()
        try:
            records = await super()._getmany(active_partitions, timeout)
        except NoOffsetForPartitionError:
            return {}  # aiokafka looked for a position before our seek has given it one
        finally:
            self._idle.set()
        return records if number == self._present.number else {}

    async def _drain_messages(self, fetcher: ServiceT) -> None:
        """Faust's loop from fetch to streams, a page at a time."""
        try:
            while not (self.should_stop or fetcher.should_stop):
                await asyncio.sleep(0)
                records, _ = await self._wait_next_records(1.0)
                number = self._fetched_under  # not earlier: waiting for records outlasts a rebalance
                for tp, page in (records or {}).items():
                    if not self.flow_active or number != self._present.number:
                        break  # read again from the position that the next assignment seeks to
                    if page[0].offset != self._next.get(tp, -1):
                        self._present.fail(_gap(tp, self._next.get(tp, -1), page[0].offset))
                        return
                    self._next[tp] = page[-1].offset + 1
                    await self.wait_first(self.callback(_page_message(tp, page, number)), self.suspend_flow.wait())
        except self.consumer_stopped_errors:
            if not self.app.should_stop:
                raise

    def on_buffer_full(self, tp: TP) -> None:
        """Nothing: a full stream holds `_drain_messages` up. Faust would pause `tp`, and sleep 1 s once all are."""

    def acknowledge(self, tp: TP, offset: int, assignment: int) -> None:
        """All of `tp` up to `offset` has its outcome. Call in offset order; an earlier assignment's is ignored."""
        if assignment == self._present.number:
            self._done[tp] = offset + 1

    def _filter_tps_with_pending_acks(self, topics: TPorTopicSet | None = None) -> Iterator[TP]:
        return (tp for tp in self._done if topics is None or tp in topics or tp.topic in topics)

    def _new_offset(self, tp: TP) -> int | None:
        return self._done.get(tp)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        for tp in revoked:
            self._done.pop(tp, None)
        await super().on_partitions_revoked(revoked)

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Faust's own stall detector needs per-event sensors; the worker's report shows lag instead."""


def _gap(tp: TP, expected: int, came: int) -> WorkerStop:
    """What was passed over must never be followed: its marks would make it look applied when it comes at last."""
    return WorkerStop(ExitCode.RESTART, f"{tp.topic}[{tp.partition}]: expected offset {expected}, but {came} came")


def _page_message(tp: TP, page: Sequence[Any], number: int) -> ConsumerMessage:
    last = page[-1]
    return ConsumerMessage(
        tp.topic,
        tp.partition,
        last.offset,
        last.timestamp / 1000,
        last.timestamp_type,
        headers=None,
        key=None,
        value=cast(bytes, page),  # the raw codec hands it through
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=0,
        tp=tp,
        generation_id=number,
    )


def inside_log(tp: TP, position: int | None, first: int, end: int) -> int:
    if position is None:
        return first
    if first <= position <= end:
        return position
    gap = f"records {position} to {first - 1} are gone" if position < first else f"the log ends at {end}"
    raise WorkerStop(
        ExitCode.OUTSIDE_LOG,
        f"{tp.topic}[{tp.partition}]: the position to resume from is {position}, but {gap}. "
        f"Restore the topic, or accept the gap with: bellwether reset",
    )


class WorkerTransport(driver.Transport):
    """Faust's Kafka transport with this consumer and the idempotent producer."""

    Consumer = PositionedConsumer
    Producer = IdempotentProducer

    def __init__(self, url: Any, app: Any, assignment: Assignment, **more: Any) -> None:
        super().__init__(url, app, **more)
        self.assignment = assignment
