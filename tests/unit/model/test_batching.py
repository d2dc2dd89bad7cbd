from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.model.batching import padded_length, plan_batches

lengths = st.lists(st.integers(0, 600), max_size=200)


@given(lengths, st.integers(1, 5000), st.integers(1, 64))
def test_every_item_is_in_exactly_one_batch(items: list[int], budget: int, most: int) -> None:
    batches = plan_batches(items, budget, most)
    assert sorted(index for batch in batches for index in batch) == list(range(len(items)))
    assert all(batch for batch in batches)


@given(lengths, st.integers(1, 5000), st.integers(1, 64))
def test_no_batch_costs_more_than_the_budget_unless_it_is_one_item(items: list[int], budget: int, most: int) -> None:
    for batch in plan_batches(items, budget, most):
        assert len(batch) <= most
        assert len(batch) == 1 or len(batch) * max(padded_length(items[i]) for i in batch) <= budget


@given(lengths, st.integers(1, 5000))
def test_batches_are_as_full_as_the_budget_allows(items: list[int], budget: int) -> None:
    batches = plan_batches(items, budget)
    for batch, following in itertools.pairwise(batches):
        longest = max(padded_length(items[i]) for i in batch)
        assert (len(batch) + 1) * longest > budget
        assert max(items[i] for i in following) <= min(items[i] for i in batch)


@given(st.integers(0, 5000))
def test_padded_length_is_the_next_multiple_of_sixteen(length: int) -> None:
    padded = padded_length(length)
    assert padded % 16 == 0
    assert length <= padded < max(length, 1) + 16


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="budget 0"):
        plan_batches([1], 0)
    with pytest.raises(ValueError, match="-1 tokens"):
        padded_length(-1)
