"""What happens to prices around an event class: abnormal returns with confidence bands (MacKinlay 1997,
market-adjusted).
"""

from __future__ import annotations

import pandas as pd

from services.backtest.portfolio import bar_of
from services.backtest.prices import Prices
from services.backtest.timing import Delay
from shared.event_classes.classes import EVENT_GROUPS
from shared.event_classes.selection import group_of


def abnormal_returns(prices: Prices) -> pd.DataFrame:
    """Close-to-close return less the mean of all companies of that session, sessions x companies."""
    returns = prices.close / prices.close.shift(1) - 1.0
    return returns.sub(returns.mean(axis=1), axis=0)


def event_study(
    events: pd.DataFrame, prices: Prices, *, before: int = 5, after: int = 10, least: int = 20
) -> pd.DataFrame:
    """Cumulative abnormal return around each event class, and around each group of classes.

    events: columns company, available_at (microseconds), event. Bar 0 is the first session that opens after the text
    was
    available. One event per company, class (or group) and session counts. Classes with fewer than `least` are left out.
    Returns rows (event, bar, mean, low, high, n); low and high are the 95 % band from the cross-section; cumulated
    from -before.
    """
    abnormal = abnormal_returns(prices)
    known = _with_groups(events[events["company"].isin(abnormal.columns)])
    session = bar_of(known["available_at"], prices, Delay())
    known = known.assign(session=session).drop_duplicates(["company", "event", "session"])
    known = known[(known["session"] >= before) & (known["session"] + after < len(abnormal))]
    values, column = abnormal.to_numpy(), {name: i for i, name in enumerate(abnormal.columns)}
    rows = []
    for event, group in known.groupby("event"):
        paths = [
            values[s - before : s + after + 1, column[c]]
            for s, c in zip(group["session"], group["company"], strict=True)
        ]
        frame = pd.DataFrame(paths).dropna()
        if len(frame) < least:
            continue
        cumulated = frame.cumsum(axis=1)
        mean, error = cumulated.mean(), cumulated.std() / len(frame) ** 0.5
        for offset, bar in enumerate(range(-before, after + 1)):
            rows.append(
                (
                    event,
                    bar,
                    mean[offset],
                    mean[offset] - 1.96 * error[offset],
                    mean[offset] + 1.96 * error[offset],
                    len(frame),
                )
            )
    return pd.DataFrame(rows, columns=["event", "bar", "mean", "low", "high", "n"])


def _with_groups(events: pd.DataFrame) -> pd.DataFrame:
    """The events, and each once more under its group's name (no class is called so)."""
    groups = events["event"].map(group_of)
    return pd.concat([events, events.assign(event=groups)[groups.isin(list(EVENT_GROUPS))]], ignore_index=True)
