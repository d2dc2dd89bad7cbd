"""Lines of several subjects over one axis, and the table below them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo
from html import escape
from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.drawing import formats, palette, tables
from dashboard.drawing.palette import Palette
from dashboard.reading import measures
from dashboard.reading.comparing.subjects import Compared, Comparison
from shared.contract.aggregates import Resolution
from shared.event_classes.selection import event_words

LINES: Final = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9")  # Okabe and Ito: told apart by everybody
NOON: Final = pd.Timedelta(hours=12)


def lines(found: Comparison, resolution: Resolution, zone: tzinfo, colours: Palette) -> go.Figure:
    """Weighted mean sentiment of each subject; the window is shaded."""
    figure = go.Figure()
    for colour, row in zip(LINES, found.rows, strict=False):
        own = found.lines[found.lines["subject"] == row.subject.key].sort_values("start")
        days = pd.to_datetime(own["start"], unit="s") + NOON
        figure.add_trace(
            go.Scatter(
                x=days if resolution == "day" else formats.local_times(own["start"], zone),
                y=own["sentiment"],
                name=escape(row.subject.name),
                mode="lines+markers",
                line={"color": colour, "width": 2},
                marker={"size": 4},
                customdata=own[["documents"]],
                hovertemplate="%{y:+.2f}, n = %{customdata[0]}<extra>" + escape(row.subject.name) + "</extra>",
            )
        )
    start, end = formats.local_times(
        pd.Series([found.span.start, found.span.end]), UTC if resolution == "day" else zone
    )
    figure.add_vrect(x0=start, x1=end, fillcolor=palette.faint(colours.muted, 0.09), line_width=0, layer="below")
    figure.update_yaxes(
        range=[-1.04, 1.04], gridcolor=colours.grid, zerolinecolor=colours.muted, title="Sentiment", side="right"
    )
    return tables.plain(figure, colours, 380)


def table(rows: Sequence[Compared]) -> pd.DataFrame:
    """One row a subject; changes are against the window before, NaN where nothing was written then."""
    return pd.DataFrame([_row(row) for row in rows])


def _row(row: Compared) -> dict[str, object]:
    now, before = row.now, row.before
    change = float(now["sentiment"] - before["sentiment"]) if row.comparable else np.nan
    error = float(np.hypot(now["error"], before["error"]))
    return {
        "key": row.subject.key,
        "subject": row.subject.long,
        "sentiment": float(now["sentiment"]),
        "band": f"{formats.score(now['low'])} to {formats.score(now['high'])}" if now["documents"] else "",
        "change": change,
        "strength": change / error if error and np.isfinite(error) else np.nan,
        "documents": int(now["documents"]),
        "volume": measures.ratio(now["documents"], before["documents"]) * 100 if row.comparable else np.nan,
        "negative": measures.share(now["negative"], now["documents"]) * 100,
        "events": ", ".join(f"{event_words(name) or 'none'} {count:,}" for name, count in row.events[:3]),
    }
