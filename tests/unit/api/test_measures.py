"""One sum of buckets has the measures that the page computes for whole columns."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.reading import measures as of_frames
from shared.contract.aggregates import Bucket
from shared.contract.events import MICRO
from shared.reading.measuring.measures import Sums


@st.composite
def buckets(draw: st.DrawFn) -> Bucket:
    """Any bucket that opinions can make: w in [0, 1], s in [-1, 1]."""
    pairs = draw(st.lists(st.tuples(st.integers(0, MICRO), st.integers(-MICRO, MICRO)), max_size=8))
    return Bucket(
        documents=len(pairs),
        neutral=len(pairs),
        weight_sum=sum(weight for weight, _ in pairs),
        score_sum=sum(weight * score // MICRO for weight, score in pairs),
        score_square_sum=sum(weight * score // MICRO * score // MICRO for weight, score in pairs),
    )


@given(st.lists(buckets(), max_size=4))
def test_numbers_are_those_of_the_frames(some: list[Bucket]) -> None:
    sums = Sums.of(some)
    row = of_frames.with_measures(pd.DataFrame([sums._asdict()])).iloc[0]
    plain = sums.plain()
    if sums.weight_sum == 0:
        assert plain["sentiment"] is None is plain["low"] is plain["high"]
        assert pd.isna(row["sentiment"])
        return
    for name in ("sentiment", "low", "high"):
        assert plain[name] == pytest.approx(row[name], abs=1e-12)
    assert sums.error == pytest.approx(row["error"], rel=1e-9)
