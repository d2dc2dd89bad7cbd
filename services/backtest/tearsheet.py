"""The tear sheet: one HTML file that needs nothing else. It draws what report.py computed."""

from __future__ import annotations

import html
import math
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from services.backtest.report import QUANTILES, Backtest

INK, MUTED, UP, DOWN, ACCENT = "#1c2733", "#6b7785", "#1b7f79", "#b4532a", "#2f5d9b"

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1c2733;background:#fbfbf9;margin:0 auto;max-width:1180px;padding:24px}
h1{font-size:26px;margin:0 0 4px} h2{font-size:18px;margin:36px 0 8px;border-bottom:1px solid
#dcdcd6;padding-bottom:4px}
.lead{color:#6b7785;margin:0 0
20px}.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:10px}
.card{background:#fff;border:1px solid #e3e3dd;border-radius:6px;padding:10px 12px}.card b{display:block;font-size:20px}
.card span{color:#6b7785;font-size:12px}.two{display:grid;grid-template-columns:1fr 1fr;gap:16px}
table{border-collapse:collapse;width:100%;background:#fff;font-variant-numeric:tabular-nums}
th,td{padding:5px 10px;border-bottom:1px solid #ecece6;text-align:right}th:first-child,td:first-child{text-align:left}
.warn{background:#fff7e6;border:1px solid #ecd9a8;border-radius:6px;padding:10px 14px}
@media(max-width:900px){.two{grid-template-columns:1fr}}
"""


def tearsheet(result: Backtest, title: str) -> str:
    """The whole page as a string. Every text from outside is escaped."""
    m = result.metrics
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        f"<p class=lead>{html.escape(_lead(m))}</p>",
        _cards(m),
        _warnings(m["warnings"]),
        "<h2>What it was worth</h2>",
        _figure(_equity(result)),
        _figure(_drawdown(result)),
        "<h2>Did the signal know anything?</h2><div class=two>",
        _figure(_ic(result)),
        _figure(_placebo(result)),
        _figure(_decay(m)),
        _figure(_quantiles(result)),
        "</div><h2>By year</h2>",
        _table(result.by_year),
        "<h2>By sector</h2>",
        _table(result.by_sector),
        "<h2>Around events</h2>",
        _figure(_events(result.events))
        if not result.events.empty
        else "<p class=lead>No event class has enough cases.</p>",
        "<h2>Every number</h2>",
        _numbers(m),
    ]
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{html.escape(title)}</title>"
        f"<meta name=viewport content='width=device-width'><style>{_STYLE}</style>"
        f"<script>{get_plotlyjs()}</script><body>{''.join(parts)}</body></html>"
    )


def _lead(m: dict[str, Any]) -> str:
    return (
        f"{m['n_signals']:,} signals on {m['n_companies']} companies, {m['first'][:10]} to {m['last'][:10]}; "
        f"costs {m['cost_bps']} basis points a trade; strategy {m['strategy']}; model {m['model']}."
    )


def _number(value: Any, style: str = ".3f") -> str:
    if isinstance(value, float):
        return "n/a" if math.isnan(value) else format(value, style)
    return html.escape(str(value))


def _cards(m: dict[str, Any]) -> str:
    cards = [
        ("IC (1 bar)", _number(m["ic_mean"], "+.4f"), f"t = {_number(m['ic_t'], '.2f')} (Newey-West)"),
        ("Placebo", f"p = {_number(m['placebo']['ic_p'], '.3f')}", f"{m['placebo']['runs']} shuffles across companies"),
        ("Sharpe, long-short", _number(m["sharpe"], ".2f"), f"gross of costs {_number(m['sharpe_gross'], '.2f')}"),
        ("Deflated Sharpe", _number(m["deflated_sharpe"], ".2f"), f"probability, {m['trials']} trial(s)"),
        ("Return, long-short", _number(m["total_return"], "+.1%"), f"drawdown {_number(m['max_drawdown'], '.1%')}"),
        ("Turnover", _number(m["turnover"], ".2f"), "of capital, a session"),
        ("Coverage", _number(m["coverage"], ".0%"), "of priced companies have a signal"),
    ]
    inside = "".join(
        f"<div class=card><span>{name}</span><b>{value}</b><span>{note}</span></div>" for name, value, note in cards
    )
    return f"<div class=grid>{inside}</div>"


def _warnings(warnings: list[str]) -> str:
    if not warnings:
        return ""
    return "<h2>Mind this</h2><div class=warn>" + "<br>".join(html.escape(text) for text in warnings) + "</div>"


def _figure(figure: go.Figure) -> str:
    figure.update_layout(
        template="simple_white",
        height=320,
        margin={"l": 50, "r": 20, "t": 70, "b": 40},
        font={"color": INK},
        paper_bgcolor="#fbfbf9",
        plot_bgcolor="#fbfbf9",
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom"},
        title={"y": 0.96, "yanchor": "top"},
    )
    return str(figure.to_html(full_html=False, include_plotlyjs=False, config={"displayModeBar": False}))


def _equity(result: Backtest) -> go.Figure:
    figure = go.Figure()
    for name, colour in (("long_short", ACCENT), ("long_only", UP)):
        one = result.tracks[name]
        label = name.replace("_", "-")
        figure.add_scatter(x=one.net.index, y=one.equity, name=f"{label}, after costs", line={"color": colour})
        before = (1 + one.gross).cumprod()
        figure.add_scatter(
            x=before.index, y=before, name=f"{label}, before", line={"color": colour, "dash": "dot", "width": 1}
        )
    return figure.update_layout(title="Growth of 1", yaxis_tickformat=".2f")


def _drawdown(result: Backtest) -> go.Figure:
    equity = result.tracks["long_short"].equity
    fall = equity / np.maximum(equity.cummax(), 1.0) - 1
    figure = go.Figure(go.Scatter(x=fall.index, y=fall, fill="tozeroy", line={"color": DOWN, "width": 1}))
    return figure.update_layout(title="Drawdown, long-short after costs", yaxis_tickformat=".0%")


def _ic(result: Backtest) -> go.Figure:
    ic = result.ic
    figure = go.Figure(go.Bar(x=ic.index, y=ic, marker_color="#c9ced6", name="session"))
    mean = ic.rolling(21, min_periods=5).mean()
    figure.add_scatter(x=mean.index, y=mean, name="mean of 21 sessions", line={"color": ACCENT})
    return figure.update_layout(title="Information coefficient by session")


def _placebo(result: Backtest) -> go.Figure:
    figure = go.Figure(go.Histogram(x=result.placebo_ic, nbinsx=25, marker_color="#c9ced6", name="shuffled"))
    mean = float(result.ic.mean())
    figure.add_scatter(x=[mean, mean], y=[0, 12], mode="lines+text", text=["", "this run"], line={"color": ACCENT})
    figure.update_traces(textposition="top center", selector={"type": "scatter"})
    return figure.update_layout(
        title="Placebo: signals given to other companies", xaxis_title="mean IC", showlegend=False
    )


def _decay(m: dict[str, Any]) -> go.Figure:
    bars = list(m["ic_by_horizon"])
    means = [m["ic_by_horizon"][b]["mean"] for b in bars]
    errors = [
        abs(m["ic_by_horizon"][b]["mean"] / m["ic_by_horizon"][b]["t"]) * 1.96 if m["ic_by_horizon"][b]["t"] else 0
        for b in bars
    ]
    figure = go.Figure(
        go.Scatter(x=bars, y=means, error_y={"array": errors}, mode="markers+lines", line={"color": ACCENT})
    )
    return figure.update_layout(title="IC by horizon, with 95 % interval", xaxis_title="bars", xaxis_type="category")


def _quantiles(result: Backtest) -> go.Figure:
    figure = go.Figure()
    for bars in (1, 5, 10):
        row = result.quantiles.loc[bars]
        figure.add_bar(x=[f"Q{q}" for q in range(1, QUANTILES + 1)], y=row.to_numpy() * 1e4, name=f"{bars} bar(s)")
    return figure.update_layout(
        title="Mean forward return by quantile, less the session's mean", yaxis_title="basis points"
    )


def _events(events: pd.DataFrame) -> go.Figure:
    figure = go.Figure()
    for event, group in events.groupby("event"):
        label = f"{event} (n={int(group['n'].iloc[0])})"
        figure.add_scatter(
            x=group["bar"],
            y=group["mean"],
            name=label,
            error_y={
                "type": "data",
                "symmetric": False,
                "array": group["high"] - group["mean"],
                "arrayminus": group["mean"] - group["low"],
            },
        )
    return figure.update_layout(
        title="Cumulative abnormal return, 95 % band",
        xaxis_title="sessions from the first open after the text",
        yaxis_tickformat=".1%",
    )


def _table(frame: pd.DataFrame) -> str:
    if frame.empty:
        return "<p class=lead>Not enough data.</p>"
    head = "".join(f"<th>{html.escape(str(c)).replace('_', ' ')}</th>" for c in frame.columns)
    rows = ("".join(f"<td>{_number(v)}</td>" for v in row) for row in frame.itertuples(index=False))
    return f"<table><tr>{head}</tr>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>"


def _numbers(m: dict[str, Any]) -> str:
    flat = {key: value for key, value in m.items() if isinstance(value, int | float | str)}
    rows = "".join(
        f"<tr><td>{key.replace('_', ' ')}</td><td>{_number(value, '.6g')}</td></tr>" for key, value in flat.items()
    )
    return f"<table>{rows}</table>"
