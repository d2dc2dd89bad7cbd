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
FIRST_PRICE_DAY: Final = date(2026, 2, 17)
LAST_PRICE_DAY: Final = date(2026, 3, 20)  # no exchange holiday between the two
LAG_HOURS: Final = 24  # a return follows the opinion of a day before
DAILY_EFFECT: Final = 0.02  # return of a trading day that follows an opinion of 1 held all day
DAILY_NOISE: Final = 0.012  # standard deviation of a company's own daily return
MARKET_NOISE: Final = 0.005  # and of the whole market's

_EXCHANGE: Final = ZoneInfo("America/New_York")
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


def opinion(company: str, hour: float, seed: int = SEED) -> float:
    """The planted opinion on `company`, in (-1, 1), `hour` hours after START. 0 outside the week."""
    if not 0 <= hour <= HOURS:
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


def planted_path(seed: int = SEED) -> dict[str, object]:
    """The whole plan as JSON: `start`, `step_seconds`, effect and lag, and per company id 168 hourly opinions."""
    paths = {company: [round(opinion(company, hour, seed), 4) for hour in range(HOURS)] for company in COMPANIES}
    return {
        "synthetic": True,
        "seed": seed,
        "start": "2026-03-02T00:00:00Z",
        "step_seconds": HOUR_SECONDS,
        "lag_hours": LAG_HOURS,
        "daily_effect": DAILY_EFFECT,
        "opinion": paths,
    }


def synthetic_prices(seed: int = SEED, *, planted: bool = True, hourly: bool = False) -> list[Price]:
    """Bars of every company of the week, by date and ticker: daily, or hourly in market hours.

    Without `planted` the same noise is there and the effect is not.
    """
    market = random.Random(f"market:{seed}")
    days = [FIRST_PRICE_DAY + timedelta(days=n) for n in range((LAST_PRICE_DAY - FIRST_PRICE_DAY).days + 1)]
    days = [day for day in days if day.weekday() < 5]
    common = {day: [market.gauss(0, MARKET_NOISE / math.sqrt(_BARS)) for _ in range(_BARS)] for day in days}
    bars = [bar for company in COMPANIES for bar in _bars(company, days, common, seed, planted, hourly)]
    return sorted(bars, key=lambda bar: (bar.date, bar.ticker))


def _bars(
    company: str, days: list[date], common: dict[date, list[float]], seed: int, planted: bool, hourly: bool
) -> list[Price]:
    draw = random.Random(f"price:{seed}:{company}")
    price = draw.uniform(20, 400)
    turnover = draw.uniform(1e6, 2e7) / _BARS
    bars: list[Price] = []
    for day in days:
        of_day: list[Price] = []
        for number, shared in enumerate(common[day]):
            start = datetime.combine(day, time(9 + number, 30), _EXCHANGE).astimezone(UTC)
            hour = (start - START).total_seconds() / HOUR_SECONDS - LAG_HOURS
            drift = opinion(company, hour, seed) * DAILY_EFFECT / _BARS if planted else 0.0
            own = draw.gauss(0, DAILY_NOISE / math.sqrt(_BARS))
            close = price * math.exp(drift + own + shared)
            wick = [abs(draw.gauss(0, 0.001)) for _ in range(2)]
            high, low = max(price, close) * (1 + wick[0]), min(price, close) * (1 - wick[1])
            volume = int(turnover * draw.uniform(0.6, 1.6))
            label = start.strftime("%Y-%m-%dT%H:%M:%SZ")
            of_day.append(Price(label, company, price, high, low, close, volume))
            price = close
        bars += of_day if hourly else [_day_bar(day, of_day)]
    return [_rounded(bar) for bar in bars]


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


def _rounded(bar: Price) -> Price:
    return replace(
        bar, open=round(bar.open, 4), high=round(bar.high, 4), low=round(bar.low, 4), close=round(bar.close, 4)
    )
