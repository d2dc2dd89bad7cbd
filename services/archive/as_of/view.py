"""A run as it was at a moment, asked as one that lives is (shared/reading/run.py): the same questions, the same order.

Of one slot, or of all of them. Documents pass through the deletions of now.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final

from services.aggregation.core.state import SlotState
from services.aggregation.stores.memory import MemoryStore
from services.archive.as_of.moments import newest_known
from services.archive.as_of.past import Past, PastRuns, signals_of
from shared.clock import HOUR_SECONDS, SECOND
from shared.contract.aggregates import RecentDocument, Resolution, Totals
from shared.contract.events import PEERS, Channel
from shared.contract.signals import KEPT_MOMENTS, Signal, decode_signal
from shared.contract.topics import partition_for
from shared.contract.voices import authors_in
from shared.reading.archive.history import archived_signals
from shared.reading.archive.tables import ArchiveTables, applied_by
from shared.reading.deleted import newest_versions
from shared.reading.known import Starts
from shared.reading.values.buckets import Row
from shared.reading.values.documents import with_heaviest

EVERYBODY: Final = ""  # no company
Shown = Callable[[Sequence[RecentDocument]], list[RecentDocument]]


class PastRun:
    """`slots`: those that are known, by number; `many`: how many there were; `at`: microseconds of the wall clock;
    `newest`: the highest available_at of all opinions, where not every slot is known."""

    def __init__(
        self, at: int, slots: Mapping[int, Past], many: int, shown: Shown, tables: ArchiveTables, newest: int = 0
    ) -> None:
        self.at, self.slots, self._many, self._newest = at, slots, many, newest
        self.buckets = PastBuckets(self)
        self.documents = PastDocuments(self, shown)
        self.signals = PastSignals(self, tables)

    def past_of(self, company: str) -> Past | None:
        """The slot of a company, where it is known."""
        return self.slots.get(partition_for(company, self._many))

    def store_of(self, company: str) -> MemoryStore | None:
        past = self.past_of(company)
        return past.folded.store if past is not None else None

    def state_of(self, company: str) -> SlotState | None:
        past = self.past_of(company)
        return past.folded.store.states[past.folded.slot] if past is not None else None

    @property
    def model(self) -> str:
        """That the run was bound to."""
        return next((past.moment.entry.model for past in self._latest()), "")

    @property
    def universe(self) -> str:
        return next((past.moment.entry.universe for past in self._latest()), "")

    def _latest(self) -> list[Past]:
        """The slot that moved last, first."""
        return sorted(self.slots.values(), key=lambda past: -past.moment.at)

    @property
    def silent(self) -> str:
        """Why signals are not known; "" where they are."""
        return next((past.silent for past in self.slots.values() if past.silent), "")

    def newest(self) -> dict[str, int]:
        """Company id -> its highest available_at (microseconds); where not every slot is known, EVERYBODY's beside."""
        found = {
            name: company.newest
            for past in self.slots.values()
            for name, company in past.folded.store.states[past.folded.slot].companies.items()
            if company.newest is not None and not name.startswith(PEERS)
        }
        return found | ({EVERYBODY: self._newest} if self._newest else {})

    def totals(self) -> Totals:
        """As RunView.totals, of the slots that are known."""
        counts = [past.folded.store.totals(past.folded.slot) for past in self.slots.values()]
        together = {name: sum(getattr(each, name) for each in counts) for name in Totals.__struct_fields__}
        return Totals(**together | {"retracted": max((each.retracted for each in counts), default=0)})

    def feed(self) -> list[RecentDocument]:
        """The newest documents of the whole market, newest first, as they may be shown now."""
        found = [each for past in self.slots.values() for each in past.feed]
        ordered = sorted(found, key=lambda document: (-document.available_at, document.id, document.company))
        return self.documents.shown(newest_versions(ordered))

    def records(self, company: str) -> str:
        """A condition (SQL) on archived opinions: those of the company's slot that had been applied, and what former
        topics had by then."""
        past = self.past_of(company)
        if past is None:
            return "false"
        return applied_by(past.moment.topic_id, past.folded.slot, past.folded.offset, self.at)


def past_company(runs: PastRuns, company: str, at: int) -> PastRun:
    """A run as of `at` (microseconds, wall clock), as far as it is known of one company. Raises NotKnown."""
    past = runs.slot(company, at)
    slots = past.folded.store.slots
    newest = newest_known(runs.tables, slots, at)
    return PastRun(at, {past.folded.slot: past}, slots, runs.shown, runs.tables, newest)


class PastBuckets:
    """As shared.reading.values.buckets.Buckets."""

    def __init__(self, run: PastRun) -> None:
        self._run = run

    def rows(self, companies: Iterable[str], channels: Sequence[Channel], starts: Starts) -> list[Row]:
        found = []
        for company in companies:
            state = self._run.state_of(company)
            for resolution, some in starts.items() if state is not None else ():
                for channel in channels:
                    series = state.series.get((company, channel, resolution))  # type: ignore[union-attr]
                    cells = series.cells if series is not None else {}
                    found += [
                        Row(company, channel, resolution, start, cells[start].bucket)
                        for start in some
                        if start in cells
                    ]
        return found

    def distinct_each(
        self, company: str, resolution: Resolution, channels: Mapping[int, Collection[Channel]]
    ) -> dict[int, tuple[int, int]]:
        state, found = self._run.state_of(company), dict[int, tuple[int, int]]()
        for start, some in channels.items():
            series = (state.series.get((company, channel, resolution)) for channel in some) if state is not None else ()
            cells = [each.cells[start] for each in series if each is not None and start in each.cells]
            authors = set[str]().union(*(authors_in(each.authors) for each in cells))
            stories = set[str]().union(*(each.stories for each in cells))
            found[start] = len(authors), len(stories)
        return found


class PastDocuments:
    """As shared.reading.values.documents.Documents."""

    def __init__(self, run: PastRun, shown: Shown) -> None:
        self._run, self.shown = run, shown

    def between(self, companies: Iterable[str], start: int, end: int) -> list[RecentDocument]:
        documents = [
            each for company in companies for each in self._recent(company) if start <= each.available_at < end
        ]
        found = sorted(documents, key=lambda document: (-document.available_at, document.id, document.company))
        return self.shown(newest_versions(found))

    def behind(self, company: str, start: int, end: int) -> list[RecentDocument]:
        store = self._run.store_of(company)
        hours = store.heaviest(company) if store is not None else {}
        first = start // HOUR_SECONDS * HOUR_SECONDS
        heaviest = [each for hour, some in hours.items() if first <= hour < end for each in some]
        return with_heaviest(self.between([company], start * SECOND, end * SECOND), heaviest, start, end, self.shown)

    def named(self, company: str, ids: Sequence[str], hours: Iterable[int]) -> list[RecentDocument]:
        store, by_id = self._run.store_of(company), dict[str, RecentDocument]()
        for hour in hours if store is not None else ():
            by_id |= {each.id: each for each in store.top(company, hour)}  # type: ignore[union-attr]
        by_id |= {each.id: each for each in self._recent(company)}
        return self.shown([by_id[name] for name in ids if name in by_id])

    def _recent(self, company: str) -> list[RecentDocument]:
        store = self._run.store_of(company)
        return store.recent(company) if store is not None else []


class PastSignals:
    """As shared.reading.values.signals.Signals; of a run that is not `silent`."""

    def __init__(self, run: PastRun, tables: ArchiveTables) -> None:
        self._run, self._tables = run, tables

    def latest(self) -> list[Signal]:
        found = []
        for past in self._run.slots.values():
            key = past.folded.store.keys.latest_signals(past.folded.slot)
            found += [decode_signal(raw) for raw in past.folded.store.hashes.get(key, {}).values()]
        return sorted(found, key=lambda signal: (-abs(signal.score), signal.company, signal.strategy))

    def revisions(self, companies: Iterable[str], strategies: Sequence[str] | None = None) -> list[Signal]:
        found = []
        for company in companies:
            past = self._run.past_of(company)
            if past is None:
                continue
            wanted = [name for name in past.strategies if strategies is None or name in strategies]
            held = {each.id: each for each in signals_of(past.folded.store, company, wanted)}
            if any(
                len({each.at for each in held.values() if each.strategy == name}) >= KEPT_MOMENTS for name in wanted
            ):
                for each in archived_signals(self._tables, [company], wanted, f"appended_at <= {self._run.at}"):
                    held.setdefault(each.id, each)
            found += sorted(held.values(), key=lambda signal: (signal.at, signal.strategy, signal.revision))
        return found
