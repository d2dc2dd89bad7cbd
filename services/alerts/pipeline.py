"""The way of a signal through the alerts worker, from top to bottom.

    Faust stream -> inbox -> rules (with the past in Redis) -> one atomic step: alerts, outbox, marks, position
                                                                -> outbox -> channels (delivery.py)

The position lies in Redis beside what follows from it, as in the aggregation worker, so every signal is looked at once;
a signal that comes twice on the topic is known by its id.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import redis
from faust.types import TP
from redis.exceptions import RedisError

from services.alerts.evaluate import kept_inside
from services.alerts.past import Past
from services.alerts.rules import Rules
from services.alerts.step import step_of
from services.alerts.store import AlertStore
from services.runtime.exits import ExitCode, WorkerStop
from services.runtime.faust_app import WorkerApp
from services.runtime.inbox import Inbox
from services.runtime.record import Record
from services.runtime.standing import Standing, Standings
from services.runtime.telemetry.report import Pace
from shared.clock import Clock
from shared.contract.keys import Keys
from shared.contract.signals import Signal, decode_signal
from shared.contract.topics import LIVE, Topics
from shared.reading.archive.tables import ArchiveTables
from shared.reading.run import RunView
from shared.settings import Settings

BATCH: Final = 200  # signals looked at in one step, at most
QUEUE: Final = 5_000
MAX_WAIT: Final = 0.05  # seconds
log = logging.getLogger(__name__)


class AlertsWorker:
    """Wires one process. `topic_id` is that of `signals`, as the run is bound to it."""

    def __init__(
        self,
        settings: Settings,
        app: WorkerApp,
        client: redis.Redis,
        keys: Keys,
        rules: Rules,
        topic_id: str,
        clock: Clock,
    ) -> None:
        self._settings, self._app, self._clock, self._topic_id = settings, app, clock, topic_id
        self._view, self._rules = RunView(client, keys, archive=ArchiveTables.of(settings)), rules
        self.store = AlertStore(client, keys)
        self.inbox = Inbox(QUEUE)
        self.pace = Pace()
        self.counts: dict[str, int] = defaultdict(int)
        self.standings = Standings(app.assignment, lambda _: Standing(self._position() or 0))
        app.assignment.positions = self.positions
        self.inbox.read(app, Topics.of(settings).signals)

    async def positions(self, assigned: frozenset[TP]) -> Mapping[TP, int | None]:
        """Where to go on, from Redis; the start of the log for a run without alerts yet."""
        found = await asyncio.to_thread(self._position)
        self.standings.assigned({tp.partition: Standing(found or 0) for tp in assigned})
        log.info("assigned %s, continuing from %s", sorted(assigned), found)
        return dict.fromkeys(assigned, found)

    async def run(self) -> None:
        """Look at what arrives; never returns."""
        while True:
            taken = await self.inbox.take(BATCH, MAX_WAIT)
            records = [record for record in taken if self._app.assignment.is_current(record)]
            if not records:
                continue
            behind = Standing(records[-1].offset + 1)
            with self.standings.writing(records[-1].partition, lambda behind=behind: behind):  # type: ignore[misc]
                await asyncio.to_thread(self._apply, records)
            for record in records:
                record.ack()
            waited = self._clock.now() / 1000 - records[0].timestamp * 1000
            self.pace.add(len(records), max(0.0, waited))

    def _position(self) -> int | None:
        """The next offset to look at; None before the first. Raises WorkerStop."""
        try:
            held = self.store.position()
        except RedisError as error:
            raise WorkerStop(ExitCode.RESTART, f"Redis: {error}") from error
        if held is not None and held[0] != self._topic_id:
            raise WorkerStop(
                ExitCode.REFUSED,
                f"signals were read from topic id {held[0]}, but the topic is {self._topic_id} now: "
                "it was deleted and recreated; run: bellwether reset",
            )
        return held[1] if held is not None else None

    def _apply(self, records: Sequence[Record]) -> None:
        """One atomic step; ends the worker when its position is not to be had."""
        first, last = records[0].offset, records[-1].offset
        before = self._position()
        if last - first + 1 != len(records) or (before is not None and first > before):
            raise WorkerStop(ExitCode.RESTART, f"read {first} to {last}, but the position is {before}")
        fresh = [record for record in records if before is None or record.offset >= before]
        self.counts["redelivered"] += len(records) - len(fresh)
        if not fresh:
            return
        signals = [signal for record in fresh if (signal := _signal(record)) is not None]
        try:
            past = Past(self._view, self._rules)
            now = self._clock.now()
            step = step_of(signals, self._rules, past, self.store, self._inside, now, len(fresh) - len(signals))
            done = self.store.commit(step, self._topic_id, before, last + 1)
        except RedisError as error:
            raise WorkerStop(ExitCode.RESTART, f"Redis: {error}") from error
        if not done:
            raise WorkerStop(ExitCode.RESTART, "the position moved on: another worker is reading the signals as well")
        self.counts["alerts"] += len(step.alerts)
        self.counts["invalid"] += len(fresh) - len(signals)

    def _inside(self, signal: Signal) -> str:
        live, hours = self._settings.run == LIVE, self._settings.alerts.outside_hours
        return kept_inside(signal, live=live, outside_hours=hours, now=self._clock.now())


def _signal(record: Record) -> Signal | None:
    try:
        return decode_signal(record.value or b"")
    except msgspec.MsgspecError as error:
        log.error("signals[%d] offset %d cannot be read: %s", record.partition, record.offset, error)
        return None
