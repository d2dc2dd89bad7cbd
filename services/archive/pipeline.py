"""The way of a record into the archive: Faust stream -> inbox -> one addition per table -> acknowledgement.

Where a partition goes on is read from the archive itself (`positions`): what is there was added without a gap, so a
worker that was killed, or an archive that was put back, goes on behind the last row. Two workers that hold the same
partition for a moment add the same rows twice; readers take each once.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence

from faust.types import TP

from services.archive.reached import Reached
from services.archive.rows import Rows, tables_of
from services.archive.tables import Tables
from services.runtime.exits import ExitCode, WorkerStop
from services.runtime.faust_app import WorkerApp
from services.runtime.inbox import Inbox
from services.runtime.record import Record
from services.runtime.telemetry.report import Pace
from shared.clock import Clock, SystemClock
from shared.contract.archive import OPINIONS
from shared.contract.topics import Topics
from shared.settings import Settings

log = logging.getLogger(__name__)


class ArchiveWorker:
    """Wires one process. `topic_ids` are those that the run is bound to; `reached` is told how far the opinions are."""

    def __init__(
        self,
        settings: Settings,
        app: WorkerApp,
        tables: Tables,
        topic_ids: Mapping[str, str],
        reached: Reached,
        clock: Clock | None = None,
    ) -> None:
        archive = settings.archive
        self._batch, self._max_wait = archive.max_batch, archive.max_wait_ms / 1000
        self._app, self._tables, self._topic_ids, self._reached = app, tables, topic_ids, reached
        self._clock = clock or SystemClock()
        self._table_of = tables_of(Topics.of(settings))
        self._rows = Rows(self._table_of, topic_ids)
        self.lock = asyncio.Lock()  # the tables are used by one thread at a time
        self.inbox = Inbox(archive.queue_records)
        self.pace = Pace()
        self.counts: dict[str, int] = defaultdict(int)
        app.assignment.positions = self.positions
        self.inbox.read(app, *self._table_of)

    async def positions(self, assigned: frozenset[TP]) -> Mapping[TP, int | None]:
        """Where each partition goes on, from the archive; the start of the log for one that was never archived."""
        async with self.lock:
            found = await asyncio.to_thread(self._positions, assigned)
        log.info("assigned %s", {f"{tp.topic}[{tp.partition}]": found[tp] for tp in sorted(assigned)})
        return found

    def _positions(self, assigned: frozenset[TP]) -> dict[TP, int | None]:
        try:
            found = {
                tp: self._tables.next_offset(self._table_of[tp.topic], self._topic_ids[tp.topic], tp.partition)
                for tp in assigned
            }
        except (OSError, RuntimeError, ValueError) as error:
            raise WorkerStop(ExitCode.RESTART, f"the archive cannot be read: {error}") from error
        opinions = {tp.partition: offset or 0 for tp, offset in found.items() if self._table_of[tp.topic] == OPINIONS}
        self._reached.tell(opinions)
        return found

    async def run(self) -> None:
        """Keep what arrives; never returns."""
        while True:
            taken = await self.inbox.take(self._batch, self._max_wait)
            records = [record for record in taken if self._app.assignment.is_current(record)]
            if not records:
                continue
            async with self.lock:
                await asyncio.to_thread(self._add, records)
            for record in records:
                if self._app.assignment.is_current(record):
                    record.ack()
            waited = self._clock.now() / 1000 - min(record.timestamp for record in records) * 1000
            self.pace.add(len(records), max(0.0, waited))

    def _add(self, records: Sequence[Record]) -> None:
        """One addition per table. Raises WorkerStop when the archive cannot be written."""
        rows = self._rows.of(records)
        try:
            self._tables.add(rows)
        except (OSError, RuntimeError, ValueError) as error:
            raise WorkerStop(ExitCode.RESTART, f"the archive cannot be written: {error}") from error
        for name, mine in rows.items():
            self.counts[name] += len(mine)
        self._reached.tell({row["partition"]: row["offset"] + 1 for row in rows.get(OPINIONS, ())})
