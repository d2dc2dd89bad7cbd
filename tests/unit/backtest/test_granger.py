"""Granger by company and lag: statsmodels' numbers, no more rejected than the level bears, the right direction."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.backtest.granger import (
    FOLLOWS,
    LEADS,
    LEVEL,
    benjamini_hochberg,
    granger,
    granger_table,
    summed,
    warnings_of,
)

SEEDS = st.integers(0, 2**32 - 1)


def test_the_numbers_of_statsmodels() -> None:
    """`grangercausalitytests(...)[lags][0]["ssr_ftest"]` of statsmodels 0.15.0 on the same series."""
    rng = np.random.default_rng(11)
    x, y = rng.standard_normal(200), np.zeros(200)
    for t in range(2, 200):
        y[t] = 0.2 * y[t - 1] + 0.3 * x[t - 2] + rng.standard_normal()
    for lags, f, p in (
        (1, 1.1190795789835823, 0.29141876588843596),
        (2, 15.624639574810056, 5.137282478055666e-07),
        (3, 10.207665794576142, 2.9000453718262914e-06),
        (5, 6.8992541708852775, 6.3024030633354655e-06),
    ):
        assert granger(pd.Series(x), pd.Series(y), lags) == (200 - lags, pytest.approx(f), pytest.approx(p))


def frames(seed: int, companies: int = 12, sessions: int = 250, effect: float = 0.0) -> tuple[pd.DataFrame, ...]:
    """Scores, and returns that follow the score of the session before by `effect` standard deviations."""
    rng = np.random.default_rng(seed)
    names = [f"C{number}" for number in range(companies)]
    score = pd.DataFrame(rng.standard_normal((sessions, companies)), columns=names)
    noise = pd.DataFrame(rng.standard_normal((sessions, companies)), columns=names)
    return score, noise + effect * score.shift(1).fillna(0.0)


def rejected(table: pd.DataFrame, direction: str) -> pd.DataFrame:
    return table[(table["direction"] == direction) & table["rejected"]]


def test_independent_series_are_rejected_no_oftener_than_the_level() -> None:
    """Where nothing leads anything, any rejection is false: in at most LEVEL of the families, with chance's margin."""
    families: list[bool] = []
    uncorrected: list[float] = []
    for seed in range(30):
        table = granger_table(*frames(seed, companies=6, sessions=150))
        families += [len(rejected(table, direction)) > 0 for direction in (LEADS, FOLLOWS)]
        uncorrected.append((table["p"] <= LEVEL).mean())
    margin = 3 * math.sqrt(LEVEL * (1 - LEVEL) / len(families))
    assert np.mean(families) <= LEVEL + margin
    assert np.mean(uncorrected) == pytest.approx(LEVEL, abs=0.02)  # one in twenty without correction


@settings(max_examples=10)
@given(SEEDS, st.booleans())
def test_what_was_planted_is_found_and_not_its_reversal(seed: int, turned: bool) -> None:
    score, returns = frames(seed, effect=0.6)
    table = granger_table(score, returns) if not turned else granger_table(returns, score)
    there, back = (FOLLOWS, LEADS) if turned else (LEADS, FOLLOWS)
    assert rejected(table, there)["company"].nunique() == 12
    assert rejected(table, back)["company"].nunique() <= 2  # of 12: chance alone, and lags of one company go together


def test_a_hole_is_no_neighbour() -> None:
    """What lies behind a hole is not yesterday's: rows that would reach over it are not used."""
    score, returns = frames(3, companies=1, sessions=400, effect=1.0)
    holed = score.copy()
    holed.iloc[::2] = np.nan  # every second session: no two neighbours are known
    assert granger(holed["C0"], returns["C0"], 1)[0] == 199 or granger_table(holed, returns).empty
    assert granger(holed["C0"], returns["C0"], 2)[0] == 0
    assert math.isnan(granger(holed["C0"], returns["C0"], 2)[2])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_benjamini_and_hochberg(p: list[float]) -> None:
    q = benjamini_hochberg(np.array(p))
    assert (q >= np.array(p) - 1e-12).all() and (q <= 1).all()
    for level in (0.01, 0.05, 0.2):  # the step-up rule itself
        ordered = np.sort(p)
        passing = np.flatnonzero(ordered <= level * np.arange(1, len(p) + 1) / len(p) + 1e-15)
        most = ordered[passing[-1]] if len(passing) else -1.0
        assert ((q <= level + 1e-12) == (np.array(p) <= most + 1e-15)).all() or np.isclose(q, level).any()


@pytest.mark.parametrize("kind", ["short", "still", "same", "empty"])
def test_what_cannot_be_tested_is_left_out(kind: str) -> None:
    score, returns = frames(1, companies=2, sessions=40 if kind == "short" else 200)
    if kind == "still":
        score = score * 0.0 + 0.3
    if kind == "same":
        returns = score.shift(1)  # to the digit
    if kind == "empty":
        score = score.iloc[:, :0]
    table = granger_table(score, returns)
    assert not len(table[table["direction"] == LEADS])
    told = summed(table)["score_leads_returns"]
    assert (told["tests"], told["rejected"], told["strongest"]) == (0, 0, [])


def test_a_score_that_hardly_moves_is_warned_of() -> None:
    score, returns = frames(5, companies=2, sessions=2_000)
    assert warnings_of(granger_table(score, returns)) == []
    walk = score.cumsum() * 0.001 + 1.0
    (said,) = warnings_of(granger_table(walk, returns))
    assert "C0, C1" in said and "random walk" in said
