"""The store of one process: live objects, nothing packed, gone with the process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.aggregation.core.plan import Decoded, Plan
from services.aggregation.core.state import CellKey, HourKey, Position, SlotState, fold
from services.aggregation.core.store import BucketRow
from shared.contract.aggregates import RESOLUTIONS, RecentDocument, Resolution, Totals
from shared.contract.events import CHANNELS
from shared.contract.keys import Keys


class MemoryStore:
    """What replays at full speed and tests apply to. `run` stands in the keys alone."""

    def __init__(self, slots: int, run: str = "memory") -> None:
        self.slots = slots
        self.keys = Keys(run, slots)
        self.states = [SlotState(slot) for slot in range(slots)]
        self.hashes: dict[str, dict[str, bytes]] = {}  # what signals wrote, by Redis key
        self.documents: dict[str, dict[str, RecentDocument]] = {}  # a company's latest, by id

    def load(self, slot: int, records: Sequence[Decoded]) -> SlotState:  # noqa: ARG002
        return self.states[slot]

    def commit(self, plan: Plan) -> bool:
        state = self.states[plan.slot]
        if state.position != plan.expected:
            return False
        fold(state, plan.writes, plan.position)
        for company, draft in plan.writes.companies.items():
            documents = self.documents.setdefault(company, {})
            documents.update(draft.added)
            for document_id in draft.removed:
                documents.pop(document_id, None)
        for key, fields in plan.writes.hashes.items():
            self.hashes.setdefault(key, {}).update(fields)
        for key, gone in plan.writes.unset.items():
            for field in gone:
                self.hashes.get(key, {}).pop(field, None)
        return True

    def state(self, slot: int, companies: set[str]) -> SlotState:  # noqa: ARG002
        return self.states[slot]

    def cells(self, slot: int, keys: Sequence[CellKey]) -> list[BucketRow]:
        series = self.states[slot].series
        found = ((key, series[key[0], key[1], key[2]].cells[key[3]]) for key in keys)
        return [BucketRow(*key, cell.bucket, cell.authors, cell.stories) for key, cell in found]

    def tops(self, slot: int, hours: Sequence[HourKey]) -> list[RecentDocument]:
        tops = self.states[slot].tops
        return [document for hour in hours for document in tops.get(hour, ())]

    def hash_value(self, slot: int, key: str, field: str) -> bytes | None:  # noqa: ARG002
        return self.hashes.get(key, {}).get(field)

    def pack(self, slot: int, until: int) -> int:  # noqa: ARG002
        return 0

    def hash_fields(self, slot: int, key: str) -> list[str]:  # noqa: ARG002
        return list(self.hashes.get(key, ()))

    def position(self, slot: int) -> Position | None:
        return self.states[slot].position

    def totals(self, slot: int) -> Totals:
        return self.states[slot].totals

    def rows(self, resolutions: Sequence[Resolution] = RESOLUTIONS) -> Iterator[BucketRow]:
        companies = sorted(
            ((company, state) for state in self.states for company in state.companies), key=lambda pair: pair[0]
        )
        return self._rows(companies, sorted(resolutions))

    def company_rows(self, company: str) -> list[BucketRow]:
        """Every bucket of one company, by (resolution, channel, start)."""
        own = [(company, state) for state in self.states if company in state.companies]
        return list(self._rows(own, sorted(RESOLUTIONS)))

    def _rows(self, companies: list[tuple[str, SlotState]], resolutions: list[Resolution]) -> Iterator[BucketRow]:
        for resolution in resolutions:
            for company, state in companies:
                for channel in CHANNELS:
                    series = state.series.get((company, channel, resolution))
                    for start in series.starts if series is not None else ():
                        cell = series.cells[start]  # type: ignore[union-attr]
                        yield BucketRow(company, channel, resolution, start, cell.bucket, cell.authors, cell.stories)

    def recent(self, company: str) -> list[RecentDocument]:
        documents = self.documents.get(company, {}).values()
        return sorted(documents, key=lambda document: (document.available_at, document.id))

    def heaviest(self, company: str) -> dict[int, list[RecentDocument]]:
        """Each hour (start, seconds) of a company with its heaviest documents, heaviest first."""
        tops = [(key[1], found) for state in self.states for key, found in state.tops.items() if key[0] == company]
        return dict(sorted(tops))

    def top(self, company: str, hour: int) -> list[RecentDocument]:
        for state in self.states:
            if (company, hour) in state.tops:
                return state.tops[company, hour]
        return []
