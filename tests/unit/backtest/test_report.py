"""Our numbers against alphalens and quantstats, and against what was planted."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from services.backtest.event_study import event_study
from services.backtest.portfolio import factor_panel, long_only, long_short, shuffled_across_companies, track
from services.backtest.prices import Prices, load_prices
from services.backtest.report import quantile_returns, run_backtest
from services.backtest.result import BacktestError
from services.backtest.statistics import (
    deflated_sharpe,
    fisher_combined,
    forward_returns,
    granger_p,
    information_coefficient,
    max_drawdown,
    newey_west_t,
    placebo_p,
    sharpe,
    sortino,
)
from services.backtest.tearsheet import tearsheet
from services.backtest.timing import Delay

COMPANIES = [f"C{i:02d}" for i in range(12)]


World = Callable[[float], tuple[pd.DataFrame, Prices]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Signals and prices by the planted effect, each made once; a test leaves them as they are."""
    return cache(lambda planted: _world(tmp_path_factory.mktemp("world"), planted))


def _world(folder: Path, planted: float) -> tuple[pd.DataFrame, Prices]:
    """A year of sessions in which the score of a morning moves the return from that open to the next by `planted`."""
    generator = np.random.default_rng(3)
    import exchange_calendars

    days = exchange_calendars.get_calendar("XNYS", start="2013-12-01", end="2015-03-01").sessions_in_range(
        "2014-01-02", "2014-12-31"
    )
    scores = generator.uniform(-1, 1, (len(days), len(COMPANIES)))
    returns = planted * scores + 0.01 * generator.normal(size=scores.shape)
    opens = 100 * np.vstack([np.ones(len(COMPANIES)), np.cumprod(1 + returns, axis=0)[:-1]])
    rows = [
        f"{day.date()},{c},{price:.6f},{price:.6f},{price:.6f},{price:.6f},1"
        for day, line in zip(days, opens, strict=True)
        for c, price in zip(COMPANIES, line, strict=True)
    ]
    path = folder / "p.csv"
    path.write_text("date,ticker,open,high,low,close,volume\n" + "\n".join(rows) + "\n")
    prices = load_prices(path, today=date(2020, 1, 1))
    hour_before = prices.opens_at.as_unit("us").asi8 - 3_600_000_000
    signals = pd.DataFrame(
        [
            (c, c, int(hour_before[i]), float(scores[i, j]), 0.5, "hold", "m", "s", "[]")
            for i in range(len(days))
            for j, c in enumerate(COMPANIES)
        ],
        columns=["company", "ticker", "available_at", "score", "confidence", "action", "model", "strategy", "evidence"],
    )
    return signals, prices


def test_the_planted_effect_is_found_and_its_absence_too(world: World) -> None:
    signals, prices = world(0.01)
    found = run_backtest(signals, prices, delay=Delay(), cost_bps=0, hold_bars=1, placebos=40).metrics
    assert found["ic_mean"] > 0.3
    assert found["ic_t"] > 5
    assert found["placebo"]["ic_p"] < 0.03
    assert found["sharpe"] > 5
    reverse, prices = world(-0.01)
    assert run_backtest(reverse, prices, delay=Delay(), cost_bps=0, hold_bars=1, placebos=40).metrics["ic_mean"] < -0.3
    without, prices = world(0.0)
    nothing = run_backtest(without, prices, delay=Delay(), cost_bps=0, hold_bars=1, placebos=40).metrics
    assert abs(nothing["ic_t"]) < 3
    assert nothing["placebo"]["ic_p"] > 0.05


def test_a_day_later_nothing_is_left(world: World) -> None:
    signals, prices = world(0.01)
    assert (
        abs(run_backtest(signals, prices, delay=Delay(bars=1), cost_bps=0, hold_bars=1, placebos=40).metrics["ic_t"])
        < 3
    )


def test_perturbing_the_future_changes_no_past_position(world: World) -> None:
    signals, prices = world(0.01)
    cut = len(prices.open) // 2
    instant = prices.opens_at.as_unit("us").asi8[cut]
    changed = signals.assign(score=signals["score"].where(signals["available_at"] < instant, -signals["score"]))
    before, after = (long_short(factor_panel(s, prices, Delay(), 5)) for s in (signals, changed))
    pd.testing.assert_frame_equal(before.iloc[: cut + 1], after.iloc[: cut + 1])
    assert not before.iloc[cut + 1 :].equals(after.iloc[cut + 1 :])


@pytest.mark.filterwarnings("ignore")  # alphalens and quantstats warn about pandas' future on every call
def test_alphalens_finds_the_same_coefficients_and_spreads(world: World) -> None:
    import alphalens

    signals, prices = world(0.005)
    panel = factor_panel(signals, prices, Delay(), 1)
    opens = prices.open.tz_localize("UTC")
    factor = panel.tz_localize("UTC").stack()
    factor.index.names = ["date", "asset"]
    data = alphalens.utils.get_clean_factor_and_forward_returns(
        factor, opens, quantiles=5, periods=(1, 5), filter_zscore=None, max_loss=1.0
    )
    theirs = alphalens.performance.factor_information_coefficient(data)
    for bars, column in ((1, "1D"), (5, "5D")):
        ours = information_coefficient(panel, forward_returns(prices.open, bars)).tz_localize("UTC")
        both = theirs[column].index.intersection(ours.index)
        np.testing.assert_allclose(ours[both], theirs[column][both], atol=1e-9)
    weights = long_short(panel).tz_localize("UTC")
    expected = alphalens.performance.factor_weights(data).unstack()
    np.testing.assert_allclose(weights.loc[expected.index, expected.columns], expected, atol=1e-9)
    by_session = alphalens.performance.mean_return_by_quantile(data, by_date=True, demeaned=True)[0]
    _, spreads = quantile_returns(panel, prices)
    for bars, column in ((1, "1D"), (5, "5D")):
        spread = by_session[column].unstack("factor_quantile").pipe(lambda mean: mean[5] - mean[1])
        own = spreads[bars].tz_localize("UTC")
        both = spread.dropna().index.intersection(own.index)
        assert len(both) > 50
        np.testing.assert_allclose(own[both], spread[both], atol=1e-9)


@pytest.mark.filterwarnings("ignore")
def test_quantstats_finds_the_same_ratios(world: World) -> None:
    import quantstats

    signals, prices = world(0.002)
    net = track(long_short(factor_panel(signals, prices, Delay(), 1)), prices, 10).net
    assert sharpe(net) == pytest.approx(float(quantstats.stats.sharpe(net)), rel=1e-6)
    assert sortino(net) == pytest.approx(float(quantstats.stats.sortino(net)), rel=1e-6)
    assert max_drawdown(net) == pytest.approx(float(quantstats.stats.max_drawdown(net)), rel=1e-6)


def test_costs_are_turnover_times_rate(world: World) -> None:
    signals, prices = world(0.0)
    weights = long_only(factor_panel(signals, prices, Delay(), 1))
    one = track(weights, prices, 25)
    np.testing.assert_allclose(one.gross - one.net, one.turnover * 0.0025)
    assert one.turnover.max() <= 2 + 1e-9


def test_the_placebo_gives_no_company_its_own_signal(world: World) -> None:
    signals, prices = world(0.0)
    panel = factor_panel(signals, prices, Delay(), 1)
    for seed in range(5):
        other = shuffled_across_companies(panel, np.random.default_rng(seed))
        assert sorted(other.iloc[0].tolist()) == sorted(panel.iloc[0].tolist())
        assert all(other[c].iloc[0] != panel[c].iloc[0] for c in COMPANIES)


def test_newey_west_is_wider_than_the_plain_t_under_autocorrelation() -> None:
    generator = np.random.default_rng(0)
    steps = generator.normal(size=600)
    series = pd.Series(steps).ewm(alpha=0.2).mean() + 0.05
    plain = series.mean() / (series.std() / len(series) ** 0.5)
    assert 0 < newey_west_t(series) < plain


def test_granger_has_a_direction() -> None:
    generator = np.random.default_rng(0)
    x = pd.Series(generator.normal(size=500))
    y = 0.5 * x.shift(1).fillna(0) + pd.Series(generator.normal(size=500))
    assert granger_p(x, y) < 1e-6
    assert granger_p(y, x) > 0.01


def test_more_trials_deflate_the_sharpe_ratio() -> None:
    returns = pd.Series(np.random.default_rng(0).normal(0.0008, 0.01, 500))
    alone = deflated_sharpe(returns, [0.08])
    among = deflated_sharpe(returns, [0.08, -0.05, 0.02, 0.04, -0.01, 0.06])
    assert 0 <= among < alone <= 1


def test_the_distributions_are_those_of_scipy() -> None:
    returns = pd.Series(0.05 + np.random.default_rng(0).standard_t(3, 500) ** 3)  # skewed, with heavy tails
    ratio, n = float(returns.mean() / returns.std()), len(returns)
    skew, kurtosis = stats.skew(returns), stats.kurtosis(returns, fisher=False)
    scale = math.sqrt(1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2)
    assert deflated_sharpe(returns, [ratio]) == pytest.approx(stats.norm.cdf(ratio * math.sqrt(n - 1) / scale))
    some = [0.01, 0.5, math.nan, 1e-12]
    assert fisher_combined(some) == pytest.approx(stats.combine_pvalues([0.01, 0.5, 1e-12]).pvalue)
    assert math.isnan(fisher_combined([math.nan]))


def test_nothing_to_test_is_said_plainly(world: World) -> None:
    signals, prices = world(0.0)
    with pytest.raises(BacktestError, match="no signals"):
        run_backtest(signals.iloc[:0], prices, delay=Delay(), cost_bps=0, hold_bars=1)
    with pytest.raises(BacktestError, match="no signal has a matching price"):
        run_backtest(signals.assign(company="ELSE"), prices, delay=Delay(), cost_bps=0, hold_bars=1)


def test_the_tear_sheet_stands_alone_and_escapes(world: World) -> None:
    signals, prices = world(0.0)
    hostile = ["<script>alert(1)</script>"]
    result = run_backtest(signals, prices, delay=Delay(), cost_bps=10, hold_bars=1, placebos=5, warnings=hostile)
    page = tearsheet(result, "<b>run</b>")
    assert "<script>alert(1)" not in page
    assert "&lt;b&gt;run&lt;/b&gt;" in page
    assert 'src="http' not in page
    assert "<script" not in page and "@media(prefers-color-scheme:dark)" in page
    assert "<span class=few>" in page and "&lt;span" not in page
    assert len(page) < 1_500_000
    for chart in re.findall(r"<svg.*?</svg>", page):
        assert "nan" not in re.sub(r"<text.*?</text>|<title>.*?</title>", "", chart)
        ElementTree.fromstring(chart)
    assert page.count("<svg") >= 6


NUMBERS = st.lists(st.floats(-1, 1) | st.sampled_from([math.nan, math.inf, -math.inf]), max_size=12)


@given(st.floats(-1, 1) | st.just(math.nan), NUMBERS)
def test_what_is_not_a_number_is_no_evidence(observed: float, values: list[float]) -> None:
    known = [value for value in values if math.isfinite(value)]
    p = placebo_p(observed, values)
    assert math.isnan(p) == (math.isnan(observed) or not known)
    assert math.isnan(p) or p == placebo_p(observed, known) >= 1 / (len(known) + 1)
    series, finite = pd.Series(values, dtype=float), pd.Series(known, dtype=float)
    assert math.isnan(newey_west_t(series)) or math.isclose(newey_west_t(series), newey_west_t(finite))
    assert math.isfinite(sharpe(finite)) or math.isnan(sharpe(finite))
    if len(known) < len(values):
        assert math.isnan(sharpe(series.fillna(math.inf)))


@given(st.floats(-1, 1), st.integers(3, 50))
def test_what_never_moves_has_no_t_and_no_sharpe(value: float, size: int) -> None:
    flat = pd.Series([value] * size)
    assert math.isnan(newey_west_t(flat)) and math.isnan(sharpe(flat)) and math.isnan(deflated_sharpe(flat, [0.1]))


def test_one_company_gives_no_p(world: World) -> None:
    signals, prices = world(0.0)
    alone = signals[signals["company"] == "C00"]
    found = run_backtest(alone, prices, delay=Delay(), cost_bps=0, hold_bars=1, placebos=5).metrics
    assert math.isnan(found["ic_mean"]) and math.isnan(found["placebo"]["ic_p"]) and math.isnan(found["ic_t"])


def test_the_event_study_is_by_class_and_by_group(world: World) -> None:
    _, prices = world(0.0)
    at = [moment.value // 1_000 - 1 for moment in prices.opens_at[20:60]]
    events = pd.DataFrame({"company": "C01", "available_at": at, "event": ["stake", "acquisition"] * 20})
    found = event_study(events, prices)
    counts = {event: int(rows["n"].iloc[0]) for event, rows in found.groupby("event")}
    assert counts == {"stake": 20, "acquisition": 20, "deals": 40}
    own = event_study(events.assign(event="own"), prices)
    assert set(own["event"]) == {"own"}
