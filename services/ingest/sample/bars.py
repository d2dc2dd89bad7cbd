"""Bars of some minutes around the planted opinion: what happens within an hour of a text. All of it is invented.

As with the days (prices.py), the same noise is there without the effect. Unlike there a return follows the opinion of
an hour before, sessions have New York's hours, and end at 13:00 on the days on which it closes early.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from services.ingest.sample.prices import (
    COMPANIES,
    DAILY_EFFECT,
    DAILY_NOISE,
    DAYS,
    EXCHANGE,
    HALF_DAYS,
    MARKET_NOISE,
    SEED,
    START,
    Price,
    opinion,
    rounded,
    trading_days,
)
from shared.clock import HOUR_SECONDS

LAG_HOURS: Final = 1
NIGHT_NOISE: Final = 0.006  # standard deviation of a company's own return from a close to the next open
SESSION_MINUTES: Final = 390
_HALF_DAY_MINUTES: Final = 210


def synthetic_bars(minutes: int, seed: int = SEED, *, planted: bool = True, days: int = DAYS) -> list[Price]:
    """Bars of `minutes` (1 to 60) of every company, by begin (UTC) and ticker. The effect of a session is that of a
    day: DAILY_EFFECT for an opinion of 1 held all session long; nothing is planted in the nights."""
    effect = DAILY_EFFECT if planted else 0.0
    market = random.Random(f"market bars:{seed}:{minutes}")
    starts = [(day, bar_starts(day, minutes)) for day in trading_days(days)]
    share = math.sqrt(minutes / SESSION_MINUTES)
    common = [[market.gauss(0, MARKET_NOISE * share) for _ in of_day] for _, of_day in starts]
    found: list[Price] = []
    for company in COMPANIES:
        draw = random.Random(f"bars:{seed}:{minutes}:{company}")
        price, turnover = draw.uniform(20, 400), draw.uniform(1e6, 2e7) * minutes / SESSION_MINUTES
        for (_, of_day), shared in zip(starts, common, strict=True):
            price *= math.exp(draw.gauss(0, NIGHT_NOISE))
            for start, of_market in zip(of_day, shared, strict=True):
                hour = (start - START).total_seconds() / HOUR_SECONDS - LAG_HOURS
                drift = opinion(company, hour, seed, days) * effect * minutes / SESSION_MINUTES
                close = price * math.exp(drift + draw.gauss(0, DAILY_NOISE * share) + of_market)
                high, low = (max(price, close), 1), (min(price, close), -1)
                wick = [value * (1 + sign * abs(draw.gauss(0, 0.0003))) for value, sign in (high, low)]
                label = start.strftime("%Y-%m-%dT%H:%M:%SZ")
                volume = int(turnover * draw.uniform(0.6, 1.6))
                found.append(rounded(Price(label, company, price, wick[0], wick[1], close, volume)))
                price = close
    return sorted(found, key=lambda bar: (bar.date, bar.ticker))


def bar_starts(day: date, minutes: int) -> list[datetime]:
    """When the bars of a session begin (UTC); the last one may be a shorter one."""
    length = _HALF_DAY_MINUTES if day in HALF_DAYS else SESSION_MINUTES
    opened = datetime.combine(day, time(9, 30), EXCHANGE).astimezone(UTC)
    return list(_steps(opened, opened + timedelta(minutes=length), timedelta(minutes=minutes)))


def _steps(begin: datetime, end: datetime, step: timedelta) -> Iterator[datetime]:
    while begin < end:
        yield begin
        begin += step


def planted_in_bars(minutes: int, *, planted: bool = True) -> dict[str, object]:
    """What planted.json says of bars.csv."""
    effect = DAILY_EFFECT if planted else 0.0
    return {"bars": {"minutes": minutes, "lag_hours": LAG_HOURS, "session_effect": effect}}
