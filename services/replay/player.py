"""A replay in one process, at full speed: the live code of scoring and aggregation between a list of records and a
result.

    records -> timeline (order, ticks) -> entries: decode, link -> model (cached) -> opinions -> slots -> buckets,
    signals

No Kafka and no Redis: the store is in memory. What differs from live is where records come from and where results go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from services.aggregation.core.plan import Rules
from services.aggregation.signals.strategy import Strategy
from services.model.interface import Engine
from services.model.packs import reader_of
from services.replay.anonymise import anonymise
from services.replay.cache import AnswerCache
from services.replay.live_answers import LiveAnswer, Place
from services.replay.records import Range
from services.replay.timeline import merged, ticks
from services.runs.memory_run import MemoryRun
from services.runs.result import Result
from services.runtime.record import Recorded
from services.scoring.entries import Entry, entry_of
from services.scoring.inference import encode as encode_batch
from services.scoring.inference import infer
from services.scoring.linking.linker import Linker
from services.scoring.outcomes import Outgoing
from services.scoring.rules.speaking import NOBODY, Speakers
from services.scoring.unread import Readable
from shared.clock import SECOND, Clock
from shared.collector import without_collector
from shared.contract.events import Origin, Tick
from shared.contract.topics import LIVE, Topics
from shared.reading.deleted import is_gone
from shared.universe.relations.graph import NO_RELATIONS, Relations

GROUP: Final = 512  # entries that go through the stages together; progress moves a group at a time

Keep = Callable[[int, Sequence[bytes]], None]  # slot, messages: what would have stood on `opinions`


Watched = Callable[[Result, int, int, int], None]  # so far, documents done, documents in all, market time reached


class Player:
    """One run. `pace` is called before each group with the market time that it reaches (for --speed)."""

    def __init__(
        self,
        engine: Engine,
        linker: Linker,
        strategies: Sequence[Strategy],
        rules: Rules,
        slots: int,
        *,
        cache: AnswerCache | None = None,
        live: Mapping[Place, LiveAnswer] | None = None,
        hide_names: bool = False,
        pace: Callable[[int], None] = lambda _: None,
        readable: Readable | None = None,
        speakers: Speakers = NOBODY,
        relations: Relations = NO_RELATIONS,
    ) -> None:
        self._engine, self._linker, self._cache, self._live = engine, linker, cache, live or {}
        self._strategies, self._rules, self._slots = strategies, rules, slots
        self._hide_names, self._pace, self._readable = hide_names, pace, readable
        self._speakers, self._relations = speakers, relations
        self._deleted: Mapping[str, int] = {}

    def play(self, given: Range, watch: Watched = lambda *_: None, keep: Keep = lambda *_: None) -> Result:
        """Play everything; the same records give the same result, to the byte."""
        records = merged(given.records)
        self._deleted = given.deleted
        ids = {topic: topic_id for topic, (topic_id, _) in given.topics.items()}
        streams = [(topic, p) for topic, (_, count) in given.topics.items() for p in range(count)]
        run = MemoryRun(self._slots, self._strategies, given.streams(), self._rules)
        result = Result(run.store, signals=run.signals)
        promised = ticks(records, streams, self._strategies, self._rules.lateness)
        due = next(promised, None)
        group: list[Entry] = []
        with without_collector():  # millions of small objects and no cycles
            for index, record in enumerate(records):
                group.append(entry_of(record, ids, self._linker))
                while due is not None and due[0] == index:
                    group.extend(self._ticks(due[1], ids))
                    due = next(promised, None)
                if len(group) >= GROUP or index == len(records) - 1:
                    self._pace(record.available_at or 0)
                    self._group(group, run, result, keep)
                    watch(result, index + 1, len(records), record.available_at or 0)
                    group = []
        return result

    def _ticks(self, marks: dict[tuple[str, int], int], ids: dict[str, str]) -> Iterator[Entry]:
        for (topic, partition), watermark in sorted(marks.items()):
            record = Recorded(topic, partition, 0, None, b"")
            yield Entry(record, Origin(ids[topic], partition, 0), b"", tick=Tick(watermark=watermark))

    def _group(self, group: list[Entry], run: MemoryRun, result: Result, keep: Keep) -> None:
        if self._readable:
            self._readable.mark(group)
        for entry in group:
            if entry.document and is_gone(entry.document.item, entry.document.available_at, self._deleted):
                entry.hidden = True
        self._score(group, result)
        outgoing = Outgoing.to(Topics(LIVE), self._slots, rules=self._speakers, relations=self._relations)
        for entry in group:
            outgoing.add(entry, self._engine.model_id, self._linker.universe)
            if entry.tick is None and entry.deletion is None:
                result.documents += 1
                result.unscored += bool(entry.unread)
                result.dead += bool(entry.reason)
        for slot in range(self._slots):
            values = [value for _, value, _ in outgoing.records.get((outgoing.topics.opinions, slot), ())]
            if values:
                keep(slot, values)
                result.heard(run.apply(slot, values))

    def _score(self, group: Sequence[Entry], result: Result) -> None:
        asked = [entry for entry in group if entry.request is not None]
        if self._hide_names:
            for entry in asked:
                assert entry.request is not None
                entry.request = anonymise(entry.request)
        elif self._live:
            asked = [entry for entry in asked if not self._answered(entry, result)]
        if self._cache is None:
            infer(self._engine, asked, encode_batch(self._engine, asked))
            return
        keys = {}
        for entry in asked:
            assert entry.request is not None
            keys[id(entry)] = self._cache.key(entry.request, reader_of(self._engine, entry.request))
        cached = self._cache.get(list(keys.values()))
        missing = []
        for entry in asked:
            entry.answer = cached.get(keys[id(entry)])
            if entry.answer is None:
                missing.append(entry)
        result.cached += len(asked) - len(missing)
        if missing:
            infer(self._engine, missing, encode_batch(self._engine, missing))
            self._cache.put({keys[id(entry)]: entry.answer for entry in missing if entry.answer is not None})

    def _answered(self, entry: Entry, result: Result) -> bool:
        """Take the live answer where there is one and it fits (a re-queued dead letter is always scored)."""
        live = self._live.get((entry.origin.topic_id, entry.origin.partition, entry.origin.offset))
        if live is None or entry.first_origin or live.companies != tuple((c.company, c.relevance) for c in entry.links):
            return False  # nothing is there, or another universe found other companies
        answer = live.answer
        assert entry.request is not None
        if (answer.model or self._engine.model_id) != reader_of(self._engine, entry.request):
            return False  # another language pack reads it today
        entry.answer = answer
        result.reused += 1
        return True


def pacing(speed: float, clock: Clock, sleep: Callable[[float], None]) -> Callable[[int], None]:
    """A `pace` that lets `speed` seconds of market time pass in one of the clock's."""
    begun: list[tuple[int, int]] = []

    def wait(reached: int) -> None:
        if not begun:
            begun.append((reached, clock.now()))
            return
        ahead = (reached - begun[0][0]) / speed - (clock.now() - begun[0][1])
        if ahead > 0:
            sleep(ahead / SECOND)

    return wait
