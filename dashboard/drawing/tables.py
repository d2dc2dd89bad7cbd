"""Signals as the rows of tables and the lines of figures. Pure."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from datetime import tzinfo
from typing import Final

import pandas as pd
import plotly.graph_objects as go

from dashboard.drawing import formats
from dashboard.drawing.palette import Palette
from dashboard.reading.companies import label
from shared.clock import HOUR, to_datetime
from shared.contract.events import MICRO
from shared.contract.signals import Signal, feature_words

BAR_WIDTH: Final = 56  # pixels: what a small column of a table shows whole


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


def score_bars(scores: Iterable[float], colours: Palette) -> list[str]:
    """For each score in [-1, 1] a picture (SVG as a data address): a bar from zero in the middle, in two colours."""
    return [_score_bar(max(-1.0, min(1.0, score)), colours) for score in scores]


def _score_bar(score: float, colours: Palette) -> str:
    half, length = BAR_WIDTH / 2, abs(score) * BAR_WIDTH / 2
    colour, left = (colours.positive, half) if score > 0 else (colours.negative, half - length)
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{BAR_WIDTH}" height="24">'
        f'<rect x="0" y="8" width="{BAR_WIDTH}" height="8" rx="2" fill="{colours.grid}"/>'
        f'<rect x="{left:.1f}" y="8" width="{length:.1f}" height="8" fill="{colour}"/>'
        f'<rect x="{half - 0.5}" y="4" width="1" height="16" fill="{colours.muted}"/></svg>'
    )
    return f"data:image/svg+xml;base64,{b64encode(drawing.encode()).decode()}"


def next_signal(signals: Sequence[Signal], now: int, zone: tzinfo) -> str:
    """When the strategy speaks next: `next signal for 14:00, every hour`; "" for signals of an older version. `now` is
    the newest market time that is known, in microseconds.
    """
    cadence = max((signal.cadence_hours for signal in signals), default=0)
    if not cadence:
        return ""
    last = max(now, *(signal.at for signal in signals))
    at = (last // (cadence * HOUR) + 1) * cadence * HOUR
    every = "hour" if cadence == 1 else f"{cadence} hours"
    return f"Next signal for {formats.moment(at, zone)}, then every {every}, on what was written of"


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
