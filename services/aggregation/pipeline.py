"""The way of an opinion through the aggregation worker, from top to bottom.

    Faust stream -> inbox -> one batch per slot -> load, plan, commit -> acknowledgement (for lag tools alone)

The position lies in Redis, beside what it covers, and is where every assignment goes on (`positions`). Where Redis is
ahead of what was read, the records that it has are skipped; where it is behind, or lost, the worker ends with code 75
and is started again: what was in flight is gone with it, and its successor reads the position
(docs/decisions/0003-losing-redis.md).
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, Protocol

from faust.types import TP

from services.aggregation.core.apply import Behind, Stale, apply
from services.aggregation.core.chain import Links
from services.aggregation.core.decoding import decoded
from services.aggregation.core.plan import Decoded, Rules
from services.aggregation.core.state import RESTORING
from services.aggregation.core.store import SignalStore, SlotStanding, Store, StoreLost
from services.aggregation.journal import Journal
from services.aggregation.signals.closing import Closer, boundary
from services.aggregation.signals.strategy import Strategy
from services.aggregation.traced import tell
from services.aggregation.visible import Visible
from services.runtime.exits import ExitCode, WorkerStop
from services.runtime.faust_app import WorkerApp
from services.runtime.inbox import Inbox
from services.runtime.record import Record
from services.runtime.standing import Standing, Standings
from services.runtime.telemetry.report import Pace
from shared.clock import Clock, SystemClock
from shared.contract.events import NewerSchema
from shared.contract.topics import Topics
from shared.settings import Settings
from shared.traced import now

THREADS: Final = 2  # one slot waits for Redis while another computes
TRIES: Final = 5  # a slot that somebody else moves while we apply it
log = logging.getLogger(__name__)


class WorkerStore(Store, SignalStore, Protocol):
    """All that the worker asks of a store."""

    @property
    def dropped(self) -> Mapping[int, int]:
        """Slot -> how often what was kept of it was dropped, because the store did not hold it any more."""

    def pack(self, slot: int, until: int) -> int:
        """Put the shares of some days that ended by `until` (seconds) together; of how many. Raises StoreLost."""

    def standing(self, slot: int) -> SlotStanding:
        """Where the slot stands now. Raises StoreLost."""

    def stood(self, slot: int) -> SlotStanding | None:
        """Where it stood when it was last read or written; None where nothing is kept of it."""


class AggregationWorker:
    """Wires one process. `topic_id` is that of `opinions`, as the run is bound to it."""

    def __init__(
        self,
        settings: Settings,
        app: WorkerApp,
        store: WorkerStore,
        topic_id: str,
        strategies: Sequence[Strategy] = (),
        streams: frozenset[str] = frozenset(),
        clock: Clock | None = None,
        journal: Journal | None = None,
    ) -> None:
        self._batch = settings.aggregation.max_batch
        self._max_wait = settings.aggregation.max_wait_ms / 1000
        self._app, self._store, self._topic_id, self._journal = app, store, topic_id, journal
        self._rules = Rules.of(settings.aggregation)
        self._strategies, self._streams = strategies, streams
        self._closers: dict[int, Closer] = {}
        self._packed: dict[int, int] = {}  # slot -> up to where no ended day is left to be packed, seconds
        self._clock = clock or SystemClock()
        self._threads = ThreadPoolExecutor(THREADS, "slot")
        self._locks = [threading.RLock() for _ in range(store.slots)]
        self.inbox = Inbox(settings.aggregation.queue_opinions)
        self.pace = Pace()
        self.counts: dict[str, int] = defaultdict(int)
        self._visible = Visible(self._clock)
        self.standings = Standings(app.assignment, self._standing)
        app.assignment.positions = self.positions
        self.inbox.read(app, Topics.of(settings).opinions)

    async def positions(self, assigned: frozenset[TP]) -> Mapping[TP, int | None]:
        """The next offset of each assigned partition, from Redis; the start of the log for a slot never written to."""
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, self._found, sorted(tp.partition for tp in assigned))
        self.standings.assigned({slot: self._stood(slot) or Standing(at) for slot, at in found.items()})
        log.info("assigned %s", {tp.partition: found[tp.partition] for tp in sorted(assigned)})
        return {tp: found[tp.partition] for tp in assigned}

    def _standing(self, slot: int) -> Standing:
        try:
            found = self._store.standing(slot)
        except StoreLost as lost:
            raise WorkerStop(ExitCode.RESTART, str(lost)) from lost
        return Standing(found.offset, found.stamp)

    def _stood(self, slot: int) -> Standing | None:
        found = self._store.stood(slot)
        return Standing(found.offset, found.stamp) if found is not None else None

    def _found(self, slots: Sequence[int]) -> dict[int, int]:
        """Where each slot goes on. What a worker that died still owed, or a Redis lost, is given out at once: it may be
        long before anything comes behind it."""
        found: dict[int, int] = {}
        for slot in slots:
            with self._locks[slot]:  # a batch of the former assignment may still be on its way
                found |= read_positions(self._store, self._topic_id, [slot])
                self._closers.pop(slot, None)  # others may have written there meanwhile
                if found[slot]:
                    self._owed(slot)
        return found

    def _owed(self, slot: int) -> None:
        self._note([slot])
        try:
            self._steps(slot, (), None)
        except Stale as stale:  # its former worker still had something to write: the next batch sees to it
            log.warning("%s", stale)
            self._closers.pop(slot, None)
        except StoreLost as lost:
            raise WorkerStop(ExitCode.RESTART, str(lost)) from lost

    def _note(self, slots: Sequence[int]) -> None:
        """What is in the store now goes into the journal."""
        if self._journal is None:
            return
        for slot in slots:
            try:
                self._journal.moved(self._store.state(slot, set()))
            except StoreLost as lost:
                raise WorkerStop(ExitCode.RESTART, str(lost)) from lost

    async def run(self) -> None:
        """Apply what arrives; never returns."""
        while True:
            slots: dict[int, list[Record]] = defaultdict(list)
            for record in await self.inbox.take(self._batch * THREADS, self._max_wait):
                if self._app.assignment.is_current(record):
                    slots[record.partition].append(record)
            await asyncio.gather(*(self._slot(slot, mine) for slot, mine in slots.items()))

    async def _slot(self, slot: int, records: list[Record]) -> None:
        loop = asyncio.get_running_loop()
        for start in range(0, len(records), self._batch):
            part = records[start : start + self._batch]
            if not self._app.assignment.is_current(part[0]):
                return  # taken away meanwhile: whoever has it now reads the position
            with self.standings.writing(slot, partial(self._stood, slot)):
                await loop.run_in_executor(self._threads, self._apply, slot, part)
            if self._app.assignment.is_current(part[0]):
                for record in part:
                    record.ack()
            waited = self._clock.now() / 1000 - part[0].timestamp * 1000
            self.pace.add(len(part), max(0.0, waited))

    def _apply(self, slot: int, records: Sequence[Record]) -> None:
        """One atomic step; ends the worker when its position is not to be had."""
        began = now()
        messages = [_decoded(record) for record in records]
        first, last = records[0].offset, records[-1].offset
        if last - first + 1 != len(records):
            raise WorkerStop(ExitCode.RESTART, f"slot {slot}: {len(records)} records read between {first} and {last}")
        for _ in range(TRIES):
            try:
                with self._locks[slot]:
                    asked = now()
                    redelivered = self._steps(slot, messages, Links(records))
                    tell(records, began, asked)
                    self._visible.applied(messages, records)
                    self._note([slot])
            except Stale as stale:
                log.warning("%s", stale)
                self._closers.pop(slot, None)
                continue
            except (Behind, StoreLost) as lost:
                raise WorkerStop(ExitCode.RESTART, str(lost)) from lost
            self._count(redelivered, len(records))
            return
        raise WorkerStop(ExitCode.RESTART, f"slot {slot} is also being applied by another worker")

    def _steps(self, slot: int, records: Sequence[Decoded], links: Links | None) -> int:
        """Apply records up to each tick that closes an hour, and give out the signals that are due;
        tells redelivered.
        """
        closer = self._closers.get(slot)
        if closer is None:
            closer = self._closers[slot] = Closer(self._store, slot, self._strategies, self._streams, self._rules)
        dropped = self._store.dropped[slot]
        self.counts["signals"] += len(closer.close())  # what a worker that died here still owed
        redelivered = 0
        for part in closer.parts(records):
            made = apply(self._store, slot, self._topic_id, part, self._rules, gapless=True, links=links)
            redelivered += made.redelivered if made is not None else len(part)
            if self._store.dropped[slot] != dropped:  # the closer goes by what is no longer so
                raise Stale(f"slot {slot}: the store was not as it was left")
            if made is not None:
                closer.changed(made)
            self.counts["signals"] += len(closer.close())
        self._pack(slot)
        return redelivered

    def _pack(self, slot: int) -> None:
        """A few of the days that every watermark has passed; those that are left wait for the next batch."""
        until = boundary(self._store.state(slot, set()).watermarks, self._streams, self._rules.lateness)
        if until is not None and until > self._packed.get(slot, -1):
            packed = self._store.pack(slot, until)
            self.counts["packed"] += packed
            if not packed:
                self._packed[slot] = until

    def _count(self, redelivered: int, records: int) -> None:
        self.counts["redelivered"] += redelivered
        self.counts["batches"] += 1
        self.counts["records"] += records


def read_positions(store: Store, topic_id: str, slots: Sequence[int]) -> dict[int, int]:
    """The offset from which each slot goes on (0: never written to). Raises WorkerStop."""
    found: dict[int, int] = {}
    for slot in slots:
        try:
            position = store.position(slot)
        except StoreLost as lost:
            raise WorkerStop(ExitCode.RESTART, str(lost)) from lost
        if position is not None and position.topic_id == RESTORING:
            raise WorkerStop(ExitCode.REFUSED, "a restore is in progress or was interrupted; run: bellwether restore")
        if position is not None and position.topic_id != topic_id:
            raise WorkerStop(
                ExitCode.REFUSED,
                f"slot {slot} was applied from topic id {position.topic_id}, but opinions is {topic_id} now: "
                "it was deleted and recreated; run: bellwether reset",
            )
        found[slot] = position.offset if position is not None else 0
    return found


def _decoded(record: Record) -> Decoded:
    try:
        return decoded(record)
    except NewerSchema as error:
        where = f"{record.topic}[{record.partition}] offset {record.offset}"
        raise WorkerStop(ExitCode.REFUSED, f"{where}: {error}") from None
