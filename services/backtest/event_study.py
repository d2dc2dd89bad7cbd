"""What happens to prices around an event class: abnormal returns with confidence bands (MacKinlay 1997,
market-adjusted).
"""

from __future__ import annotations

import pandas as pd

from services.backtest.prices import Prices
from services.backtest.timing import Delay, first_bar


def abnormal_returns(prices: Prices) -> pd.DataFrame:
    """Close-to-close return less the mean of all companies of that session, sessions x companies."""
    returns = prices.close / prices.close.shift(1) - 1.0
    return returns.sub(returns.mean(axis=1), axis=0)


def event_study(
    events: pd.DataFrame, prices: Prices, *, before: int = 5, after: int = 10, least: int = 20
) -> pd.DataFrame:
    """Cumulative abnormal return around each event class.

    events: columns company, available_at (microseconds), event. Bar 0 is the first session that opens after the text
    was
    available. One event per company, class and session counts. Classes with fewer than `least` are left out.
    Returns rows (event, bar, mean, low, high, n); low and high are the 95 % band from the cross-section; cumulated
    from -before.
    """
    abnormal = abnormal_returns(prices)
    known = events[events["company"].isin(abnormal.columns)]
    session = first_bar(known["available_at"], prices.opens_at, Delay())
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
