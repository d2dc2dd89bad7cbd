"""The formulas on reading, against the plain definition over single opinions."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.reading import measures
from shared.contract.events import MICRO
from shared.reading.measuring.sentiment import most_frequent
from shared.reading.measuring.windows import Period

opinions = st.lists(
    st.tuples(st.integers(1, MICRO), st.integers(-MICRO, MICRO)), min_size=1, max_size=60
)  # weight, score


def bucket(pairs: list[tuple[int, int]], company: str = "A", start: int = 0) -> dict[str, object]:
    return {
        "company": company,
        "channel": "news",
        "resolution": "hour",
        "start": start,
        "documents": len(pairs),
        "positive": sum(s > 0 for _, s in pairs),
        "neutral": sum(s == 0 for _, s in pairs),
        "negative": sum(s < 0 for _, s in pairs),
        "weight_sum": sum(w for w, _ in pairs),
        "score_sum": sum(w * s // MICRO for w, s in pairs),
        "score_square_sum": sum(w * s * s // MICRO // MICRO for w, s in pairs),
    }


@settings(deadline=None, max_examples=40)
@given(opinions)
def test_sentiment_is_the_weighted_mean_and_stays_in_range(pairs: list[tuple[int, int]]) -> None:
    row = bucket(pairs)
    value = float(measures.sentiment(row["score_sum"], row["weight_sum"]))
    weight = sum(w for w, _ in pairs)
    plain = sum(w * s for w, s in pairs) / weight / MICRO
    assert -1 <= value <= 1
    assert value == pytest.approx(plain, abs=len(pairs) / weight + 1e-9)


@settings(deadline=None, max_examples=40)
@given(opinions)
def test_the_band_holds_the_mean_and_stays_in_range(pairs: list[tuple[int, int]]) -> None:
    row = measures.with_measures(pd.DataFrame([bucket(pairs)])).iloc[0]
    assert -1 <= row["low"] <= row["sentiment"] <= row["high"] <= 1
    assert row["error"] > 0


@settings(deadline=None, max_examples=40)
@given(opinions)
def test_more_of_the_same_opinions_narrow_the_band(pairs: list[tuple[int, int]]) -> None:
    once = measures.with_measures(pd.DataFrame([bucket(pairs)])).iloc[0]["error"]
    often = measures.with_measures(pd.DataFrame([bucket(pairs * 10)])).iloc[0]["error"]
    assert often < once


def test_one_extreme_document_is_not_certain() -> None:
    row = measures.with_measures(pd.DataFrame([bucket([(MICRO, MICRO)])])).iloc[0]
    assert row["sentiment"] == 1.0
    assert row["low"] < 0.3


def test_without_weight_nothing_is_claimed() -> None:
    row = measures.whole(pd.DataFrame([bucket([(1, 1)])]).iloc[:0])
    assert row["documents"] == 0
    assert math.isnan(row["sentiment"])
    assert math.isinf(row["error"])


@settings(deadline=None, max_examples=40)
@given(st.lists(opinions, min_size=1, max_size=6))
def test_sums_over_buckets_equal_one_bucket_of_everything(parts: list[list[tuple[int, int]]]) -> None:
    split = pd.DataFrame([bucket(part, start=i) for i, part in enumerate(parts)])
    row = measures.totals(split, ["company"]).iloc[0]
    assert row["documents"] == sum(len(part) for part in parts)
    assert row["weight_sum"] == sum(w for part in parts for w, _ in part)


def test_compare_takes_each_window_by_itself() -> None:
    span = Period(0, 100, 200)
    frame = pd.DataFrame(
        [
            bucket([(MICRO, MICRO // 2)] * 10, start=0),
            bucket([(MICRO, -MICRO // 2)] * 20, start=100),
            bucket([(MICRO, 0)] * 3, "NEW", start=150),
        ]
    )
    compared = measures.compare(frame, span).set_index("company")
    old, new = compared.loc["A"], compared.loc["NEW"]
    assert old["change"] == pytest.approx(-1.0)
    assert old["volume_change"] == pytest.approx(1.0)
    assert old["strength"] < -5
    assert new["documents_before"] == 0
    assert math.isnan(new["change"])
    assert math.isnan(new["volume_change"])


def test_a_loud_single_document_is_weaker_than_a_broad_turn() -> None:
    span = Period(0, 100, 200)
    quiet, loud = [(MICRO, 0)], [(MICRO, MICRO)]
    frame = pd.DataFrame(
        [
            bucket(quiet, "ONE", 0),
            bucket(loud, "ONE", 100),
            bucket(quiet * 100, "MANY", 0),
            bucket([(MICRO, MICRO // 2)] * 100, "MANY", 100),
        ]
    )
    compared = measures.compare(frame, span).set_index("company")
    assert compared.loc["ONE", "change"] > compared.loc["MANY", "change"]
    assert compared.loc["ONE", "strength"] < compared.loc["MANY", "strength"]


def test_sparklines_carry_gaps_forward() -> None:
    span = Period(0, 100, 200)
    frame = pd.DataFrame([bucket([(MICRO, MICRO)], start=0), bucket([(MICRO, -MICRO)], start=150)])
    trend = measures.sparklines(frame, span, 4).iloc[0]["trend"]
    assert trend == [1.0, 1.0, 1.0, -1.0]


def test_shares_add_up_and_order_by_size_then_name() -> None:
    assert most_frequent([{"b": 1, "a": 1}, {"c": 3, "a": 1}, {"b": 1}]) == [("c", 3), ("a", 2), ("b", 2)]


def test_arrays_keep_their_length() -> None:
    assert np.isnan(measures.sentiment([0, 5], [0, 10])).tolist() == [True, False]
