"""The planted opinion path of the synthetic week, and the prices that follow it. Everything here is invented.

Each company has one smooth curve in (-1, 1): an own level plus two slow waves. Texts are drawn by it (sample.py), and
prices follow it a day later, so that a back-test has something to find, of known sign and size (docs/sample.md).
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from shared.clock import HOUR_SECONDS

SEED: Final = 20260302
START: Final = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
HOURS: Final = 7 * 24
DAYS: Final = 7
MOST_DAYS: Final = 730  # a longer sample begins earlier; all end with the week
FIRST_PRICE_DAY: Final = date(2026, 2, 17)  # of the week's own prices; a longer sample's begin as long before it
LAST_PRICE_DAY: Final = date(2026, 3, 20)
# days without trading in New York within MOST_DAYS, weekends aside
_HOLIDAYS: Final = """
    2024-03-29 2024-05-27 2024-06-19 2024-07-04 2024-09-02 2024-11-28 2024-12-25
    2025-01-01 2025-01-09 2025-01-20 2025-02-17 2025-04-18 2025-05-26 2025-06-19 2025-07-04 2025-09-01 2025-11-27
    2025-12-25 2026-01-01 2026-01-19 2026-02-16
"""
CLOSED: Final = frozenset(map(date.fromisoformat, _HOLIDAYS.split()))
_HALF_DAYS: Final = "2024-07-03 2024-11-29 2024-12-24 2025-07-03 2025-11-28 2025-12-24"
HALF_DAYS: Final = frozenset(map(date.fromisoformat, _HALF_DAYS.split()))  # on which New York closes at 13:00
LAG_HOURS: Final = 24  # a return follows the opinion of a day before
DAILY_EFFECT: Final = 0.02  # return of a trading day that follows an opinion of 1 held all day
DAILY_NOISE: Final = 0.012  # standard deviation of a company's own daily return
MARKET_NOISE: Final = 0.005  # and of the whole market's

EXCHANGE: Final = ZoneInfo("America/New_York")
_BARS: Final = 7  # hourly bars of a trading day: 09:30, 10:30 … 15:30 (the last is half an hour)

_LISTED: Final = """
    AAPL MSFT NVDA AMD INTC ORCL CRM ADBE IBM CSCO MU QCOM GOOGL META NFLX DIS T VZ CMCSA SPOT
    AMZN TSLA F GM NKE SBUX MCD HD LOW BKNG ABNB CMG WMT COST TGT KO PEP PG MDLZ MO
    XOM CVX COP SLB OXY BP JPM BAC C GS MS WFC V MA AXP PYPL
    JNJ PFE MRK LLY ABBV MRNA UNH CVS ISRG BA CAT GE UPS FDX LMT UBER DAL
    FCX NEM LIN AMT PLD SPG NEE DUK
"""
COMPANIES: Final = tuple(_LISTED.split())


@dataclass(frozen=True, slots=True)
class Price:
    """One bar. `date` is the day (YYYY-MM-DD) or, of an hourly bar, its start in UTC (ISO 8601)."""

    date: str
    ticker: str
    open: float
    high: float
    low: float
    close: float
    volume: int


def first_hour(days: int) -> int:
    """The first hour of a sample of so many days, from START: 0 of the week, less than 0 of longer ones."""
    return (DAYS - days) * 24


def opinion(company: str, hour: float, seed: int = SEED, days: int = DAYS) -> float:
    """The planted opinion on `company`, in (-1, 1), `hour` hours after START. 0 outside the sample."""
    if not first_hour(days) <= hour <= HOURS:
        return 0.0
    level, waves = _curve(company, seed)
    return math.tanh(
        level + sum(size * math.sin(2 * math.pi * hour / 24 / days + phase) for size, days, phase in waves)
    )


@lru_cache(maxsize=1024)
def _curve(company: str, seed: int) -> tuple[float, list[tuple[float, float, float]]]:
    """Level, and per wave its size, its days and its phase."""
    draw = random.Random(f"path:{seed}:{company}")
    waves = ((0.4, 1.0, 5, 11), (0.15, 0.4, 2, 4))
    return draw.uniform(-0.9, 0.9), [
        (draw.uniform(small, large), draw.uniform(short, long), draw.uniform(0, 2 * math.pi))
        for small, large, short, long in waves
    ]


def planted_path(seed: int = SEED, days: int = DAYS) -> dict[str, object]:
    """The whole plan as JSON: `start`, `step_seconds`, effect and lag, and the hourly opinions of every company id."""
    first = first_hour(days)
    paths = {
        company: [round(opinion(company, hour, seed, days), 4) for hour in range(first, HOURS)] for company in COMPANIES
    }
    return {
        "synthetic": True,
        "seed": seed,
        "start": (START + timedelta(hours=first)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "step_seconds": HOUR_SECONDS,
        "lag_hours": LAG_HOURS,
        "daily_effect": DAILY_EFFECT,
        "opinion": paths,
    }


def trading_days(days: int = DAYS) -> list[date]:
    """The days with prices of a sample of so many days: from two weeks before it to two weeks after it."""
    first = FIRST_PRICE_DAY - timedelta(days=days - DAYS)
    every = (first + timedelta(days=n) for n in range((LAST_PRICE_DAY - first).days + 1))
    return [day for day in every if day.weekday() < 5 and day not in CLOSED]


def synthetic_prices(seed: int = SEED, *, planted: bool = True, hourly: bool = False, days: int = DAYS) -> list[Price]:
    """Bars of every company of the sample, by date and ticker: daily, or hourly in market hours.

    Without `planted` the same noise is there and the effect is not.
    """
    market = random.Random(f"market:{seed}")
    common = {
        day: [market.gauss(0, MARKET_NOISE / math.sqrt(_BARS)) for _ in range(_BARS)] for day in trading_days(days)
    }
    effect = DAILY_EFFECT if planted else 0.0
    bars = [bar for company in COMPANIES for bar in _bars(company, common, seed, effect, hourly, days)]
    return sorted(bars, key=lambda bar: (bar.date, bar.ticker))


def _bars(
    company: str, common: dict[date, list[float]], seed: int, effect: float, hourly: bool, days: int
) -> list[Price]:
    """`common`: the market's noise by day and bar; `effect`: the return of a day that follows an opinion of 1."""
    draw = random.Random(f"price:{seed}:{company}")
    price = draw.uniform(20, 400)
    turnover = draw.uniform(1e6, 2e7) / _BARS
    bars: list[Price] = []
    for day, noise in common.items():
        of_day: list[Price] = []
        for number, shared in enumerate(noise):
            start = datetime.combine(day, time(9 + number, 30), EXCHANGE).astimezone(UTC)
            hour = (start - START).total_seconds() / HOUR_SECONDS - LAG_HOURS
            drift = opinion(company, hour, seed, days) * effect / _BARS
            own = draw.gauss(0, DAILY_NOISE / math.sqrt(_BARS))
            close = price * math.exp(drift + own + shared)
            wick = [abs(draw.gauss(0, 0.001)) for _ in range(2)]
            high, low = max(price, close) * (1 + wick[0]), min(price, close) * (1 - wick[1])
            volume = int(turnover * draw.uniform(0.6, 1.6))
            label = start.strftime("%Y-%m-%dT%H:%M:%SZ")
            of_day.append(Price(label, company, price, high, low, close, volume))
            price = close
        bars += of_day if hourly else [_day_bar(day, of_day)]
    return [rounded(bar) for bar in bars]


def _day_bar(day: date, bars: list[Price]) -> Price:
    return Price(
        day.isoformat(),
        bars[0].ticker,
        bars[0].open,
        max(bar.high for bar in bars),
        min(bar.low for bar in bars),
        bars[-1].close,
        sum(bar.volume for bar in bars),
    )


def rounded(bar: Price) -> Price:
    """To the four decimals that a file has."""
    return replace(
        bar, open=round(bar.open, 4), high=round(bar.high, 4), low=round(bar.low, 4), close=round(bar.close, 4)
    )
