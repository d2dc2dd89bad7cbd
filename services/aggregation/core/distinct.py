"""Which opinions of one partition of `opinions` count: the rule of `plan`, without the aggregates."""

from __future__ import annotations

from services.aggregation.core.duplicates import CHUNK_OFFSETS, IdWindow, id_key
from services.aggregation.core.state import Mark
from shared.clock import DAY
from shared.contract.events import Opinion
from shared.settings import AggregationSettings


class Distinct:
    """Fed with every opinion of one slot in offset order."""

    def __init__(self, settings: AggregationSettings) -> None:
        self._window = settings.duplicate_days * DAY
        self._marks: dict[str, Mark] = {}
        self._windows: dict[str, IdWindow] = {}
        self._ids: dict[tuple[str, int], dict[str, int]] = {}
        self._requeued: set[tuple[str, str]] = set()

    def counts(self, opinion: Opinion) -> bool:
        """Whether this is the one that counts; False for what was delivered before, and for a copy."""
        origin = opinion.origin
        stream, mark = origin.stream, (origin.offset, origin.index)
        if mark <= self._marks.get(stream, (-1, 0)):
            return False
        self._marks[stream] = mark
        if opinion.requeued_from and (opinion.requeued_from, opinion.company) in self._requeued:
            return False
        if not self._first(opinion, stream, origin.offset // CHUNK_OFFSETS):
            return False
        if opinion.requeued_from:
            self._requeued.add((opinion.requeued_from, opinion.company))
        return True

    def _first(self, opinion: Opinion, stream: str, current: int) -> bool:
        window = self._windows.setdefault(stream, IdWindow())
        key = id_key(opinion.company, opinion.document_id)
        for chunk in window.chunks:
            first = self._ids[stream, chunk].get(key)
            if first is not None and window.holds(first, chunk, current, self._window):
                return False
        window.record(opinion.available_at, current)
        self._ids.setdefault((stream, current), {})[key] = opinion.available_at
        for chunk in window.expire(current, self._window):
            del self._ids[stream, chunk]
        return True
