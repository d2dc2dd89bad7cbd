"""A fold chooses on its past alone: nothing at or after its cut, and no return that was still open, can move it."""

from __future__ import annotations

from itertools import pairwise

import exchange_calendars
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.backtest.portfolio import factor_panel
from services.backtest.prices import Prices
from services.backtest.timing import Delay
from services.backtest.walk_forward import Candidate, Fold, WindowError, Windows, choose, folds, walk
from shared.clock import HOUR

COMPANIES = [f"C{i}" for i in range(7)]
CALENDAR = exchange_calendars.get_calendar("XNYS", start="2013-12-01", end="2015-03-01")
SESSIONS = CALENDAR.sessions_in_range("2014-01-02", "2014-12-31")
OPENS_AT = pd.DatetimeIndex(CALENDAR.opens.loc[SESSIONS])
OPENS = OPENS_AT.as_unit("us").asi8

windows = st.builds(Windows, st.integers(40, 150), st.integers(5, 60), st.integers(0, 20), st.integers(1, 8))


def prices_of(seed: int) -> Prices:
    steps = np.random.default_rng(seed).normal(0, 0.01, (len(SESSIONS), len(COMPANIES)))
    frame = pd.DataFrame(100 * np.exp(steps.cumsum(axis=0)), index=SESSIONS, columns=COMPANIES)
    return Prices(frame, frame, frame, CALENDAR, ())


def signals_of(seed: int) -> pd.DataFrame:
    """One signal a company and session, an hour before its open."""
    scores = np.random.default_rng(seed).uniform(-1, 1, (len(SESSIONS), len(COMPANIES)))
    times, names = np.meshgrid(OPENS - HOUR, COMPANIES, indexing="ij")
    return pd.DataFrame({"company": names.ravel(), "available_at": times.ravel(), "score": scores.ravel()})


def candidates_of(signals: dict[str, pd.DataFrame], prices: Prices, hold: int) -> dict[str, Candidate]:
    return {name: Candidate.of(factor_panel(s, prices, Delay(), hold), prices, 10) for name, s in signals.items()}


@given(windows, st.integers(0, 60))
def test_folds_tile_the_time_and_leave_out_what_was_still_open(given_windows: Windows, first: int) -> None:
    found = folds(OPENS_AT, first, given_windows)
    assert found[-1].test[1] == len(SESSIONS)
    for before, after in pairwise(found):
        assert before.test[1] == after.test[0]
    for fold in found:
        begin, end = fold.train
        assert end <= fold.test[0]
        assert OPENS[fold.test[0]] >= fold.cut + given_windows.embargo * 24 * HOUR
        if begin < end:
            assert OPENS[begin] >= fold.cut - given_windows.train * 24 * HOUR
            assert OPENS[end - 1 + given_windows.horizon] < fold.cut  # its position was closed before the cut
            assert OPENS[end + given_windows.horizon] >= fold.cut  # and nothing was given away


@settings(max_examples=15, deadline=None)
@given(windows, st.integers(0, 1000), st.sampled_from(["sharpe", "ic"]), st.data())
def test_nothing_after_the_cut_moves_a_choice(w: Windows, seed: int, by: str, data: st.DataObject) -> None:
    signals = {name: signals_of(seed + k) for k, name in enumerate("abc")}
    prices = prices_of(seed)
    fold = data.draw(st.sampled_from(folds(OPENS_AT, 0, w)))
    chosen = choose(candidates_of(signals, prices, w.horizon), fold, by)

    late_bars = fold.cut <= OPENS
    draw = np.random.default_rng(seed + 7)
    wild = prices.open.copy()
    wild.loc[late_bars] *= draw.uniform(0.5, 2, (int(late_bars.sum()), len(COMPANIES)))
    other_prices = Prices(wild, wild, wild, CALENDAR, ())
    other_signals = {
        name: s.assign(score=s["score"].where(s["available_at"] < fold.cut, draw.uniform(-1, 1, len(s))))
        for name, s in signals.items()
    }
    assert choose(candidates_of(other_signals, other_prices, w.horizon), fold, by) == chosen


def test_the_perturbation_would_be_seen_if_the_past_moved() -> None:
    """The property above can fail: turning the training stretch's signals round turns the choice round."""
    prices = prices_of(1)
    fold = folds(OPENS_AT, 0, Windows(150, 30))[0]
    gone = prices.open.shift(-1) / prices.open - 1
    good = signals_of(2).assign(score=gone.to_numpy().ravel().clip(-1, 1) * 10)
    bad = good.assign(score=-good["score"])
    assert choose(candidates_of({"good": good, "bad": bad}, prices, 1), fold, "sharpe") == "good"
    assert choose(candidates_of({"good": bad, "bad": good}, prices, 1), fold, "sharpe") == "bad"


def test_the_stitched_panel_is_that_of_each_choice_and_empty_elsewhere() -> None:
    prices = prices_of(3)
    candidates = candidates_of({name: signals_of(k) for k, name in enumerate("ab")}, prices, 2)
    found = folds(OPENS_AT, 0, Windows(90, 30, 3, 2))
    walked = walk(candidates, found, "ic")
    for fold, name in walked.chosen:
        assert name is not None
        stretch = slice(*fold.test)
        pd.testing.assert_frame_equal(walked.panel.iloc[stretch], candidates[name].panel.iloc[stretch])
    assert walked.panel.iloc[: found[0].test[0]].isna().all().all()
    assert [row["parameters"] for row in walked.rows] == [name for _, name in walked.chosen]
    assert all(row["train"][1] < row["test"][0] for row in walked.rows)


def test_a_past_that_is_too_short_chooses_nothing() -> None:
    candidates = candidates_of({"a": signals_of(1)}, prices_of(1), 1)
    assert choose(candidates, Fold((0, 5), (5, 10), 0), "sharpe") is None


@pytest.mark.parametrize(("train", "test"), [("soon", "30d"), ("180d", ""), ("0", "30d"), ("1y", "30d")])
def test_windows_that_are_not_understood_are_named(train: str, test: str) -> None:
    with pytest.raises(WindowError, match=r"--t(rain|est)-window"):
        Windows.parse(train, test, "0", 1)


def test_too_little_time_is_named() -> None:
    with pytest.raises(WindowError, match="too short"):
        folds(OPENS_AT, 0, Windows(800, 30))
    assert Windows.parse("26w", "30d", "5d", 3) == Windows(182, 30, 5, 3)
