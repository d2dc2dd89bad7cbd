"""Which opinions of a slot count: the one rule of what is sent again and what is a copy. Pure.

Fed in offset order. A batch reads the loaded state and notes into its own `Writes`; where batches are cut, and when
what can match nothing any more is forgotten, changes no answer (docs/decisions/0002).
"""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple, Protocol

from services.aggregation.core.dead_letters import APPLIED, opinion_field
from services.aggregation.core.duplicates import CHUNK_OFFSETS, IdWindow, id_key
from services.aggregation.core.state import SlotState, Writes
from shared.clock import DAY
from shared.contract.aggregates import Totals
from shared.contract.events import DEAD, Opinion, Origin, Outcome
from shared.settings import AggregationSettings


class Verdict(Enum):
    """What an opinion is."""

    FIRST = "first"  # counts, and is remembered
    COPY = "copy"  # counted under another origin
    AGAIN = "again"  # this very record was applied before


FIRST: Final = Verdict.FIRST  # bound once: every opinion is judged
COPY: Final = Verdict.COPY
AGAIN: Final = Verdict.AGAIN


class Marked(Protocol):
    """What of a message says whether it counts."""

    @property
    def origin(self) -> Origin: ...
    @property
    def company(self) -> str: ...
    @property
    def document_id(self) -> str: ...
    @property
    def available_at(self) -> int: ...
    @property
    def requeued_from(self) -> str: ...


class _UnreadMark(NamedTuple):
    origin: Origin
    document_id: str
    available_at: int
    company: str = DEAD
    requeued_from: str = ""


def unread_mark(outcome: Outcome) -> Marked:
    """A document that no model reads, as the rule sees it: it counts under the key that its outcome travels with."""
    return _UnreadMark(outcome.origin, outcome.document_id, outcome.available_at)


class Copies:
    """What a slot remembers, with a batch's own notes over it. `window`: microseconds in which a copy is recognised."""

    def __init__(self, state: SlotState, writes: Writes, window: int) -> None:
        self._state = state
        self._writes = writes
        self._window = window

    def judge(self, opinion: Marked) -> Verdict:
        """What this opinion is, noting it."""
        origin = opinion.origin
        stream, mark = origin.stream, (origin.offset, origin.index)
        applied = self._writes.marks.get(stream) or self._state.marks.get(stream)
        if applied is not None and mark <= applied:
            return AGAIN
        self._writes.marks[stream] = mark
        if opinion.requeued_from:
            name = opinion_field(opinion.requeued_from, opinion.company)
            if self.letter(name) is not None:
                return COPY
        if not self._is_new(opinion, stream, origin.offset // CHUNK_OFFSETS):
            return COPY
        if opinion.requeued_from:
            self._writes.letters[name] = APPLIED
        return FIRST

    def letter(self, name: str) -> str | None:
        """A field of the letters hash as it is now."""
        return self._writes.letters.get(name) or self._state.letters.get(name)

    def _is_new(self, opinion: Marked, stream: str, current: int) -> bool:
        """Whether nothing that is remembered makes a copy of it; then it is remembered."""
        writes = self._writes
        window = writes.windows.get(stream)
        if window is None:
            stored = self._state.windows.get(stream)
            window = writes.windows[stream] = stored.copy() if stored is not None else IdWindow()
        key = id_key(opinion.company, opinion.document_id)
        ids = self._state.ids.get(stream)
        for chunk in window.chunks:
            added = writes.ids.get((stream, chunk))
            first = added.get(key) if added is not None else None
            if first is None and ids is not None and chunk in ids:
                first = ids[chunk].get(key)
            if first is not None and window.holds(first, chunk, current, self._window):
                return False
        window.record(opinion.available_at, current)
        added = writes.ids.get((stream, current))
        if added is None:
            added = writes.ids[stream, current] = {}
        added[key] = opinion.available_at
        return True

    def forget(self) -> None:
        """Unlink chunks of ids that can match nothing any more."""
        for stream, window in self._writes.windows.items():
            current = self._writes.marks[stream][0] // CHUNK_OFFSETS
            for chunk in window.expire(current, self._window):
                self._writes.ids.pop((stream, chunk), None)
                self._writes.dropped_chunks.append((stream, chunk))


class Distinct:
    """The rule without the aggregates: fed with every opinion of one slot from the beginning of its log."""

    FORGET_EVERY = 10_000  # opinions

    def __init__(self, settings: AggregationSettings) -> None:
        self._copies = Copies(SlotState(0), Writes(Totals()), settings.duplicate_days * DAY)
        self._seen = 0

    def counts(self, opinion: Opinion) -> bool:
        """Whether this is the one that counts; False for what was delivered before, and for a copy."""
        self._seen += 1
        if self._seen % self.FORGET_EVERY == 0:
            self._copies.forget()
        return self._copies.judge(opinion) is FIRST
