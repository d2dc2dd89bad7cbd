"""What stands of a question when some people have answered it. Pure; the order in which labels arrive says nothing.

One answer stands until somebody says otherwise; two who differ need a third; what more say than anything else stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from shared.contract.feedback.label import UNSURE, Asked, Label

State = Literal["open", "once", "agreed", "disputed", "decided"]
SETTLED: Final = frozenset[State]({"once", "agreed", "decided"})  # there is an answer


class Resolution(NamedTuple):
    """`answer`: "" while there is none. `votes`: reviewer -> what they say now, UNSURE too, by name."""

    asked: Asked
    state: State
    answer: str
    votes: dict[str, str]

    @property
    def settled(self) -> bool:
        return self.state in SETTLED

    @property
    def voters(self) -> int:
        """Those who could tell."""
        return sum(answer != UNSURE for answer in self.votes.values())


def resolve(asked: Asked, labels: Iterable[Label]) -> Resolution:
    """The labels are of this question."""
    latest: dict[str, Label] = {}
    for label in labels:
        held = latest.get(label.reviewer)
        if held is None or (label.at, label.id) > (held.at, held.id):
            latest[label.reviewer] = label
    votes = {name: latest[name].answer for name in sorted(latest)}
    counted = Counter(answer for answer in votes.values() if answer != UNSURE)
    best = counted.most_common()
    if not best:
        return Resolution(asked, "open", "", votes)
    if counted.total() == 1:
        return Resolution(asked, "once", best[0][0], votes)
    if best[0][1] == 1 or (len(best) > 1 and best[0][1] == best[1][1]):
        return Resolution(asked, "disputed", "", votes)
    return Resolution(asked, "agreed" if len(best) == 1 else "decided", best[0][0], votes)


def resolutions(labels: Iterable[Label]) -> dict[Asked, Resolution]:
    """Of every question that somebody answered, by question."""
    found: dict[Asked, list[Label]] = {}
    for label in labels:
        found.setdefault(label.asked, []).append(label)
    return {asked: resolve(asked, found[asked]) for asked in sorted(found)}
