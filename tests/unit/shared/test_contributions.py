"""What documents moved a mean adds up to its change: exactly, whatever the weights."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from shared.contract.contributions import Mean, Moved, contribution, contributions, largest_first
from shared.contract.events import MICRO

weight = st.integers(0, 5 * MICRO)
moved = st.builds(Moved, weight, weight, st.integers(-MICRO, MICRO))


def means(documents: list[Moved]) -> tuple[Mean, Mean]:
    before = Mean(sum(d.before for d in documents), sum(d.before * d.score for d in documents))
    after = Mean(sum(d.after for d in documents), sum(d.after * d.score for d in documents))
    return before, after


@given(st.lists(moved, min_size=1, max_size=30))
def test_contributions_of_all_documents_add_up_to_the_change_exactly(documents: list[Moved]) -> None:
    assume(any(d.before for d in documents) and any(d.after for d in documents))
    before, after = means(documents)
    parts = [contribution(document, before, after) for document in documents]
    assert sum(parts) == after.value - before.value  # fractions: no rounding anywhere


@given(st.lists(moved, min_size=1, max_size=30), st.integers(0, 30))
def test_whole_micro_units_with_what_is_not_known_add_up_too(documents: list[Moved], known: int) -> None:
    assume(any(d.before for d in documents) and any(d.after for d in documents))
    before, after = means(documents)
    parts, others = contributions(documents[:known], before, after)
    assert sum(parts) + others == round(after.value - before.value)
    for part, document in zip(parts, documents, strict=False):
        assert abs(part - contribution(document, before, after)) <= Fraction(1, 2)


def test_what_came_pulls_its_way_and_what_faded_lets_go() -> None:
    prior, bad, faded = Moved(MICRO, MICRO, 0), Moved(0, MICRO, -MICRO), Moved(MICRO, MICRO // 4, MICRO)
    before, after = means([prior, bad, faded])
    assert contribution(bad, before, after) < 0
    assert contribution(faded, before, after) < 0


def test_the_way_of_the_score_comes_first_largest_first() -> None:
    parts = [(-3, "a"), (5, "b"), (-7, "c"), (2, "d")]
    assert [name for _, name in largest_first(parts, -1)] == ["c", "a", "d", "b"]
    assert [name for _, name in largest_first(parts, 1)] == ["b", "d", "a", "c"]
    assert [name for _, name in largest_first(parts, 0)] == ["c", "b", "a", "d"]
