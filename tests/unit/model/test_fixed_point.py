from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.model.fixed_point import to_micro, to_sentiments
from services.model.interface import Sentiment
from shared.contract.events import MICRO

logits = st.lists(st.floats(-40, 40), min_size=3, max_size=3)


@given(st.lists(logits, min_size=1, max_size=20))
def test_rows_sum_to_a_million_and_stay_within_one_micro_unit(rows: list[list[float]]) -> None:
    exponents = np.exp(np.array(rows))
    probabilities = (exponents / exponents.sum(axis=1, keepdims=True)).astype(np.float32)
    micro = to_micro(probabilities)
    assert (micro.sum(axis=1) == MICRO).all()
    assert (micro >= 0).all()
    wide = probabilities.astype(np.float64)
    assert np.abs(micro - wide / wide.sum(axis=1, keepdims=True) * MICRO).max() < 1


@given(st.lists(logits, min_size=2, max_size=20))
def test_a_row_does_not_depend_on_the_others(rows: list[list[float]]) -> None:
    values = np.exp(np.array(rows))
    together = to_micro(values)
    assert all((to_micro(values[i : i + 1]) == together[i : i + 1]).all() for i in range(len(rows)))


def test_largest_remainder_and_ties_go_to_the_lower_index() -> None:
    assert to_sentiments(np.full((1, 3), 1 / 3)) == [Sentiment(333_334, 333_333, 333_333)]
    assert to_sentiments(np.array([[0.0, 0.0, 1.0]])) == [Sentiment(0, 0, MICRO)]


@pytest.mark.parametrize("bad", [[np.nan, 0.5, 0.5], [np.inf, 0, 0], [-0.1, 0.6, 0.5], [0, 0, 0]])
def test_a_model_that_failed_is_not_rounded_away(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="the model"):
        to_micro(np.array([bad]))
