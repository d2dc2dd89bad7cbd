"""The figures of a tear sheet: they draw what report.py computed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from services.backtest.horizons import Horizon
from services.backtest.result import QUANTILES, Backtest
from shared.event_classes.selection import picked

INK, MUTED, UP, DOWN, ACCENT, QUIET = "#1c2733", "#6b7785", "#1b7f79", "#b4532a", "#2f5d9b", "#c9ced6"
SHADES = ("#2f5d9b", "#1b7f79", "#b4532a", "#8a5aa8", "#8c6d1f", "#6b7785")
MOST_EVENTS = 6  # lines in one figure; the table beside it has them all


def equity(result: Backtest) -> go.Figure:
    figure = go.Figure()
    for name, colour in (("long_short", ACCENT), ("long_only", UP)):
        one = result.tracks[name]
        label = name.replace("_", "-")
        figure.add_scatter(x=one.net.index, y=one.equity, name=f"{label}, after costs", line={"color": colour})
        before = (1 + one.gross).cumprod()
        figure.add_scatter(
            x=before.index, y=before, name=f"{label}, before", line={"color": colour, "dash": "dot", "width": 1}
        )
    everything = (1 + result.market).cumprod()
    figure.add_scatter(
        x=everything.index, y=everything, name="benchmark: all companies, equal weights", line={"color": QUIET}
    )
    return figure.update_layout(title="Growth of 1", yaxis_tickformat=".4~f")


def knowledge(result: Backtest, m: dict[str, Any]) -> list[go.Figure]:
    """What shows whether the signal knew anything, as far as there is something to show."""
    found = []
    if result.ic.notna().any():
        found.append(ic(result))
    if np.isfinite(result.placebo_ic).any():
        found.append(placebo(result))
    if any(math.isfinite(row["mean"]) for row in m["ic_by_horizon"].values()):
        found.append(decay(m))
    if result.quantiles.notna().any().any():
        found.append(quantiles(result))
    return found


def drawdown(result: Backtest) -> go.Figure:
    equity = result.tracks["long_short"].equity
    fall = equity / np.maximum(equity.cummax(), 1.0) - 1
    figure = go.Figure(go.Scatter(x=fall.index, y=fall, fill="tozeroy", line={"color": DOWN, "width": 1}))
    return figure.update_layout(title="Drawdown, long-short after costs", yaxis_tickformat=".3~%")


def ic(result: Backtest) -> go.Figure:
    ic = result.ic
    if result.bars:  # thousands of bars are no bars to look at
        ic = ic.groupby(ic.index.normalize()).mean()
    figure = go.Figure(go.Bar(x=ic.index, y=ic, marker_color=QUIET, name="session"))
    mean = ic.rolling(21, min_periods=5).mean()
    figure.add_scatter(x=mean.index, y=mean, name="mean of 21 sessions", line={"color": ACCENT})
    return figure.update_layout(title="Information coefficient by session")


def placebo(result: Backtest) -> go.Figure:
    figure = go.Figure(go.Histogram(x=result.placebo_ic, nbinsx=25, marker_color=QUIET, name="shuffled"))
    mean = float(result.ic.mean())
    figure.add_scatter(x=[mean, mean], y=[0, 12], mode="lines+text", text=["", "this run"], line={"color": ACCENT})
    figure.update_traces(textposition="top center", selector={"type": "scatter"})
    return figure.update_layout(
        title="Placebo: signals reassigned to other companies", xaxis_title="mean IC", showlegend=False
    )


def decay(m: dict[str, Any]) -> go.Figure:
    bars = list(m["ic_by_horizon"])
    means = [m["ic_by_horizon"][b]["mean"] for b in bars]
    errors = [
        abs(m["ic_by_horizon"][b]["mean"] / m["ic_by_horizon"][b]["t"]) * 1.96 if m["ic_by_horizon"][b]["t"] else 0
        for b in bars
    ]
    figure = go.Figure(
        go.Scatter(x=bars, y=means, error_y={"array": errors}, mode="markers+lines", line={"color": ACCENT})
    )
    return figure.update_layout(
        title="IC by horizon, with 95 % interval",
        xaxis_title="horizon" if m.get("bars") else "bars",
        xaxis_type="category",
    )


def quantiles(result: Backtest) -> go.Figure:
    figure = go.Figure()
    names = [f"Q{q}" for q in range(1, QUANTILES + 1)]
    for horizon, colour in zip(_three(result.horizons), (QUIET, ACCENT, UP), strict=False):
        row = result.quantiles.loc[horizon.key]
        figure.add_bar(x=names, y=row.to_numpy() * 1e4, name=horizon.words, marker_color=colour)
    return figure.update_layout(
        title="Mean forward return by quantile, less the session's mean", yaxis_title="basis points"
    )


def _three(horizons: list[Horizon]) -> list[Horizon]:
    """Those of 1, 5 and 10 bars, where there are such; else the first, the middle and the last."""
    usual = [each for each in horizons if each.key in {1, 5, 10}]
    return usual or list(dict.fromkeys(horizons[at] for at in (0, len(horizons) // 2, -1)))


def events(study: pd.DataFrame) -> go.Figure:
    """The classes that moved furthest, measured in standard errors at the last bar."""
    last = study[study["bar"] == study["bar"].max()].assign(error=lambda f: (f["high"] - f["mean"]).replace(0, np.nan))
    strength = (last["mean"].abs() / last["error"]).set_axis(last["event"]).dropna().sort_values(ascending=False)
    figure = go.Figure()
    for number, event in enumerate(strength.index[:MOST_EVENTS]):
        group, colour = study[study["event"] == event], SHADES[number % len(SHADES)]
        label = f"{picked(str(event))} (n={int(group['n'].iloc[0]):,})"
        errors = {"array": group["high"] - group["mean"], "arrayminus": group["mean"] - group["low"]}
        figure.add_scatter(
            x=group["bar"] + (number - 2.5) * 0.06,
            y=group["mean"],
            name=label,
            line={"color": colour, "width": 1.5},
            marker={"size": 4},
            error_y={"type": "data", "symmetric": False, "thickness": 0.8, "width": 2, **errors},
        )
    figure.add_vline(x=-0.5, line={"color": MUTED, "width": 1, "dash": "dot"})
    return figure.update_layout(
        title="Cumulative abnormal return, 95 % band: the classes that moved most",
        xaxis_title="bars from the first open after the text",
        yaxis_tickformat=".3~%",
    )


def fold_bars(folds: list[dict[str, Any]], by: str) -> go.Figure:
    """What each past promised, and what came."""
    figure = go.Figure()
    for label, key, colour in (("in sample", "in_sample", QUIET), ("out of sample", "out_of_sample", ACCENT)):
        heights = [fold[key][by] for fold in folds]
        figure.add_bar(x=[fold["test"][0] for fold in folds], y=heights, name=label, marker_color=colour)
    figure.update_layout(title="What the past promised, and what followed", xaxis_type="category")
    return figure.update_layout(yaxis_title="Sharpe ratio" if by == "sharpe" else "mean IC")
