"""Signals at bucket close: when every origin partition's watermark has passed T plus the allowed lateness.

One `Closer` serves one slot of any store. Batches are cut at the ticks that close an hour (`parts`), so that a signal
sees
the same buckets live, in a replay and in any batch size; signals are then made from buckets alone and written in one
atomic step of their own, at an unchanged position. An hour that changes after its close is late: every signal that
saw it
is made again when the next hour closes, and given out with a higher revision where it differs.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final

from services.aggregation.apply import Stale
from services.aggregation.features import DAY, HOUR, Capped, cap, features
from services.aggregation.plan import Plan, Record, Rules
from services.aggregation.signals import recommend
from services.aggregation.state import CellKey, HourKey, SlotState, Writes
from services.aggregation.store import SignalStore
from services.aggregation.strategy import Strategy
from shared.aggregates import Resolution
from shared.clock import SECOND
from shared.events import CHANNELS, MARKET, Tick
from shared.signals import Signal, decode_revisions, decode_signal, encode_revisions, encode_signal

EVIDENCE: Final = 5  # documents named by a signal
WEEK: Final = 7 * DAY


def boundary(watermarks: dict[str, int], streams: frozenset[str], lateness: int) -> int | None:
    """The last T (seconds, a full hour) that every origin partition has passed by `lateness`; None before all spoke."""
    if not streams or any(stream not in watermarks for stream in streams):
        return None
    return (min(watermarks[stream] for stream in streams) - lateness) // (HOUR * SECOND) * HOUR


class Closer:
    """Gives out the signals of one slot. `streams` are all origin partitions of the run (Origin.stream)."""

    def __init__(
        self, store: SignalStore, slot: int, strategies: Sequence[Strategy], streams: frozenset[str], rules: Rules
    ) -> None:
        self._store = store
        self._slot = slot
        self._strategies = strategies
        self._streams = streams
        self._lateness = rules.lateness
        self._slowest = max((s.cadence_hours for s in strategies), default=1) * HOUR
        self._capped: dict[tuple[CellKey, float, float], Capped] = {}

    # -- cutting batches
    def parts(self, records: Sequence[Record]) -> Iterator[Sequence[Record]]:
        """`records` cut behind every tick that closes an hour. Call `close` after each part was applied."""
        watermarks = dict(self._store.state(self._slot, set()).watermarks)
        closed = boundary(watermarks, self._streams, self._lateness)
        begin = 0
        for index, (_, message) in enumerate(records):
            if not isinstance(message, Tick) or message.origin is None:
                continue
            stream = message.origin.stream
            if message.watermark <= watermarks.get(stream, -1):
                continue
            watermarks[stream] = message.watermark
            now = boundary(watermarks, self._streams, self._lateness)
            if now is not None and (closed is None or now > closed):
                closed = now
                yield records[begin : index + 1]
                begin = index + 1
        if begin < len(records):
            yield records[begin:]

    def forget(self) -> None:
        """Drop what was remembered of buckets: somebody else may have written them."""
        self._capped.clear()

    def changed(self, plan: Plan) -> None:
        """A plan was applied: its buckets are no longer what was remembered."""
        hours = {(key[0], key[3]) for key in plan.writes.cells if key[2] == "hour"}
        days = {(company, start // DAY * DAY) for company, start in hours}
        gone = [
            key
            for key in self._capped
            if (key[0][0], key[0][3]) in (hours if key[0][2] == "hour" else days)
        ] if hours and self._capped else []  # fmt: skip
        for key in gone:
            del self._capped[key]

    # -- closing
    def close(self) -> list[Signal]:
        """Give out what is due, in one atomic step; empty when nothing closed since the last time."""
        state = self._store.state(self._slot, set())
        until = boundary(state.watermarks, self._streams, self._lateness)
        if until is None or state.position is None or (state.closed is not None and until <= state.closed):
            return []
        due = sorted(hour for hour in state.pending if hour[1] + HOUR <= until)
        late = sorted(state.late)
        state = self._store.state(self._slot, {company for company, _ in (*due, *late)})
        signals = self._made(state, due, late, until)
        self._commit(state, signals, due, late, until)
        return signals

    def _made(self, state: SlotState, due: list[HourKey], late: list[HourKey], until: int) -> list[Signal]:
        fresh: dict[tuple[str, str, int], Strategy] = {}
        again: dict[tuple[str, str, int], Strategy] = {}
        for strategy in self._strategies:
            step = strategy.cadence_hours * HOUR
            for company, hour in due:
                at = -(-(hour + HOUR) // step) * step
                if company != MARKET and at <= until and (state.closed is None or at > state.closed):
                    fresh[company, strategy.name, at] = strategy
            for company, hour in late:
                if company != MARKET:
                    for at in self._seen_by(company, strategy, -(-(hour + HOUR) // step) * step, until):
                        again[company, strategy.name, at] = strategy
        self._read(state, [*fresh, *again], {s.name: s for s in self._strategies})
        known = self._known(again)
        low = min(state.watermarks[stream] for stream in self._streams)
        made = []
        for key in sorted({*fresh, *again}):
            company, _, at = key
            strategy = fresh.get(key) or again[key]
            before = known.get(key, [])
            available = at * SECOND + self._lateness if not before else max(low, at * SECOND + self._lateness)
            signal = self._signal(state, company, at, strategy, available, len(before))
            if signal is not None and not (before and _same(before[-1], signal)):
                made.append(signal)
        return made

    def _seen_by(self, company: str, strategy: Strategy, first: int, until: int) -> list[int]:
        """Every T at which an opinion that became available before `first` counts: the first, and those given out."""
        reach = first + max(strategy.lookback_hours * HOUR, (strategy.baseline_days + 2) * DAY, 5 * WEEK)
        given = self._store.hash_fields(self._slot, self._store.keys.signals(company, strategy.name))
        times = {int(field) // SECOND for field in given} | ({first} if first <= until else set())
        return sorted(at for at in times if first <= at <= min(until, reach))

    def _known(self, keys: dict[tuple[str, str, int], Strategy]) -> dict[tuple[str, str, int], list[Signal]]:
        known = {}
        for company, name, at in keys:
            raw = self._store.hash_value(self._slot, self._store.keys.signals(company, name), str(at * SECOND))
            if raw:
                known[company, name, at] = decode_revisions(raw)
        return known

    # -- reading buckets
    def _starts(self, state: SlotState, company: str, resolution: Resolution, begin: int, end: int) -> list[CellKey]:
        found: list[CellKey] = []
        for channel in CHANNELS:
            series = state.series.get((company, channel, resolution))
            if series is not None:
                starts = series.starts
                found.extend(
                    (company, channel, resolution, start)
                    for start in starts[bisect_left(starts, begin) : bisect_left(starts, end)]
                )
        return found

    def _wanted(
        self, state: SlotState, company: str, at: int, strategy: Strategy
    ) -> tuple[list[CellKey], list[CellKey]]:
        hours = self._starts(state, company, "hour", at - strategy.lookback_hours * HOUR, at)
        for weeks in range(1, 5):
            start = at - HOUR - weeks * WEEK
            if weeks * WEEK >= strategy.lookback_hours * HOUR:
                hours.extend(self._starts(state, company, "hour", start, start + HOUR))
        last = (at - DAY) // DAY * DAY
        return hours, self._starts(state, company, "day", last - strategy.baseline_days * DAY, last)

    def _read(self, state: SlotState, keys: Sequence[tuple[str, str, int]], strategies: dict[str, Strategy]) -> None:
        """Read and cap every bucket that these signals need and that is not remembered."""
        missing: dict[CellKey, set[tuple[float, float]]] = {}
        for company, name, at in keys:
            strategy = strategies[name]
            for some in self._wanted(state, company, at, strategy):
                for cell in some:
                    if (cell, strategy.author_cap, strategy.story_cap) not in self._capped:
                        missing.setdefault(cell, set()).add((strategy.author_cap, strategy.story_cap))
        for row in self._store.cells(self._slot, list(missing)):
            cell = (row.company, row.channel, row.resolution, row.start)
            for author, story in missing[cell]:
                self._capped[cell, author, story] = cap(
                    row.start, row.bucket, row.authors.values(), row.stories.values(), author, story
                )

    def _signal(
        self, state: SlotState, company: str, at: int, strategy: Strategy, available_at: int, revision: int
    ) -> Signal | None:
        hour_cells, day_cells = self._wanted(state, company, at, strategy)
        hours: dict[str, list[Capped]] = {channel: [] for channel in CHANNELS}
        days: dict[str, list[Capped]] = {channel: [] for channel in CHANNELS}
        for cells, into in ((hour_cells, hours), (day_cells, days)):
            for cell in cells:
                into[cell[1]].append(self._capped[cell, strategy.author_cap, strategy.story_cap])
        begin = at - strategy.lookback_hours * HOUR
        documents = sum(h.documents for some in hours.values() for h in some if h.start >= begin)
        if documents < strategy.minimum_documents:
            return None
        latest = sorted({cell[3] for cell in hour_cells if cell[3] >= begin}, reverse=True)[:24]
        tops = self._store.tops(self._slot, [(company, start) for start in latest])
        tops.sort(key=lambda document: (-document.weight, document.id))
        evidence = tops[:EVIDENCE]
        return recommend(
            company,
            at * SECOND,
            features(at, hours, days, strategy),
            documents,
            strategy,
            available_at=available_at,
            evidence=[document.id for document in evidence],
            model=min((document.model for document in evidence), default=""),
            revision=revision,
            synthetic=any(document.synthetic for document in evidence),
        )

    # -- writing
    def _commit(
        self, state: SlotState, signals: list[Signal], due: list[HourKey], late: list[HourKey], until: int
    ) -> None:
        assert state.position is not None
        writes = Writes(state.totals)
        keys = self._store.keys
        latest = keys.latest_signals(self._slot)
        for signal in signals:
            key, field = keys.signals(signal.company, signal.strategy), str(signal.at)
            raw = self._store.hash_value(self._slot, key, field) if signal.revision else None
            writes.hashes.setdefault(key, {})[field] = encode_revisions(
                [*(decode_revisions(raw) if raw else []), signal]
            )
            name = f"{signal.strategy}|{signal.company}"
            current = writes.hashes.get(latest, {}).get(name) or self._store.hash_value(self._slot, latest, name)
            if current is None or decode_signal(current).at <= signal.at:
                writes.hashes.setdefault(latest, {})[name] = encode_signal(signal)
            writes.hashes.setdefault(keys.outbox(self._slot), {})[signal.id] = encode_signal(signal)
        writes.closed = until
        # an hour stays pending until the slowest strategy has closed over it
        settled = [hour for hour in due if -(-(hour[1] + HOUR) // self._slowest) * self._slowest <= until]
        writes.settled = [*settled, *late]
        if not self._store.commit(Plan(self._slot, state.position, state.position, writes)):
            raise Stale(f"slot {self._slot}: the position moved on while signals were made")


def _same(before: Signal, after: Signal) -> bool:
    """Whether two revisions say the same."""
    names = (name for name in before.__struct_fields__ if name not in ("id", "revision", "available_at"))
    return all(getattr(before, name) == getattr(after, name) for name in names)
