"""Signals as the rows of tables and the lines of figures. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

import pandas as pd
import plotly.graph_objects as go

from dashboard.drawing import formats
from dashboard.drawing.palette import Palette
from dashboard.reading.companies import label
from shared.clock import to_datetime
from shared.contract.events import MICRO
from shared.contract.signals import Signal, feature_words


def signal_table(signals: Sequence[Signal], zone: tzinfo) -> pd.DataFrame:
    """One row a signal, in the order given; `company` is the id."""
    return pd.DataFrame(
        [
            {
                "company": s.company,
                "ticker": label(s.company).ticker,
                "name": label(s.company).name,
                "action": s.action,
                "score": s.score / MICRO,
                "confidence": s.confidence / MICRO,
                "why": reason_text(s),
                "documents": s.documents,
                "for": formats.moment(s.at, zone),
                "strategy": s.strategy,
                "revision": s.revision,
                "synthetic": s.synthetic,
            }
            for s in signals
        ]
    )


def reason_text(signal: Signal, most: int = 3) -> str:
    """The features that moved the score, largest first, e.g. `level of sentiment +0.31, surprise … +0.12`."""
    parts = [r for r in signal.reasons if r.contribution][:most]
    return ", ".join(f"{feature_words(r.feature)} {r.contribution / MICRO:+.2f}" for r in parts)


def signal_chart(history: Sequence[Signal], zone: tzinfo, colours: Palette) -> go.Figure:
    """Score over time, with the confidence as the marks' size."""
    times = [to_datetime(s.at).astimezone(zone).replace(tzinfo=None) for s in history]
    scores = [s.score / MICRO for s in history]
    shades = [colours.positive if v > 0 else colours.negative if v < 0 else colours.muted for v in scores]
    figure = go.Figure(
        go.Scatter(
            x=times,
            y=scores,
            mode="lines+markers",
            line={"color": colours.muted, "width": 1},
            marker={"color": shades, "size": [5 + 9 * s.confidence / MICRO for s in history]},
            customdata=[[s.action, s.confidence / MICRO, s.documents] for s in history],
            hovertemplate="%{y:+.2f} %{customdata[0]}, confidence %{customdata[1]:.0%}, "
            "%{customdata[2]} documents<extra></extra>",
        )
    )
    figure.update_yaxes(range=[-1.04, 1.04], gridcolor=colours.grid, zerolinecolor=colours.muted, title="Score")
    return plain(figure, colours, 260)


def plain(figure: go.Figure, colours: Palette, height: int) -> go.Figure:
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 24, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": colours.text, "size": 12},
        hovermode="x unified",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        uirevision="keep",
    )
    figure.update_xaxes(gridcolor=colours.grid)
    return figure
