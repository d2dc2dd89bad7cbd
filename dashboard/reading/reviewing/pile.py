"""The questions that lie before one reviewer, taken from the queue some at a time, and what they answered.

Of a session; no Streamlit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from shared.contract.feedback.label import Asked
from shared.reading.review.shown import Shown

AT_ONCE: Final = 30  # questions that are taken from the queue
LOW: Final = 6  # so few left: more are taken meanwhile
_REMEMBERED: Final = 200


class Answered(NamedTuple):
    """What somebody said, in the words of a label."""

    shown: Shown
    answer: str


@dataclass
class Pile:
    """`turn` counts what was pressed: what it was pressed on is known by it."""

    left: list[Shown] = field(default_factory=list)
    history: list[Answered] = field(default_factory=list)  # oldest first
    taken: int = 0  # how often the queue gave something new
    turn: int = 0

    @property
    def top(self) -> Shown | None:
        return self.left[0] if self.left else None

    def add(self, more: Iterable[Shown]) -> None:
        """What is new of this lies below what is here. It was asked for before the latest answers."""
        known = {asked_of(each) for each in self.left} | {asked_of(each.shown) for each in self.history}
        new = [each for each in more if asked_of(each) not in known]
        self.left += new
        self.taken += bool(new)

    def answered(self, answer: str) -> None:
        """The one on top."""
        self.history.append(Answered(self.left.pop(0), answer))
        del self.history[:-_REMEMBERED]
        self.turn += 1

    def back(self) -> None:
        """The last one that was answered lies on top again: another answer to it replaces that one."""
        if self.history:
            self.left.insert(0, self.history.pop().shown)
        self.turn += 1


def asked_of(shown: Shown) -> Asked:
    return shown.queued.question.asked
