"""Signals at bucket close: when every origin partition's watermark has passed T plus the allowed lateness.

One `Closer` serves one slot of any store. Batches are cut at the ticks that close an hour (`parts`), so that a signal
sees
the same buckets live, in a replay and in any batch size; signals are then made from buckets alone and written in one
atomic step of their own, at an unchanged position. An hour that changes after its close is late: every signal that
saw it
is made again when the next hour closes, and given out with a higher revision where it differs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Final

from services.aggregation.core.apply import Stale
from services.aggregation.core.plan import Decoded, Plan, Rules
from services.aggregation.core.state import HourKey, SlotState, Writes
from services.aggregation.core.store import SignalStore
from services.aggregation.signals.block_cache import Remembered
from services.aggregation.signals.evidence import evidence_of, with_evidence
from services.aggregation.signals.features import features
from services.aggregation.signals.given import Before, Given
from services.aggregation.signals.lookback import WEEK_SECONDS
from services.aggregation.signals.recommend import recommend
from services.aggregation.signals.strategy import Strategy
from shared.clock import DAY_SECONDS, HOUR_SECONDS, SECOND
from shared.contract.events import CHANNELS, MARKET, PEERS, Tick
from shared.contract.signals import KEPT_MOMENTS, Signal, decode_signal, encode_signal
from shared.universe.expected.known_dates import Calendar

HOURS_OF_EVIDENCE: Final = 24  # whose heaviest documents may be named: the latest in which something was heard

SignalKey = tuple[str, str, int]  # company, strategy, T in seconds


def boundary(watermarks: dict[str, int], streams: frozenset[str], lateness: int) -> int | None:
    """The last T (seconds, a full hour) that every origin partition has passed by `lateness`; None before all spoke."""
    if not streams or any(stream not in watermarks for stream in streams):
        return None
    return (min(watermarks[stream] for stream in streams) - lateness) // (HOUR_SECONDS * SECOND) * HOUR_SECONDS


class Closer:
    """Gives out the signals of one slot. `streams` are all origin partitions of the run (Origin.stream); `keep`: how
    many moments of a company and strategy the store keeps whole, None for all; `calendar`: the expected dates, by
    default those of the settings, read where a strategy asks."""

    def __init__(
        self,
        store: SignalStore,
        slot: int,
        strategies: Sequence[Strategy],
        streams: frozenset[str],
        rules: Rules,
        keep: int | None = KEPT_MOMENTS,
        calendar: Calendar | None = None,
    ) -> None:
        self._store = store
        self._slot = slot
        self._strategies = strategies
        self._streams = streams
        self._lateness = rules.lateness
        self._slowest = max((s.cadence_hours for s in strategies), default=1) * HOUR_SECONDS
        self._remembered = Remembered(store, slot, strategies)
        self._given = Given(store, slot, rules.keep["hour"], keep)
        asking = any(strategy.reads_calendar for strategy in strategies)
        self._calendar = (calendar or Calendar.load()) if asking else None
        self._latest: dict[str, int] = {}  # by field of the latest signals: the T of the one there

    # -- cutting batches
    def parts(self, records: Sequence[Decoded]) -> Iterator[Sequence[Decoded]]:
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
        self._remembered.forget()
        self._given.forget()
        self._latest.clear()

    def changed(self, plan: Plan) -> None:
        """A plan was applied: its buckets are no longer what was remembered."""
        self._remembered.changed(plan.writes)

    # -- closing
    def close(self) -> list[Signal]:
        """Give out what is due, in one atomic step; empty when nothing closed since the last time."""
        state = self._store.state(self._slot, set())
        until = boundary(state.watermarks, self._streams, self._lateness)
        if until is None or state.position is None or (state.closed is not None and until <= state.closed):
            return []
        due = sorted(hour for hour in state.pending if hour[1] + HOUR_SECONDS <= until)
        late = sorted(state.late)
        state = self._store.state(self._slot, self._with_peers({company for company, _ in (*due, *late)}))
        signals = self._made(state, due, late, until)
        self._commit(state, signals, due, late, until)
        return signals

    def _made(self, state: SlotState, due: list[HourKey], late: list[HourKey], until: int) -> list[Signal]:
        fresh: dict[SignalKey, Strategy] = {}
        again: dict[SignalKey, Strategy] = {}
        for strategy in self._strategies:
            step = strategy.cadence_hours * HOUR_SECONDS
            for company, hour in _heard_by(strategy, due):
                at = _first_close(hour, step)
                if company != MARKET and at <= until and (state.closed is None or at > state.closed):
                    fresh[company, strategy.name, at] = strategy
            for company, hour in _heard_by(strategy, late):
                if company != MARKET:
                    for at in self._seen_by(state, company, strategy, hour, until):
                        again[company, strategy.name, at] = strategy
        wanted = [
            (name, at, strategy)
            for (company, _, at), strategy in (fresh | again).items()
            for name in (company, *([PEERS + company] if strategy.hears_peers else []))
        ]
        self._remembered.read(state, wanted)
        known = self._known(again)
        low = min(state.watermarks[stream] for stream in self._streams)
        made = []
        for key in sorted({*fresh, *again}):
            company, _, at = key
            strategy = fresh.get(key) or again[key]
            before = known.get(key)
            available = at * SECOND + self._lateness if before is None else max(low, at * SECOND + self._lateness)
            signal = self._signal(company, at, strategy, available, before.revisions if before is not None else 0)
            if signal is not None and not (before is not None and before.says(signal)):
                made.append(signal)
        return made

    def _with_peers(self, companies: set[str]) -> set[str]:
        """Companies and what they hear of others, both ways, where a strategy asks."""
        if not any(strategy.hears_peers for strategy in self._strategies):
            return companies
        own = {company.removeprefix(PEERS) for company in companies}
        return own | {PEERS + company for company in own}

    def _seen_by(self, state: SlotState, company: str, strategy: Strategy, hour: int, until: int) -> list[int]:
        """Every T at which an opinion that became available in `hour` counts: the first, those given out, and those
        that another hour had asked for in vain, because the look-back held too few documents.
        """
        step = strategy.cadence_hours * HOUR_SECONDS
        first, lookback = _first_close(hour, step), strategy.lookback_hours * HOUR_SECONDS
        reach = first + max(lookback, (strategy.baseline_days + 2) * DAY_SECONDS, 5 * WEEK_SECONDS)
        given = self._given.moments(company, strategy.name, first * SECOND, reach * SECOND)
        times = {at // SECOND for at in given}
        names = (company, PEERS + company) if strategy.hears_peers else (company,)
        for name, channel in product(names, CHANNELS):
            hours = state.series.get((name, channel, "hour"))
            if hours is not None:
                asked = hours.between(hour, first + lookback)
                times.update(at for at in (_first_close(h, step) for h in asked) if at <= first + lookback)
        return sorted(at for at in {first, *times} if first <= at <= min(until, reach))

    def _known(self, keys: dict[SignalKey, Strategy]) -> dict[SignalKey, Before]:
        found = {key: self._given.before(key[0], key[1], key[2] * SECOND) for key in keys}
        return {key: before for key, before in found.items() if before is not None}

    def _signal(self, company: str, at: int, strategy: Strategy, available_at: int, revision: int) -> Signal | None:
        look = self._remembered.look_back(company, at, strategy)
        peers = self._remembered.look_back(PEERS + company, at, strategy) if strategy.hears_peers else None
        values = features(look, strategy, peers)
        if strategy.reads_calendar and self._calendar is not None:
            values |= self._calendar.features(company, at * SECOND)
        found = recommend(
            company,
            at * SECOND,
            values,
            look.documents + (peers.documents if peers is not None else 0),
            strategy,
            available_at=available_at,
            revision=revision,
        )
        if found is None:
            return None
        latest = look.latest_hours(HOURS_OF_EVIDENCE)
        kept = self._store.tops(self._slot, [(company, start) for start in latest])
        evidence = evidence_of(found.score, look, strategy, kept)
        return with_evidence(found, evidence)

    # -- writing
    def _commit(
        self, state: SlotState, signals: list[Signal], due: list[HourKey], late: list[HourKey], until: int
    ) -> None:
        assert state.position is not None
        writes = Writes(state.totals)
        keys = self._store.keys
        latest = keys.latest_signals(self._slot)
        moved: dict[str, int] = {}
        for signal in signals:
            name, encoded = f"{signal.strategy}|{signal.company}", encode_signal(signal)
            if moved.get(name, self._latest_at(latest, name)) <= signal.at:
                writes.hashes.setdefault(latest, {})[name] = encoded
                moved[name] = signal.at
            writes.hashes.setdefault(keys.outbox(self._slot), {})[signal.id] = encoded
        self._given.write(writes, signals)
        writes.closed = until
        # an hour stays pending until the slowest strategy has closed over it, also when it is late for a faster one
        unclosed = {hour for hour in (*due, *late) if _first_close(hour[1], self._slowest) > until}
        writes.settled = sorted((set(due) - unclosed) | set(late))
        writes.pending = unclosed & set(late)
        if not self._store.commit(Plan(self._slot, state.position, state.position, writes)):
            raise Stale(f"slot {self._slot}: the position moved while signals were made")
        self._latest |= moved
        self._given.durable()

    def _latest_at(self, key: str, name: str) -> int:
        at = self._latest.get(name)
        if at is None:
            raw = self._store.hash_value(self._slot, key, name)
            at = self._latest[name] = decode_signal(raw).at if raw is not None else -1
        return at


def _heard_by(strategy: Strategy, hours: Sequence[HourKey]) -> list[HourKey]:
    """Of which company's signals a changed hour is: what it hears of others concerns strategies alone that ask."""
    if strategy.hears_peers:
        return sorted({(company.removeprefix(PEERS), hour) for company, hour in hours})
    return [(company, hour) for company, hour in hours if not company.startswith(PEERS)]


def _first_close(hour: int, step: int) -> int:
    """The first T, a multiple of `step` seconds, at which the hour that begins at `hour` has ended."""
    return -(-(hour + HOUR_SECONDS) // step) * step
