"""Which questions a reviewer should answer next: uncertainty x weight x novelty. Equal ones are ordered by name.

Novel is what repeats nothing that was answered already, nor what stands before it in the queue: in full up to a cosine
of 0.85 with any of them, not at all at one. Questions about one document stand together, for its text is read
once. What two people answered differently comes first; what one alone has answered comes again, for others, at half its
priority.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from heapq import heapify, heappop, heappush
from typing import Final, NamedTuple

from shared.contract.events import MICRO
from shared.contract.feedback.label import ASPECTS, Asked
from shared.contract.feedback.resolution import Resolution, State
from shared.contract.readings import Reading
from shared.reading.review.likeness import Likeness
from shared.reading.review.questions import Question

_HALVES: Final[Mapping[State, int]] = {"disputed": 2, "open": 2, "once": 1}  # of the priority; others are not asked
_REPEATS: Final = 850_000  # the cosine from which on novelty falls
_TOGETHER: Final = 2  # a document's further questions come along that have at least half the priority of its best


class Seen(NamedTuple):
    """What was answered: by anybody, and by the one who is asked now."""

    resolutions: Mapping[Asked, Resolution]
    reviewer: str

    def asks(self, asked: Asked) -> bool:
        """Whether the reviewer's answer would say something new."""
        found = self.resolutions.get(asked)
        return found is None or (found.state in _HALVES and self.reviewer not in found.votes)

    def state(self, asked: Asked) -> State:
        found = self.resolutions.get(asked)
        return found.state if found else "open"


class Queued(NamedTuple):
    """A question in its place. Micro-units; `state`: what others have made of it."""

    question: Question
    novelty: int
    priority: int
    state: State

    @property
    def order(self) -> tuple[bool, int, Asked]:
        return (self.state != "disputed", -self.priority, self.question.asked)


def queue(questions: Iterable[Question], readings: Mapping[str, Reading], seen: Seen, limit: int) -> list[Queued]:
    """The first `limit` questions, best first. `readings`: of the documents asked about, and of those answered."""
    left: dict[str, list[Question]] = {}
    for question in questions:
        if seen.asks(question.asked):
            left.setdefault(question.asked.document_id, []).append(question)
    placing = _Placing(readings, sorted(left), seen)
    # what is answered makes others less novel and never more: a place that was worked out before is one at best
    places = [(placing.place(question).order, question) for mine in left.values() for question in mine]
    heapify(places)
    found: list[Queued] = []
    while places and len(found) < limit:
        earlier, question = heappop(places)
        if question.asked.document_id not in left:
            continue
        best = placing.place(question)
        if best.order > earlier:
            heappush(places, (best.order, question))
            continue
        if best.state != "disputed" and not best.priority:
            break
        mine = sorted(map(placing.place, left.pop(question.asked.document_id)), key=lambda each: each.order)
        together = [each for each in mine if each.state == "disputed" or _TOGETHER * each.priority >= best.priority]
        placing.taken(together)
        found += together
    return found[:limit]


class _Placing:
    """Where a question stands, as novel as it is beside what was answered, and taken into the queue so far."""

    def __init__(self, readings: Mapping[str, Reading], names: Sequence[str], seen: Seen) -> None:
        self._seen = seen
        self._alike = {aspect: Likeness(readings, names) for aspect in ASPECTS}
        for aspect, likeness in self._alike.items():
            likeness.near(sorted({each.document_id for each in seen.resolutions if each.aspect == aspect}))

    def place(self, question: Question) -> Queued:
        asked = question.asked
        state = self._seen.state(asked)
        # what somebody has answered is near to itself, and is to be asked again
        novelty = novelty_of(self._alike[asked.aspect].of(asked.document_id)) if state == "open" else MICRO
        priority = question.uncertainty * question.weight // MICRO * novelty // MICRO
        return Queued(question, novelty, priority * _HALVES[state] // 2, state)

    def taken(self, some: Sequence[Queued]) -> None:
        for asked in sorted(each.question.asked for each in some):
            self._alike[asked.aspect].near([asked.document_id])


def novelty_of(alike: int) -> int:
    """Of what has this cosine with the nearest thing known. To reward more than not being a repetition would choose
    outliers, and loses against chance (decision 0211)."""
    return min(MICRO, (MICRO - alike) * MICRO // (MICRO - _REPEATS))
