"""The way of a document through the scoring worker, from top to bottom.

    Faust stream -> inbox -> link_stage -> model_stage -> send_stage -> acknowledgement

Each arrow is a bounded queue, so the stages overlap and memory stays flat; when the last one is slow the inbox fills up
and Faust pauses its partitions. A group keeps the order in which its records were read, and groups overtake each other
nowhere: that is what makes the marks in Redis true (design 2.1).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.model.interface import Engine
from services.runtime.exits import ExitCode, WorkerStop, keep_stopped
from services.runtime.faust_app import WorkerApp
from services.runtime.inbox import Inbox
from services.runtime.process import together
from services.runtime.record import Record
from services.runtime.telemetry.report import Pace
from services.scoring.counted import count
from services.scoring.entries import Entry, entry_of
from services.scoring.inference import encode, infer
from services.scoring.limit import DeadLetterLimit
from services.scoring.linking.linker import Linker
from services.scoring.outcomes import Outgoing
from services.scoring.rules.speaking import NOBODY, Speakers
from services.scoring.traced import Moments, tell
from services.scoring.unread import Readable
from shared.contract.events import CHANNELS
from shared.contract.operation.metrics import LINK_SECONDS
from shared.contract.topics import Topics
from shared.measured import MEASURED
from shared.settings import Settings
from shared.traced import now
from shared.universe.relations.graph import NO_RELATIONS, Relations

CPU_PASSES: Final = 2  # groups in the model at once: one's heads and answers, in Python, leave the cores to the other


@dataclass(slots=True)
class Group:
    """Records that go through the stages together, in the order in which they were read."""

    entries: list[Entry]
    encoded: Any  # what the engine's encode made of them
    read_at: float
    moments: Moments


class ScoringWorker:
    """Wires the stages of one process. `topic_ids` and `partitions` (of `opinions`) are those the run is bound to."""

    def __init__(
        self,
        settings: Settings,
        app: WorkerApp,
        engine: Engine,
        linker: Linker,
        topic_ids: Mapping[str, str],
        partitions: int,
        pace: Pace | None = None,
        rules: Speakers = NOBODY,
        relations: Relations = NO_RELATIONS,
    ) -> None:
        scoring = settings.scoring
        self._settings, self._scoring, self._app, self._engine, self._linker = settings, scoring, app, engine, linker
        self._topics, self._rules, self._relations = Topics.of(settings), rules, relations
        self._topic_ids, self._partitions = topic_ids, partitions
        self._slots: dict[str, int] = {}
        self._limit = DeadLetterLimit(scoring.dead_letter_limit, scoring.dead_letter_window)
        self._readable = Readable(settings.model, engine)
        self._encoded: asyncio.Queue[Group] = asyncio.Queue(1)
        self._answered: asyncio.Queue[tuple[Group, asyncio.Task[None]]] = asyncio.Queue(1)
        self._passes = asyncio.Semaphore(CPU_PASSES if engine.device == "cpu" else 1)
        self.inbox = Inbox(scoring.queue_documents)
        self.pace = pace or Pace()
        self.scored = self.dead = 0
        self.inbox.read(app, *(self._topics.documents(channel) for channel in CHANNELS))

    async def run(self) -> None:
        """The stages; never returns."""
        await together(self._link_stage(), self._model_stage(), self._send_stage())

    async def _link_stage(self) -> None:
        """Decode, find the companies, tokenise."""
        while True:
            records = await self.inbox.take(self._scoring.max_batch, self._scoring.max_wait_ms / 1000)
            await self._encoded.put(await asyncio.to_thread(self._prepare, records))

    def _prepare(self, records: Sequence[Record]) -> Group:
        read_at, moments = time.monotonic(), Moments(now())
        with MEASURED.timed(LINK_SECONDS):
            entries = [entry_of(record, self._topic_ids, self._linker) for record in records]
            self._readable.mark(entries)
            encoded = encode(self._engine, entries)
        moments.linked = now()
        return Group(entries, encoded, read_at, moments)

    async def _model_stage(self) -> None:
        """One pass of the model a group; what fails is bisected."""
        while True:
            group = await self._encoded.get()
            await self._passes.acquire()
            task = asyncio.create_task(asyncio.to_thread(self._infer, group, group.encoded))
            task.add_done_callback(lambda _: self._passes.release())
            group.encoded = None
            await self._answered.put((group, task))

    def _infer(self, group: Group, encoded: Any) -> None:
        group.moments.asked = now()
        infer(self._engine, group.entries, encoded)
        group.moments.answered = now()

    async def _send_stage(self) -> None:
        """Opinions and dead letters to Kafka, then, when Kafka has them all, the acknowledgement of their records."""
        while True:
            group, answers = await self._answered.get()
            await answers
            entries, outgoing, passed = await asyncio.to_thread(self._outgoing, group.entries)
            await self._app.outbox.publish(outgoing.records)
            for entry in entries:
                if self._app.assignment.is_current(entry.record):
                    entry.record.ack()
            self._count(entries, group.read_at)
            tell(entries, group.moments, self._engine.name)
            if passed:
                raise self._too_many_dead()

    def _outgoing(self, entries: Sequence[Entry]) -> tuple[list[Entry], Outgoing, bool]:
        """What to send for the records that are still ours, up to the one that passes the dead-letter limit."""
        outgoing = Outgoing.to(self._topics, self._partitions, self._slots, self._rules, self._relations)
        done: list[Entry] = []
        for entry in entries:
            if not self._app.assignment.is_current(entry.record):
                continue  # read again under the present assignment, here or elsewhere
            outgoing.add(entry, self._engine.model_id, self._linker.universe)
            done.append(entry)
            if entry.tick is None and self._limit.passed_by(bool(entry.reason)):
                return done, outgoing, True
        return done, outgoing, False

    def _count(self, entries: Sequence[Entry], read_at: float) -> None:
        dead = sum(bool(entry.reason) for entry in entries)
        self.dead += dead
        self.scored += sum(entry.answer is not None and not entry.reason for entry in entries)
        count(entries)
        self.pace.add(len(entries), (time.monotonic() - read_at) * 1000)

    def _too_many_dead(self) -> WorkerStop:
        window = self._scoring.dead_letter_window
        reason = (
            f"{self._limit.dead} of the latest {window} documents became dead letters "
            f"(limit {self._scoring.dead_letter_limit:.0%}); see: bellwether dead-letters list"
        )
        keep_stopped(self._settings.state_dir, "scoring", reason)
        return WorkerStop(ExitCode.DEAD_LETTER_LIMIT, f"{reason}; continue with: bellwether resume")
