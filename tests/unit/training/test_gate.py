"""A model beside the one before it: the same answers are no difference, worse ones are refused, chance is not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.model.interface import Answer, Request, Sentiment
from services.model.opinion_model import EVENTS
from services.model.stub import StubEngine
from services.training.data.datasets import Company, Example
from services.training.measuring.gate import WorseModel, compare, marks, paired_interval, refuse_worse

EXAMPLES = [
    *(Example(f"text {n} rises", "feedback_companies", (Company(((0, 4),), n % 3),)) for n in range(40)),
    *(Example(f"text {n} falls", "feedback_texts", document=n % 3) for n in range(40)),
    *(Example(f"text {n} buys", "feedback_events", event=n % len(EVENTS)) for n in range(40)),
]


class Told(StubEngine):
    """Answers as it is told: right in the first `right` of ten texts."""

    def __init__(self, right: int) -> None:
        super().__init__("stub")
        self._right = right

    def score(self, requests: Sequence[Request]) -> list[Answer]:
        return [self._answer(request) for request in requests]

    def _answer(self, request: Request) -> Answer:
        number = int(request.text.split()[1])
        said = number if number % 10 < self._right else number + 1
        sentiment = Sentiment(*(1_000_000 if place == said % 3 else 0 for place in range(3)))
        return Answer(sentiment, tuple(sentiment for _ in request.companies), EVENTS[said % len(EVENTS)])


def test_each_example_is_asked_what_it_has_a_label_for() -> None:
    found = marks(Told(10), EXAMPLES)
    assert len(found) == len(EXAMPLES) and all(right for _, right in found)
    assert sum(right for _, right in marks(Told(3), EXAMPLES)) == 36


def test_a_worse_model_is_refused_with_its_interval() -> None:
    found = compare("held-back feedback", EXAMPLES, Told(9), Told(6))
    assert found is not None and found.worse
    assert (found.answers, found.texts, found.before, found.after) == (120, 120, 0.9, 0.6)
    assert found.interval[0] < -0.3 < found.interval[1] < 0
    with pytest.raises(WorseModel, match=r"held-back feedback: 0.600 right, 0.900 before, difference -0.300, 95 %"):
        refuse_worse([found], "again --force")


@pytest.mark.parametrize(("before", "after"), [(6, 9), (7, 7)])
def test_a_model_that_is_not_worse_passes(before: int, after: int) -> None:
    found = compare("dev", EXAMPLES, Told(before), Told(after))
    assert found is not None and not found.worse
    refuse_worse([found], "again --force")


def test_nothing_asked_is_no_difference() -> None:
    assert compare("dev", [], Told(1), Told(2)) is None


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from((-1.0, 0.0, 1.0))), min_size=1, max_size=40))
def test_an_interval_holds_its_mean_and_changes_sides_with_it(some: list[tuple[str, float]]) -> None:
    texts, differences = [text for text, _ in some], np.array([each for _, each in some])
    low, high = paired_interval(texts, differences)
    assert low - 1e-9 <= differences.mean() <= high + 1e-9 or len(set(texts)) < 5
    mirrored = paired_interval(texts, -differences)
    assert mirrored == pytest.approx((-high, -low))
