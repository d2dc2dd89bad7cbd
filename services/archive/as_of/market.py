"""Every company as of a moment: each slot made again from its last checkpoint, and of it what the whole market is asked
for: counts of two months, the latest signals, and the newest documents. Other words and older counts are asked for by
company.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from heapq import nlargest
from typing import Any, Final

import msgspec

from services.aggregation.core.state import Cell, CompanyState, Series, SlotState
from services.aggregation.stores.memory import MemoryStore
from services.archive.as_of.fold import Folded
from services.archive.as_of.moments import Moment, NotKnown, moments_of
from services.archive.as_of.past import Bound, Latest, Past, PastRuns
from services.archive.as_of.view import PastRun
from shared.clock import DAY_SECONDS, SECOND, to_iso
from shared.contract.events import PEERS
from shared.reading.measuring.windows import AHEAD

MOST_RECORDS: Final = 400_000  # of all slots behind their checkpoints: about a quarter of a minute
KEPT: Final = 2  # moments
FEED: Final = 500  # newest documents of a slot
DAYS: Final = 61  # of counts behind a company's newest opinion: the longest window, and the one before it


class PastMarkets:
    """Thread-safe; one question is answered at a time, and the latest few answers are kept."""

    def __init__(self, runs: PastRuns, most: int = MOST_RECORDS) -> None:
        self._runs, self._most = runs, most
        self._kept: Latest[tuple[tuple[int, str, int], ...], dict[int, Past]] = Latest(KEPT)

    def at(self, at: int) -> PastRun:
        """The run as of `at`, microseconds of the wall clock. Raises NotKnown, also where it would take too long."""
        bound = self._runs.bound()
        moments = moments_of(self._runs.tables, bound.slots, at)
        place = tuple((each.slot, each.topic_id, each.offset) for each in moments)
        known = self._kept.of(place, partial(self._made, moments, bound))
        many = moments[0].entry.slots or bound.slots
        slots = {each.slot: known[each.slot]._replace(moment=each) for each in moments}
        return PastRun(at, slots, many, self._runs.shown, self._runs.tables)

    def _made(self, moments: Sequence[Moment], bound: Bound) -> dict[int, Past]:
        records = sum(each.offset - self._runs.begins(each, bound) for each in moments)
        if records > self._most:
            raise NotKnown(
                f"{records:,} records lie between the checkpoints and that moment, {self._most:,} are read at most for "
                "the whole market; wait for the archive worker to make more (bellwether archive status), or ask for "
                "one company"
            )
        return {each.slot: counts_alone(self._runs.fresh(each, bound)) for each in moments}


def counts_alone(past: Past) -> Past:
    """A slot with what the whole market is asked for, and nothing else."""
    whole, slot = past.folded.store, past.folded.slot
    old, store = whole.states[slot], MemoryStore(whole.slots, whole.keys.run)
    state = store.states[slot] = SlotState(slot, old.position, totals=old.totals)
    state.companies = {name: CompanyState(each.newest) for name, each in old.companies.items()}
    for key, series in old.series.items():
        newest = old.companies[key[0]].newest
        if newest is None or not series.starts or key[0].startswith(PEERS):
            continue
        end = min(newest, past.moment.at + AHEAD) // SECOND
        kept = state.series[key] = Series(series.between(end - DAYS * DAY_SECONDS, series.starts[-1] + 1))
        kept.cells = {start: Cell(series.cells[start].bucket, detailed=False) for start in kept.starts}
    latest = store.keys.latest_signals(slot)
    store.hashes = {latest: whole.hashes.get(latest, {})}
    reach = past.moment.at + AHEAD
    listed = (some for name, some in whole.documents.items() if not name.startswith(PEERS))
    heard = (each for some in listed for each in some.values() if each.available_at <= reach)
    feed = nlargest(FEED, heard, key=lambda each: (each.available_at, each.id))
    return past._replace(folded=Folded(store, slot, past.folded.offset), feed=tuple(feed))


def plain(past: PastRun) -> dict[str, Any]:
    """As plain data, for who asks in another process: every bucket of every company, its newest opinion, the latest
    signals, the newest documents, and what was counted since the run began."""
    companies = past.newest()
    stores = [(each.folded.store, each.folded.store.states[each.folded.slot]) for each in past.slots.values()]
    return {
        "as_of": to_iso(past.at),
        "model": past.model,
        "universe": past.universe,
        "newest": companies,
        "totals": msgspec.to_builtins(past.totals()),
        "series": [
            [*key, [[start, msgspec.to_builtins(series.cells[start].bucket)] for start in series.starts]]
            for _, state in stores
            for key, series in sorted(state.series.items())
            if series.starts
        ],
        "documents": [msgspec.to_builtins(each) for each in past.feed()],
        "signals": None if past.silent else [msgspec.to_builtins(each) for each in past.signals.latest()],
        **({"signals_not_known": past.silent} if past.silent else {}),
    }
