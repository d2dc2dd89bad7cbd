"""Bars of minutes: read as they are meant, and filled at the first that begins once a signal is known, never before.

The days hold New York's change of clocks (2 November 2025) and a session that ends at 13:00 (28 November).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.backtest.bar_times import moments
from services.backtest.bars import Clock, are_bars, check_bars
from services.backtest.horizons import Horizon, HorizonError, forward, horizons_of, length_in_bars
from services.backtest.options import Choices
from services.backtest.portfolio import factor_panel, fills, long_short, night_part, track
from services.backtest.prices import PriceError, Prices
from services.backtest.providers import load_file
from services.backtest.report import run_backtest
from services.backtest.tearsheet import tearsheet
from services.backtest.timing import Delay
from services.ingest.sample.bars import bar_starts, synthetic_bars
from services.ingest.sample.files import write_prices
from services.ingest.sample.prices import HALF_DAYS, HOURS, START, opinion, trading_days
from shared.clock import MINUTE, SECOND

TODAY = date(2026, 11, 30)
NEW_YORK = ZoneInfo("America/New_York")
FRIDAY, MONDAY = date(2025, 10, 31), date(2025, 11, 3)  # the clocks went back in between
DAYS = (FRIDAY, MONDAY)
THANKSGIVING = (date(2025, 11, 26), date(2025, 11, 28), date(2025, 12, 1))  # 27 is closed, 28 ends at 13:00
COMPANIES = ("AA", "BB", "CC")


class Bar(NamedTuple):
    at: int  # microseconds
    ticker: str
    open: float
    close: float


def starts_of(days: Sequence[date], minutes: int) -> list[int]:
    """Begins of all bars of New York's sessions, in a plain loop."""
    found = []
    for day in days:
        wall = datetime(day.year, day.month, day.day, 9, 30, tzinfo=NEW_YORK)
        close = 13 if day == date(2025, 11, 28) else 16
        while wall.hour < close:
            found.append(int(wall.timestamp()) * SECOND)
            wall += timedelta(minutes=minutes)
    return found


def bars_of(days: Sequence[date], minutes: int, seed: int, missing: float = 0.0) -> list[Bar]:
    draw = np.random.default_rng(seed)
    found = []
    for ticker in COMPANIES:
        price = 100.0
        for at in starts_of(days, minutes):
            opened = price * (1 + draw.normal(0, 0.004))
            price = opened * (1 + draw.normal(0, 0.004))
            if draw.random() >= missing:
                found.append(Bar(at, ticker, round(opened, 4), round(price, 4)))
    return found


def table_of(bars: Sequence[Bar], form: str = "%Y-%m-%d %H:%M:%S", zone: ZoneInfo | None = None) -> pd.DataFrame:
    def words(at: int) -> str:
        return datetime.fromtimestamp(at // SECOND, zone or UTC).strftime(form)

    rows = [
        {"date": words(b.at), "ticker": b.ticker, "open": b.open, "high": max(b[2:]), "low": min(b[2:]),
         "close": b.close, "volume": 1}
        for b in bars
    ]  # fmt: skip
    return pd.DataFrame(rows).astype(str)


def read(bars: Sequence[Bar], **more: Any) -> Prices:
    return check_bars(table_of(bars), "bars.csv", today=TODAY, **more)


@lru_cache(maxsize=32)
def _world(seed: int) -> tuple[tuple[Bar, ...], Prices]:
    bars = tuple(bars_of(DAYS, 60, seed, missing=0.25))
    return bars, read(bars)


def signals_of(seed: int, count: int = 25) -> pd.DataFrame:
    """At any second of the two days, some at the very begin of a bar, one of a company without prices."""
    draw = np.random.default_rng(seed)
    starts = starts_of(DAYS, 60)
    span = (starts[0] - 3_600 * SECOND, starts[-1] + 7_200 * SECOND)
    at = [int(draw.integers(*span)) // SECOND * SECOND for _ in range(count)] + [starts[3], starts[8]]
    names = [str(draw.choice((*COMPANIES, "ZZ"))) for _ in at]
    return pd.DataFrame({"company": names, "available_at": at, "score": draw.uniform(-1, 1, len(at))})


# -- what is filled


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 3), st.integers(0, 10_000), st.integers(0, 5_000), st.integers(0, 2))
def test_a_signal_is_filled_at_the_open_of_the_company_s_first_bar_that_begins_once_it_is_known(
    world: int, seed: int, seconds: int, whole: int
) -> None:
    bars, prices = _world(world)
    signals = signals_of(seed)
    found = fills(signals, prices, Delay(seconds, whole))
    grid = starts_of(DAYS, 60)
    for row in found.itertuples():
        ready = row.available_at + seconds * SECOND
        later = [at for at in grid if at >= ready][whole:]  # a bar of the delay is a bar of the exchange
        own = sorted(bar for bar in bars if bar.ticker == row.company and later and bar.at >= later[0])
        if not own:
            assert row.filled_at == -1
            assert np.isnan(row.fill_price)
        else:
            assert (row.filled_at, row.fill_price) == (own[0].at, own[0].open)
            assert row.filled_at >= row.available_at + seconds * SECOND


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 3), st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 9))
def test_bars_that_come_later_change_nothing_that_was_filled_or_held_before(
    world: int, seed: int, cut: int, hold: int
) -> None:
    bars, prices = _world(world)
    instant = starts_of(DAYS, 60)[cut]
    changed = [bar if bar.at < instant else bar._replace(open=bar.open * 1.5, close=bar.close / 2) for bar in bars]
    other, signals = read(changed), signals_of(seed)
    before, after = (fills(signals, each, Delay(1)) for each in (prices, other))
    early = (before["filled_at"] < instant) & (before["filled_at"] >= 0)
    pd.testing.assert_frame_equal(before[early], after[early])
    late = signals.assign(score=signals["score"].where(signals["available_at"] < instant, -signals["score"]))
    one, two = factor_panel(signals, prices, Delay(1), hold), factor_panel(late, other, Delay(1), hold)
    opened = one.index < pd.Timestamp(instant, unit="us")
    pd.testing.assert_frame_equal(one[opened], two[opened])
    nets = [track(long_short(panel), each, 5).net for panel, each in ((one, prices), (two, other))]
    known = nets[0].index[: int(opened.sum()) - 1]  # the return of the last bar before ends at the cut
    pd.testing.assert_series_equal(nets[0][known], nets[1][known])


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 3), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_says_nothing(world: int, random: Any) -> None:
    bars, prices = _world(world)
    shuffled = list(bars)
    random.shuffle(shuffled)
    other = read(shuffled)
    for name in ("open", "close", "volume"):
        pd.testing.assert_frame_equal(getattr(other, name), getattr(prices, name))
    assert prices.grid is not None
    assert other.grid is not None
    pd.testing.assert_frame_equal(other.grid.traded, prices.grid.traded)
    assert {p.problem for p in other.problems} == {p.problem for p in prices.problems}


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 3), st.integers(0, 10_000), st.integers(1, 9), st.integers(0, 1_000))
def test_the_book_is_what_a_plain_loop_counts(world: int, seed: int, hold: int, seconds: int) -> None:
    bars, prices = _world(world)
    signals = signals_of(seed)
    one = track(long_short(factor_panel(signals, prices, Delay(seconds), hold)), prices, 7)
    net, night = _counted(bars, signals, hold, seconds)
    assert one.net.tolist() == pytest.approx(net, abs=1e-12)
    over = night_part(one.weights, prices).reindex(one.net.index)
    assert over.tolist() == pytest.approx(night, abs=1e-12)
    assert prices.grid is not None


def _counted(bars: Sequence[Bar], signals: pd.DataFrame, hold: int, seconds: int) -> tuple[list[float], list[float]]:
    """(net, over night) of each bar but the last: weights and prices bar by bar, one company at a time."""
    grid = starts_of(DAYS, 60)
    real = {(bar.ticker, bar.at): bar for bar in bars}
    spans = {name: [at for at in grid if (name, at) in real] for name in COMPANIES}
    score: dict[str, float | None] = dict.fromkeys(COMPANIES)
    price: dict[str, float] = {}
    net, night, before = [], [], dict.fromkeys(COMPANIES, 0.0)
    for number, at in enumerate(grid[:-1]):
        following = grid[number + 1]
        ends, values, weights, over = {}, {}, {}, {}
        for name in COMPANIES:
            if (name, at) in real:
                score[name] = _in_force(signals, name, grid, number, hold, seconds)
            values[name] = price.get(name, float("nan"))
            if (name, at) in real:
                values[name], price[name] = real[name, at].open, real[name, at].close
            inside = spans[name][0] <= at <= spans[name][-1]
            if not inside:
                values[name] = float("nan")
            ends[name] = real[name, following].open if (name, following) in real else price.get(name, float("nan"))
            if following > spans[name][-1]:
                ends[name] = price.get(name, float("nan"))
        spoken = {name: s for name, s in score.items() if s is not None and values[name] == values[name]}
        mean = sum(spoken.values()) / len(spoken) if spoken else 0.0
        gross = sum(abs(s - mean) for s in spoken.values())
        for name in COMPANIES:
            weights[name] = (spoken[name] - mean) / gross if name in spoken and gross > 1e-12 else 0.0
            over[name] = ends[name] / values[name] - 1 if values[name] == values[name] else 0.0
        made = sum(weights[name] * over[name] for name in COMPANIES)
        turnover = sum(abs(weights[name] - before[name]) for name in COMPANIES)
        net.append(made - turnover * 7 / 10_000)
        slept = following - at > 3_600 * SECOND
        # what the night added to what a holding had become by the close
        night.append(
            sum(weights[n] * (ends[n] - price[n]) / values[n] for n in COMPANIES if weights[n]) if slept else 0.0
        )
        before = {name: weights[name] * (1 + over[name]) / (1 + made) for name in COMPANIES}
    return net, night


def _in_force(
    signals: pd.DataFrame, name: str, grid: Sequence[int], number: int, hold: int, seconds: int
) -> float | None:
    """The score that is the newest one by this bar, unless it has run out."""
    best: tuple[int, int, float] | None = None
    for order, row in enumerate(signals.itertuples()):
        if row.company != name:
            continue
        bar = next((i for i, at in enumerate(grid) if at >= row.available_at + seconds * SECOND), len(grid))
        if bar <= number and (best is None or (row.available_at, order) >= best[:2]):
            best = (row.available_at, order, row.score)
    if best is None:
        return None
    bar = next(i for i, at in enumerate(grid) if at >= best[0] + seconds * SECOND)
    return best[2] if number - bar < hold else None


# -- sessions, nights and horizons


def test_a_shorter_day_ends_when_it_ends_and_what_lies_behind_it_is_named() -> None:
    bars = bars_of(THANKSGIVING, 30, 1)
    late = [bar._replace(at=bar.at + 210 * 60 * SECOND) for bar in bars if _day(bar) == THANKSGIVING[1]]
    prices = read([*bars, *late[:4]])
    assert prices.grid is not None
    assert np.diff(prices.grid.first).tolist() == [13, 7, 13]
    assert [str(day.date()) for day in prices.grid.days] == [str(day) for day in THANKSGIVING]
    row = len(bars) + 2
    assert [str(p) for p in prices.problems] == [
        f"row {row} (AA 2025-11-28 18:00Z): 4 bar(s): after the close of a shorter day"
    ]
    with pytest.raises(PriceError, match=r"after the close of a shorter day.*--strict"):
        read([*bars, *late[:4]], strict=True)


def _day(bar: Bar) -> date:
    return datetime.fromtimestamp(bar.at // SECOND, NEW_YORK).date()


@pytest.mark.parametrize("days", [DAYS, THANKSGIVING])
def test_horizons_end_with_their_session_and_the_night_is_one_of_its_own(days: Sequence[date]) -> None:
    bars = bars_of(days, 30, 4)
    prices = read(bars)
    opens = {bar.at: bar.open for bar in bars if bar.ticker == "AA"}
    closes = {bar.at: bar.close for bar in bars if bar.ticker == "AA"}
    grid = [starts_of([day], 30) for day in days]
    flat = [at for some in grid for at in some]
    for bars_ahead in (1, 3, 7):
        found = forward(prices, Horizon("x", "bars", bars_ahead, bars_ahead))["AA"].tolist()
        wanted = []
        for some in grid:
            for n, at in enumerate(some):
                end = n + bars_ahead
                out = opens[some[end]] if end < len(some) else closes[some[-1]] if end == len(some) else float("nan")
                wanted.append(out / opens[at] - 1)
        assert found == pytest.approx(wanted, nan_ok=True)
    night = forward(prices, Horizon("night", "night", 0, 1))["AA"].dropna()
    assert night.tolist() == pytest.approx([opens[b[0]] / closes[a[-1]] - 1 for a, b in pairwise(grid)])
    session = forward(prices, Horizon("1session", "sessions", 1, 13))["AA"].tolist()
    wanted = []
    for number, some in enumerate(grid):
        for n, at in enumerate(some):
            if number + 1 == len(grid):
                wanted.append(float("nan"))
                continue
            place = flat.index(grid[number + 1][0]) + n
            if n >= len(grid[number + 1]):  # the next day is shorter: the open behind it
                place = flat.index(grid[number + 1][-1]) + 1
            wanted.append(opens[flat[place]] / opens[at] - 1 if place < len(flat) else float("nan"))
    assert session == pytest.approx(wanted, nan_ok=True)


def test_lengths_are_of_market_time_and_say_what_they_cannot_be() -> None:
    prices = read(bars_of(DAYS, 30, 4))
    assert [length_in_bars(text, prices, "--hold") for text in ("3", "1bar", "60min", "2h", "1session")] == [
        3,
        1,
        2,
        4,
        13,
    ]
    assert [each.key for each in horizons_of(prices)] == [
        "1bar", "60min", "120min", "1session", "2sessions", "5sessions", "night",
    ]  # fmt: skip
    for text, why in (("45min", "no multiple of the 30 minutes"), ("0", "not valid"), ("soon", "not valid")):
        with pytest.raises(HorizonError, match=why):
            length_in_bars(text, prices, "--hold")
    with pytest.raises(HorizonError, match="longer than a session"):
        horizons_of(prices, "1bar,14bars")
    assert Choices().on(prices, 2).hold_bars == 13
    assert Choices(delay="3s").on(prices, 2).wait == Delay(5)


# -- reading


@pytest.mark.parametrize("days", [DAYS, THANKSGIVING])
def test_a_time_means_the_same_in_whatever_clock_it_is_written(days: Sequence[date]) -> None:
    bars = bars_of(days, 60, 2)
    plain = read(bars)
    local = table_of(bars, zone=NEW_YORK)
    ends = table_of([bar._replace(at=bar.at + 60 * MINUTE) for bar in bars])
    apart = table_of(bars, "%Y%m%d,%H%M%S")
    apart = apart.assign(time=apart["date"].str[9:], date=apart["date"].str[:8])
    for table, clock in (
        (local, Clock("exchange")), (local, Clock("America/New_York", "start")), (ends, Clock(labels="end")),
        (apart, Clock()), (table_of(bars, "%s"), Clock()),
        (table_of(bars, "%Y-%m-%dT%H:%M:%S+00:00"), Clock("exchange")),
        (table_of(bars, "%m/%d/%Y %I:%M %p", NEW_YORK), Clock("exchange")),
    ):  # fmt: skip
        found = check_bars(table, "bars.csv", today=TODAY, clock=clock)
        pd.testing.assert_frame_equal(found.open, plain.open)
        assert found.problems == ()


def test_ends_that_are_taken_for_starts_would_look_ahead_and_are_refused() -> None:
    ends = [bar._replace(at=bar.at + 30 * MINUTE) for bar in bars_of(DAYS, 30, 2)]
    with pytest.raises(PriceError, match="look like ends of bars; say --bar-time end"):
        read(ends)
    said = read(ends, clock=Clock(labels="start"))  # somebody who says so is believed
    assert any("outside of XNYS's sessions" in str(problem) for problem in said.problems)


def test_another_clock_is_noticed() -> None:
    with pytest.raises(PriceError, match=r"lie outside of XNYS's sessions .*say --zone exchange"):
        check_bars(table_of(bars_of(DAYS, 30, 2), zone=ZoneInfo("Asia/Tokyo")), "bars.csv", today=TODAY)
    with pytest.raises(PriceError, match="'Mars/Base' is no time zone"):
        read(bars_of(DAYS, 30, 2), clock=Clock("Mars/Base"))


def test_a_length_that_is_none_is_refused_and_days_stay_days(tmp_path: Path) -> None:
    with pytest.raises(PriceError, match=r"its bars are 90 minutes apart; bars of 1 to 60"):
        read(bars_of(DAYS, 90, 2))
    days = table_of(bars_of(DAYS, 390, 2))
    assert not are_bars(days)
    assert are_bars(table_of(bars_of(DAYS, 60, 2)))
    table_of(bars_of(DAYS, 60, 2)).rename(columns={"date": "time"}).to_csv(tmp_path / "bars.csv", index=False)
    found = load_file(tmp_path / "bars.csv", today=TODAY)
    assert found.grid is not None
    assert found.grid.minutes == 60


def test_gaps_repetitions_and_bars_off_the_grid_are_named() -> None:
    bars = [bar for bar in bars_of(DAYS, 30, 2) if bar.ticker == "AA"]
    odd = bars[4]._replace(at=bars[4].at + 7 * MINUTE)
    prices = read([*bars[:3], *bars[5:], bars[0]._replace(open=1.0), odd])
    told = [problem.problem for problem in prices.problems]
    assert told[0].startswith("1 bar(s): not on the grid of 30 minutes")
    assert told[1] == "1 bar(s): the same bar again; the first row is used"
    assert told[2].startswith("2 of 26 bars are missing, 2 in a row before this one at most (30 min each)")
    assert prices.open["AA"].iloc[3] == bars[2].close
    assert prices.grid is not None
    assert not prices.grid.traded["AA"].iloc[3]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2025-11-02 01:30", "had twice when its clocks went back"),
        ("2025-03-09 02:30", "skipped when its clocks went forward"),
        ("2025-11-03", "a day without a time of day"),
        ("03/04/2025 09:30", "may be two days"),
        ("half past nine", "not a time"),
    ],
)
def test_a_time_that_is_none_says_why(text: str, why: str) -> None:
    instants, found = moments(pd.DataFrame({"date": [text]}), NEW_YORK)
    assert np.isnan(instants.iloc[0])
    assert why in found.iloc[0]


# -- the sample


def test_the_sample_has_new_york_s_hours_and_the_same_bars_again() -> None:
    import exchange_calendars

    days = [day for day in trading_days(730) if day >= date(2024, 6, 1)]
    calendar = exchange_calendars.get_calendar("XNYS", start=days[0], end=days[-1])
    closes = {session.date(): close for session, close in calendar.closes.items()}
    assert {day for day, close in closes.items() if close.astimezone(NEW_YORK).hour == 13} == HALF_DAYS
    assert all(bar_starts(day, 30)[-1] + timedelta(minutes=30) == closes[day] for day in days[::20])
    bars = synthetic_bars(60, 7)
    assert bars[:50] == synthetic_bars(60, 7)[:50]
    assert all(bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in bars[::17])


@pytest.mark.parametrize("planted", [True, False])
def test_a_planted_effect_is_found_within_the_hour_and_noise_is_not(tmp_path: Path, *, planted: bool) -> None:
    write_prices(tmp_path / "bars.csv", synthetic_bars(60, planted=planted), "time")
    prices = load_file(tmp_path / "bars.csv", today=TODAY)
    rows = [
        (
            company,
            company,
            int(START.timestamp() + hour * 3_600) * SECOND,
            opinion(company, hour),
            0.5,
            "hold",
            "m",
            "s",
        )
        for company in prices.open.columns
        for hour in range(HOURS)
    ]
    columns = ["company", "ticker", "available_at", "score", "confidence", "action", "model", "strategy"]
    choices = Choices().on(prices, 1)
    signals = pd.DataFrame(rows, columns=columns)
    result = run_backtest(signals, prices, delay=choices.wait, cost_bps=1, hold_bars=choices.hold_bars, placebos=20)
    m = result.metrics
    found = m["ic_by_horizon"]
    assert m["bars"]["minutes"] == 60
    assert m["bars"]["full_session"] == 7
    page = tearsheet(result, "bars")
    assert "over night, from a session" in page
    assert all(f"<td>{each.key}</td>" in page for each in result.horizons)
    if planted:
        assert m["ic_mean"] > 0.1
        assert m["ic_t"] > 4
        assert m["placebo"]["ic_p"] < 0.06
        assert found["1session"]["mean"] > found["120min"]["mean"] > found["1bar"]["mean"]
        assert abs(found["night"]["t"]) < 3  # nothing is planted there
        assert m["bars"]["session"]["return"] > 5 * abs(m["bars"]["night"]["return"])
    else:
        assert abs(m["ic_t"]) < 3
        assert m["placebo"]["ic_p"] > 0.06
