"""A run's slots in Redis (6.2 or later, or a Cluster): a batch is one pipeline of reads and one script that writes.

What was read is kept, and is right as long as position and stamp in Redis are those that this process wrote or read
last: each write has a stamp of its own, so that a Redis that lost what came last is not taken for what it was. Nothing
is retried here: every error of Redis becomes `StoreLost`, the caches go, and the caller reads the position again.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, cast

import redis
from redis.exceptions import RedisError

from services.aggregation.core.chain import Chain
from services.aggregation.core.duplicates import unpack_window
from services.aggregation.core.footprint import touched_by
from services.aggregation.core.plan import Decoded, Plan
from services.aggregation.core.state import CellKey, HourKey, Position, Series, SlotState, fold
from services.aggregation.core.store import BucketRow, SlotStanding, StoreLost
from services.aggregation.stores.packing import AT_ONCE as DAYS_PACKED
from services.aggregation.stores.packing import DayKey, due_days, packing
from services.aggregation.stores.redis_reads import Details, Reads, read_company
from services.aggregation.stores.redis_writes import APPLY, Command, Step, arguments_of, script_arguments
from services.aggregation.stores.tracing import AT_ONCE as DAYS_TRACED
from services.aggregation.stores.tracing import Ask, old_days, tracing
from shared.clock import DAY_SECONDS
from shared.contract.aggregates import (
    DETAILED,
    RESOLUTIONS,
    RecentDocument,
    Resolution,
    Share,
    Totals,
    unpack_bucket,
    unpack_recent,
    unpack_share,
    unpack_top,
)
from shared.contract.events import CHANNELS, Channel
from shared.contract.keys import Keys, archived_key
from shared.contract.operation.composition import unpack_day_of
from shared.contract.operation.metrics import REDIS_SECONDS
from shared.contract.packed.shares import Shares, field_of, number_of, unpack_day
from shared.contract.packed.traces import (
    FLOOR,
    RECENT,
    Trace,
    block_of,
    document_of,
    recent_traces,
    unpack_traces,
)
from shared.measured import MEASURED

Packing = Callable[[SlotState, Sequence[DayKey], Keys, Ask], Iterator[Command]]

_NONE: Final = Shares({}, {})
CACHED: Final = 50_000  # buckets and shares kept per slot, at most, between batches


class RedisStore:
    """The store of the workers. Thread-safe as long as no two threads work on the same slot."""

    def __init__(self, client: redis.Redis, run: str, slots: int) -> None:
        self.slots = slots
        self.keys = Keys(run, slots)
        self._client = client
        self._states: dict[int, SlotState] = {}
        self._standings: dict[int, SlotStanding] = {}  # of the states
        self._cached: dict[int, int] = {}
        self.dropped: Counter[int] = Counter()  # slot -> how often what was kept of it was dropped
        self._ended: dict[int, tuple[int, list[DayKey]]] = {}  # until when was looked, what is still to be packed
        self._old: dict[int, tuple[int, list[DayKey]]] = {}  # day on which was looked, what is still to be traced

    # -- the writer's side
    def load(self, slot: int, records: Sequence[Decoded]) -> SlotState:
        touched = touched_by(records)
        with MEASURED.timed(REDIS_SECONDS, "load"), self._guard(slot):
            for _ in range(3):
                state = self._known(slot, touched.companies)
                details = Details(state, touched, self.keys)
                if self._run(details.reads, slot) == self._standings[slot]:
                    details.letters_of_copies(lambda reads: self._run(reads, slot))
                    return state
                self.forget(slot)
        raise StoreLost(f"the position of slot {slot} moves while it is read: another worker applies it")

    def commit(self, plan: Plan) -> bool:
        stamp, held = _stamp(), self._standings.get(plan.slot)
        keys, arguments = script_arguments(plan, self.keys, held.stamp if held else "*", stamp)
        with MEASURED.timed(REDIS_SECONDS, "commit"), self._guard(plan.slot):
            applied = bool(self._client.eval(APPLY, len(keys), *keys, *arguments) == 1)
        state = self._states.get(plan.slot)
        if not applied or state is None:
            self.forget(plan.slot)
            return applied
        fold(state, plan.writes, plan.position)
        self._standings[plan.slot] = SlotStanding(plan.position.text(), stamp)
        self._trim(state, plan)
        return True

    def position(self, slot: int) -> Position | None:
        standing = self.standing(slot)
        if self._standings.get(slot, standing) != standing:
            self.forget(slot)
        return Position.parse(standing.position) if standing.position else None

    def standing(self, slot: int) -> SlotStanding:
        """As Redis has it now. Raises StoreLost."""
        with self._guard(slot):
            return self._run(Reads(), slot)

    def stood(self, slot: int) -> SlotStanding | None:
        """As what is kept of the slot was read, or written; None where nothing is."""
        return self._standings.get(slot)

    def pack(self, slot: int, until: int) -> int:
        """A few of the days that ended by `until` (seconds): put their shares together, and when there are none left,
        leave the words of old ones to the archive. Of how many; changes no answer. Raises StoreLost."""
        with self._guard(slot):
            looked, ended = self._ended.pop(slot, (-1, []))
            if looked != until or not ended:
                ended = due_days(cast(Any, self._client.hkeys(self.keys.loose(slot))), until)
            some, left = ended[:DAYS_PACKED], ended[DAYS_PACKED:]
            self._ended[slot] = (until, left)
            return self._packed(slot, some, packing) if some else self._traced(slot, until)

    def _traced(self, slot: int, until: int) -> int:
        """Looked for once a day; what the archive does not have by then waits for the next."""
        looked, old = self._old.get(slot, (-1, []))
        if looked != until // DAY_SECONDS:
            worded = cast(dict[bytes, bytes], self._client.hgetall(self.keys.worded(slot)))
            newest = cast(dict[bytes, bytes], self._client.hgetall(self.keys.companies(slot)))
            old = old_days(worded, newest, self._archived(slot))
        some, left = old[:DAYS_TRACED], old[DAYS_TRACED:]
        self._old[slot] = (until // DAY_SECONDS, left)
        return self._packed(slot, some, tracing) if some else 0

    def _archived(self, slot: int) -> Position | None:
        """Up to where the archive has the slot's records; None where it has another topic's, or nothing."""
        raw = _decode(self._client.hget(archived_key(self.keys.run), str(slot)))
        stored = _decode(self._client.get(self.keys.position(slot)))
        known = bool(raw and stored) and Position.parse(raw).topic_id == Position.parse(stored).topic_id
        return Position.parse(raw) if known else None

    def _packed(self, slot: int, days: Sequence[DayKey], how: Packing) -> int:
        state = self._known(slot, {company for company, _ in days})
        if state.position is None:
            return 0

        def ask(some: list[tuple[str, ...]]) -> list[Any]:
            answers, asked = list[Any](), Reads()
            for command in some:
                asked.add(answers.append, *command)
            if self._run(asked, slot) != self._standings[slot]:
                raise StoreLost(f"the position of slot {slot} moved while its days were read")
            return answers

        writes = list(how(state, days, self.keys, ask))
        stamp = _stamp()
        step = Step(state.position, state.position, self._standings[slot].stamp, stamp)
        names, arguments = arguments_of(self.keys, slot, step, writes)
        if self._client.eval(APPLY, len(names), *names, *arguments) != 1:
            self.forget(slot)
            return 0
        self._standings[slot] = SlotStanding(state.position.text(), stamp)
        return len(days)

    # -- for signals
    def state(self, slot: int, companies: set[str]) -> SlotState:
        with self._guard(slot):
            return self._known(slot, companies)

    def cells(self, slot: int, keys: Sequence[CellKey]) -> list[BucketRow]:
        found: list[BucketRow] = []
        with self._guard(slot):
            for first in range(0, len(keys), 500):
                found.extend(self._cells(keys[first : first + 500]))
        return found

    def _cells(self, keys: Sequence[CellKey]) -> Iterator[BucketRow]:
        pipeline = self._client.pipeline(transaction=False)
        for company, channel, resolution, start in keys:
            pipeline.hget(self.keys.series(company, channel, resolution), str(start))
            pipeline.hgetall(self.keys.authors(company, channel, resolution, start))
            pipeline.hgetall(self.keys.stories(company, channel, resolution, start))
        # behind them what is packed: whoever packs meanwhile moves it from there to here
        days = list(dict.fromkeys((company, field_of(channel, start)) for company, channel, _, start in keys))
        for company, field in days:
            pipeline.hget(self.keys.packed(company), field)
        found = pipeline.execute()
        answers, packed_days = iter(found[: 3 * len(keys)]), found[3 * len(keys) :]
        packed = {day: unpack_day(raw) if raw else {} for day, raw in zip(days, packed_days, strict=True)}
        for key in keys:
            company, channel, resolution, start = key
            held = packed[company, field_of(channel, start)].get(number_of(resolution, start), _NONE)
            bucket = unpack_bucket(next(answers))
            authors, stories = held.authors | _shares(next(answers)), held.stories | _shares(next(answers))
            yield BucketRow(company, channel, resolution, start, bucket, authors, stories)

    def tops(self, slot: int, hours: Sequence[HourKey]) -> list[RecentDocument]:
        with self._guard(slot):
            pipeline = self._client.pipeline(transaction=False)
            for company, start in hours:
                pipeline.hget(self.keys.top(company), str(start))
            # behind them what is traced: whoever traces meanwhile moves it from there to here
            blocks = list(dict.fromkeys((company, block_of(start)) for company, start in hours))
            for company, block in blocks:
                pipeline.hget(self.keys.traces(company), block)
            found = pipeline.execute()
        traces = {name: unpack_traces(raw) for name, raw in zip(blocks, found[len(hours) :], strict=True)}
        return [
            document
            for (company, start), raw in zip(hours, found, strict=False)
            for document in (unpack_top(raw) if raw else _of_hour(traces[company, block_of(start)], company, start))
        ]

    def hash_value(self, slot: int, key: str, field: str) -> bytes | None:
        with self._guard(slot):
            return cast("bytes | None", self._client.hget(key, field))

    def hash_fields(self, slot: int, key: str) -> list[str]:
        with self._guard(slot):
            return [cast(bytes, name).decode() for name in cast(Any, self._client.hkeys(key))]

    def forget(self, slot: int) -> None:
        """Drop what was read of a slot."""
        if self._states.pop(slot, None) is not None:
            self.dropped[slot] += 1
        self._standings.pop(slot, None)
        self._cached.pop(slot, None)
        self._ended.pop(slot, None)
        self._old.pop(slot, None)

    @contextmanager
    def _guard(self, slot: int) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self.forget(slot)  # half of it may have been read
            if isinstance(error, RedisError | OSError):
                raise StoreLost(f"Redis: {type(error).__name__}: {error}") from error
            raise

    def _run(self, reads: Reads, slot: int) -> SlotStanding:
        """Run the reads behind one of where the slot stands, which is therefore never newer than what was read."""
        pipeline = self._client.pipeline(transaction=False)
        pipeline.hget(self.keys.chain(slot), "stamp")
        pipeline.get(self.keys.position(slot))
        for command in reads.commands:
            pipeline.execute_command(*command)  # type: ignore[no-untyped-call]
        answers = pipeline.execute()
        for handle, answer in zip(reads.handlers, answers[2:], strict=True):
            handle(answer)
        return SlotStanding(_decode(answers[1]), _decode(answers[0]))

    def _known(self, slot: int, companies: set[str]) -> SlotState:
        """The cached state with these companies in it; what is not there yet is read."""
        state = self._states.get(slot)
        reads = Reads()
        if state is None:
            state = SlotState(slot)
            self._slot(state, reads)
        missing = sorted(companies - state.companies.keys())
        for company in missing:
            read_company(state, company, self.keys, reads)
        if reads.commands:
            standing = self._run(reads, slot)
            if slot not in self._states:
                state.position = Position.parse(standing.position) if standing.position else None
                self._states[slot], self._standings[slot] = state, standing
        return state

    def _slot(self, state: SlotState, reads: Reads) -> None:
        slot, keys = state.slot, self.keys

        def totals(raw: dict[bytes, bytes]) -> None:
            state.totals = _totals(raw)

        def chain(raw: dict[bytes, bytes]) -> None:
            state.chain = Chain.parse(raw)

        def marks(raw: dict[bytes, bytes]) -> None:
            for stream, mark in raw.items():
                offset, _, index = mark.decode().partition(",")
                state.marks[stream.decode()] = (int(offset), int(index))

        def watermarks(raw: dict[bytes, bytes]) -> None:
            state.watermarks = {stream.decode(): int(value) for stream, value in raw.items()}

        def windows(raw: dict[bytes, bytes]) -> None:
            state.windows = {stream.decode(): unpack_window(value) for stream, value in raw.items()}

        def closing(raw: dict[bytes, bytes]) -> None:
            for name, value in raw.items():
                if name == b"closed":
                    state.closed = int(value)
                    continue
                start, _, company = name.decode().partition("|")
                (state.late if value == b"late" else state.pending).add((company, int(start)))

        def days(raw: dict[bytes, bytes]) -> None:
            state.days = {int(number): unpack_day_of(value) for number, value in raw.items()}

        reads.add(days, "HGETALL", keys.composition(slot))
        reads.add(chain, "HGETALL", keys.chain(slot))
        reads.add(closing, "HGETALL", keys.closing(slot))
        reads.add(totals, "HGETALL", keys.totals(slot))
        reads.add(marks, "HGETALL", keys.marks(slot))
        reads.add(watermarks, "HGETALL", keys.watermarks(slot))
        reads.add(windows, "HGETALL", keys.streams(slot))

    def _trim(self, state: SlotState, plan: Plan) -> None:
        """Forget what belonged to one batch, and all buckets when too many are kept."""
        state.ids.clear()
        state.letters.clear()
        added = sum(1 + len(draft.authors) + len(draft.stories) for draft in plan.writes.cells.values())
        total = self._cached.get(state.slot, 0) + added + len(plan.writes.tops)
        if total > CACHED:
            for key, series in state.series.items():
                state.series[key] = Series(series.starts)
            state.tops.clear()
            total = 0
        self._cached[state.slot] = total

    # -- the readers' side
    def totals(self, slot: int) -> Totals:
        with self._guard(slot):
            return _totals(cast(Any, self._client.hgetall(self.keys.totals(slot))))

    def rows(self, resolutions: Sequence[Resolution] = RESOLUTIONS) -> Iterator[BucketRow]:
        companies = sorted(self.companies())
        for resolution in sorted(resolutions):
            for company in companies:
                for channel in CHANNELS:
                    yield from self._series(company, channel, resolution)

    def company_rows(self, company: str) -> list[BucketRow]:
        """Every bucket of one company, by (resolution, channel, start)."""
        return [
            row
            for resolution in sorted(RESOLUTIONS)
            for channel in CHANNELS
            for row in self._series(company, channel, resolution)
        ]

    def companies(self) -> list[str]:
        """Every company of the run."""
        return [
            cast(bytes, name).decode()
            for slot in range(self.slots)
            for name in cast(Any, self._client.hkeys(self.keys.companies(slot)))
        ]

    def _series(self, company: str, channel: Channel, resolution: Resolution) -> Iterator[BucketRow]:
        raw = cast(dict[bytes, bytes], self._client.hgetall(self.keys.series(company, channel, resolution)))
        starts = sorted((int(start), value) for start, value in raw.items())
        for first in range(0, len(starts), 500):
            part = starts[first : first + 500]
            if resolution in DETAILED:
                yield from self._cells([(company, channel, resolution, start) for start, _ in part])
                continue
            for start, value in part:
                yield BucketRow(company, channel, resolution, start, unpack_bucket(value), {}, {})

    def recent(self, company: str) -> list[RecentDocument]:
        documents = [unpack_recent(raw) for raw in cast(Any, self._client.hvals(self.keys.recent(company)))]
        traced = recent_traces(*cast(Any, self._client.hmget(self.keys.traces(company), [RECENT, FLOOR])))
        by_id = {each.id: document_of(each, company) for each in traced} | {each.id: each for each in documents}
        return sorted(by_id.values(), key=lambda document: (document.available_at, document.id))

    def heaviest(self, company: str) -> dict[int, list[RecentDocument]]:
        """Each hour (start, seconds) of a company with its heaviest documents, heaviest first; traced ones without
        their words."""
        raw = cast(dict[bytes, bytes], self._client.hgetall(self.keys.top(company)))
        # behind them what is traced: whoever traces meanwhile moves it from there to here
        blocks = cast(dict[bytes, bytes], self._client.hgetall(self.keys.traces(company)))
        series = [self.keys.series(company, channel, "hour") for channel in CHANNELS]
        there = {int(start) for key in series for start in cast(Any, self._client.hkeys(key))}
        found: dict[int, list[RecentDocument]] = {}
        for each in (trace for name, block in blocks.items() if name.isdigit() for trace in unpack_traces(block)):
            if each.hour in there:  # traces may outlast their hour for a day
                found.setdefault(each.hour, []).append(document_of(each, company))
        return dict(sorted((found | {int(hour): unpack_top(value) for hour, value in raw.items()}).items()))

    def top(self, company: str, hour: int) -> list[RecentDocument]:
        series = (self.keys.series(company, channel, "hour") for channel in CHANNELS)
        there = any(self._client.hexists(key, str(hour)) for key in series)  # traces may outlast their hour for a day
        return self.tops(self.keys.slot_of(company), [(company, hour)]) if there else []


def _of_hour(traces: Sequence[Trace], company: str, hour: int) -> list[RecentDocument]:
    return [document_of(each, company) for each in traces if each.hour == hour]


def _shares(raw: dict[bytes, bytes]) -> dict[str, Share]:
    return {name.decode(): unpack_share(value) for name, value in raw.items()}


def _decode(raw: Any) -> str:
    return raw.decode() if raw else ""


def _stamp() -> str:
    return secrets.token_hex(6)


def _totals(raw: dict[bytes, bytes]) -> Totals:
    known = {name.decode(): int(value) for name, value in raw.items()}
    return Totals(**{name: known.get(name, 0) for name in Totals.__struct_fields__})
