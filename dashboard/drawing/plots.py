"""From frames to figures and to the data of our own components. Pure: no reads, no Streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo
from html import escape
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.drawing import formats, palette
from dashboard.drawing.company_marks import expected_trace, level_traces, mark_traces
from dashboard.drawing.palette import Palette
from dashboard.drawing.treemap import Box, squarify
from dashboard.reading.companies import label
from dashboard.reading.measures import SUMS, sentiment, with_measures
from dashboard.reading.stories import Story
from shared.contract.aggregates import SECONDS, RecentDocument, Resolution
from shared.contract.events import MICRO
from shared.contract.signals import Signal
from shared.event_classes.selection import event_words, group_of, in_groups
from shared.links import safe_link
from shared.reading.deleted import DELETED
from shared.reading.measuring.sentiment import most_frequent
from shared.universe.expected.expected import Expected

MAP_WIDTH, MAP_HEIGHT = 880.0, 560.0  # pixels that labels are fitted to; the drawing itself scales
HEADING = 18.0
TILES = 600  # of companies; a browser takes seconds to lay out thousands, of which few have room for a letter
EXCHANGE = "America/New_York"
TICKS = [-1.0, -0.5, 0.0, 0.5, 1.0]
TICK_TEXTS = [formats.score(tick, 1) for tick in TICKS]
NOON = pd.Timedelta(hours=12)  # a day's bar covers its day, not the night before
CHANNEL_NAMES = {"news": "News", "social": "Social"}


def sector_map(companies: pd.DataFrame, colours: Palette, most: int = TILES) -> list[dict[str, Any]]:
    """Sectors and their companies as boxes in percent: area = opinions, colour = sentiment. Largest first. Of more than
    `most` companies the largest have a box of their own, and what is left of a sector is one."""
    known = [label(company) for company in companies["company"]]
    table = companies.assign(sector=[each.sector for each in known], label=known)
    table = table.sort_values(["documents", "company"], ascending=[False, True])
    table["own"] = np.arange(len(table)) < most
    groups = sorted(table.groupby("sector"), key=lambda item: (-item[1]["documents"].sum(), item[0]))
    outer = squarify([float(group["documents"].sum()) for _, group in groups], Box(0, 0, MAP_WIDTH, MAP_HEIGHT))
    return [_sector(str(name), group, box, colours) for (name, group), box in zip(groups, outer, strict=True)]


def _sector(name: str, group: pd.DataFrame, box: Box, colours: Palette) -> dict[str, Any]:
    heading = HEADING if box.height > 48 and box.width > 60 else 0.0
    own, others = group[group["own"]], group[~group["own"]]
    if len(others) == 1:
        own, others = group, others[:0]
    left = [float(others["documents"].sum())] if len(others) else []  # the last one fills what the others leave
    inner = squarify([*map(float, own["documents"]), *left], box.inset(heading, 1.0))
    tiles = [_tile(row, place, colours) for row, place in zip(own.itertuples(), inner, strict=False)]
    if left:
        tiles.append(_rest(name, others, inner[-1], colours))
    heading_box = Box(box.x, box.y, box.width, heading)
    mean = formats.score(float(sentiment(group["score_sum"].sum(), group["weight_sum"].sum())))
    return {"name": f"{name}  {mean}" if heading else "", "box": _percent(heading_box), "tiles": tiles}


def _tile(row: Any, box: Box, colours: Palette) -> dict[str, Any]:
    lines = [
        f"Sentiment {formats.score(row.sentiment)}  (95 %: {formats.score(row.low)} to {formats.score(row.high)})",
        f"Change {formats.score(row.change)} against the window before",
        f"{formats.count(row.documents)} opinions  ({formats.percent(row.volume_change)})",
    ]
    return {"id": row.company} | _box(box, row.sentiment, row.label.ticker, row.label.long, lines, colours)


def _rest(name: str, others: pd.DataFrame, box: Box, colours: Palette) -> dict[str, Any]:
    """The companies of a sector that have no box of their own; it opens the sector."""
    sums = with_measures(others[SUMS].sum().to_frame().T).iloc[0]
    lines = [
        f"Sentiment {formats.score(sums.sentiment)}  (95 %: {formats.score(sums.low)} to {formats.score(sums.high)})",
        f"{formats.count(sums.documents)} opinions; a click lists them all",
    ]
    long = f"{len(others):,} more companies of {name}"
    return {"id": "", "sector": name} | _box(box, sums.sentiment, f"+{len(others):,}", long, lines, colours)


def _box(box: Box, mean: float, short: str, long: str, lines: list[str], colours: Palette) -> dict[str, Any]:
    colour = palette.diverging(mean, colours)
    return {
        "box": _percent(box),
        "colour": colour,
        "ink": palette.ink(colour, colours),
        "label": short,
        "detail": formats.score(mean),
        "name": long,
        "lines": lines,
    }


def _percent(box: Box) -> list[float]:
    across, down = 100 / MAP_WIDTH, 100 / MAP_HEIGHT
    return [round(v, 3) for v in (box.x * across, box.y * down, box.width * across, box.height * down)]


def document_items(
    documents: Sequence[RecentDocument], zone: tzinfo, colours: Palette, detailed: bool = False
) -> list[dict[str, Any]]:
    """Documents as data of the list component, with date and excerpt when `detailed`. Texts are shown as text only."""
    return [_item(document, zone, colours, detailed) for document in documents]


def event_marks(second: str, role: str, rumour: bool) -> list[str]:
    """What else is known of a text's event, as small marks."""
    return [
        *([f"also {event_words(second)}"] if second else []),
        *([role] if role else []),
        *(["rumour"] if rumour else []),
    ]


def _item(document: RecentDocument, zone: tzinfo, colours: Palette, detailed: bool) -> dict[str, Any]:
    company = label(document.company)
    positive, neutral, negative = (v / MICRO for v in (document.positive, document.neutral, document.negative))
    tags = [document.source, document.channel]
    if document.event:
        tags.append(f"{event_words(document.event_class)} {document.event_probability / MICRO:.0%}")
    tags += event_marks(document.second_event, document.role, document.rumour)
    tags += ["dropped by a rule"] if document.dropped else []
    tags += document.flags
    if document.updated:
        tags.append("updated")
    title = f"({DELETED})" if document.deleted else document.title or document.excerpt[:160] or "(no text)"
    return {
        "id": document.id,
        "of": document.company,
        "time": formats.moment(document.available_at, zone, seconds=not detailed)[0 if detailed else 7 :],
        "moment": formats.moment(document.available_at, zone, seconds=True, year=True),
        "company": document.company if company.id != "_MARKET" else "",
        "ticker": company.ticker,
        "name": company.long,
        "title": title,
        "excerpt": document.excerpt if detailed and document.excerpt != title else "",
        "url": safe_link(document.url),
        "tags": tags,
        "synthetic": document.synthetic,
        **_sentiment_bar(negative, neutral, positive, colours),
        "probabilities": f"negative {negative:.0%}, neutral {neutral:.0%}, positive {positive:.0%}; "
        f"relevance {document.relevance / MICRO:.0%}",
    }


def evidence_items(
    signal: Signal, documents: Sequence[RecentDocument], zone: tzinfo, colours: Palette
) -> list[dict[str, Any]]:
    """A signal's documents as data of the list component, in the order given, each with what it moved the level by."""
    parts = dict(zip(signal.evidence, signal.contributions, strict=False))
    found = []
    for item, document in zip(document_items(documents, zone, colours, detailed=True), documents, strict=True):
        part = parts.get(document.id)
        why = f"moved the level by {formats.score(part / MICRO, 3)}" if part is not None else ""
        found.append(item | {"why": why})
    return found


def score_bar(score: float, confidence: int, colours: Palette) -> dict[str, Any]:
    """The same fields of the list component for a signal: its score in [-1, 1], its confidence in micro-units."""
    return {
        **_sentiment_bar(max(-score, 0.0), 1 - abs(score), max(score, 0.0), colours),
        "diverging": True,  # drawn from the middle: a score has a zero
        "probabilities": f"score {score:+.2f}, confidence {confidence / MICRO:.0%}",
    }


def _sentiment_bar(negative: float, neutral: float, positive: float, colours: Palette) -> dict[str, Any]:
    score = positive - negative
    return {
        "score": formats.score(score),
        "colour": colours.positive if score > 0.05 else colours.negative if score < -0.05 else colours.muted,
        "negative": round(negative, 4),
        "neutral": round(neutral, 4),
        "positive": round(positive, 4),
    }


def document_table(documents: Sequence[RecentDocument], zone: tzinfo) -> pd.DataFrame:
    """Documents as the rows of a CSV file."""
    return pd.DataFrame(
        {
            "available_at": formats.moment(d.available_at, zone, seconds=True, year=True),
            "company": d.company,
            "channel": d.channel,
            "source": d.source,
            "title": f"({DELETED})" if d.deleted else d.title,
            "url": safe_link(d.url),
            "event": d.event_class,
            "negative": d.negative / MICRO,
            "neutral": d.neutral / MICRO,
            "positive": d.positive / MICRO,
            "relevance": d.relevance / MICRO,
            "model": d.model,
            "synthetic": d.synthetic,
        }
        for d in documents
    )


def company_chart(
    buckets: pd.DataFrame,
    resolution: Resolution,
    zone: tzinfo,
    prices: pd.DataFrame,
    colours: Palette,
    window: tuple[int, int],
    story: Story | None = None,
    expected: Sequence[Expected] = (),
) -> go.Figure:
    """Sentiment with its 95 % band, volume by channel, and prices where there are any, over one time axis.

    `window` (start and end in seconds) is shaded. By the hour, and where `story` has a strategy's level, that stands in
    front with its band, and the buckets are points behind it; signals, alerts and events are marks. `expected` dates
    are marks at any resolution, also where they lie behind the last bucket.
    """
    story = story or Story()
    synthetic = any(document.synthetic for document in story.documents)  # then the prices are, too
    story = story if resolution == "hour" else Story()
    rows = 3 if len(prices) else 2
    heights = [0.5, 0.2, 0.3] if rows == 3 else [0.68, 0.32]
    figure = make_subplots(rows=rows, cols=1, shared_xaxes=True, vertical_spacing=0.04, row_heights=heights)
    whole = with_measures(buckets.groupby("start", as_index=False)[SUMS].sum())
    _sentiment(figure, _dated(whole, resolution, zone), colours, behind=story.levels)
    for channel in ("news", "social"):
        part = _dated(with_measures(buckets[buckets["channel"] == channel]), resolution, zone)
        if len(part):
            _channel(figure, channel, part, resolution, colours)
    for trace in (*(level_traces(story, zone, colours) if story.levels else ()), *mark_traces(story, zone, colours)):
        figure.add_trace(trace, row=1, col=1)
    if rows == 3:
        _prices(figure, prices, resolution, zone, colours, "Close, synthetic" if synthetic else "Close")
    figure = _styled(figure, colours, rows, 560 if rows == 3 else 440)
    edges = _dated(buckets, resolution, zone)["at"]
    step = pd.Timedelta(seconds=SECONDS[resolution])
    right_edge = edges.max() + 2 * step
    if expected:
        trace = expected_trace(expected, UTC if resolution == "day" else zone, colours)
        figure.add_trace(trace, row=1, col=1)
        right_edge = max(right_edge, *(at + step for at in trace.x))
    figure.update_xaxes(range=[edges.min() - step, right_edge])
    if resolution == "day":
        figure.update_xaxes(hoverformat="%a %d %b %Y")
    left, right = formats.local_times(pd.Series(window), UTC if resolution == "day" else zone)
    shade = palette.faint(colours.muted, 0.09)
    figure.add_vrect(x0=left, x1=right, fillcolor=shade, line_width=0, layer="below")
    return figure


def _dated(frame: pd.DataFrame, resolution: Resolution, zone: tzinfo) -> pd.DataFrame:
    """Adds `at`: wall-clock times; days stay UTC days, for that is what they count, and stand in their middle."""
    days = pd.to_datetime(frame["start"], unit="s") + NOON
    at = days if resolution == "day" else formats.local_times(frame["start"], zone)
    return frame.assign(at=at).sort_values("start")


def _sentiment(figure: go.Figure, data: pd.DataFrame, colours: Palette, *, behind: bool) -> None:
    """The buckets: a line with its band, or bare points where something else stands in front."""
    band = palette.faint(colours.positive, 0.16)
    edge = {"x": data["at"], "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    if not behind:
        figure.add_trace(go.Scatter(y=data["high"], **edge), row=1, col=1)
        shown = edge | {"name": "95 % band", "showlegend": True}
        figure.add_trace(go.Scatter(y=data["low"], fill="tonexty", fillcolor=band, **shown), row=1, col=1)
    colour = palette.faint(colours.muted, 0.6) if behind else colours.positive
    figure.add_trace(
        go.Scatter(
            x=data["at"],
            y=data["sentiment"],
            name="Hours" if behind else "All",
            mode="markers" if behind else "lines+markers",
            line={"color": colours.positive, "width": 1.6},
            marker={"size": 4 if behind else 5, "color": colour},
            customdata=data[["start", "documents", "low", "high"]],
            hovertemplate="%{y:+.2f} (%{customdata[2]:+.2f} to %{customdata[3]:+.2f}), n = %{customdata[1]}"
            f"<extra>{'Hour' if behind else 'All'}</extra>",
        ),
        row=1,
        col=1,
    )


def _channel(figure: go.Figure, channel: str, data: pd.DataFrame, resolution: Resolution, colours: Palette) -> None:
    name, colour = CHANNEL_NAMES[channel], colours.news if channel == "news" else colours.social
    figure.add_trace(
        go.Scatter(
            x=data["at"],
            y=data["sentiment"],
            name=f"{name} only",
            mode="lines",
            visible="legendonly",
            line={"color": colour, "width": 1.2, "dash": "dot"},
            hovertemplate=f"%{{y:+.2f}}<extra>{name}</extra>",
        ),
        row=1,
        col=1,
    )
    figure.add_trace(
        go.Bar(
            x=data["at"],
            y=data["documents"],
            name=name,
            marker={"color": colour, "line": {"width": 0}},
            customdata=data[["start"]],
            width=SECONDS[resolution] * 900,
            hovertemplate=f"%{{y}} opinions<extra>{name}</extra>",
        ),
        row=2,
        col=1,
    )


def _prices(
    figure: go.Figure, prices: pd.DataFrame, resolution: Resolution, zone: tzinfo, colours: Palette, name: str
) -> None:
    """Closing prices, at the exchange's close: 16:00 in New York."""
    days = pd.to_datetime(prices["date"])
    closes = (days + pd.Timedelta(hours=16)).dt.tz_localize(EXCHANGE).dt.tz_convert(zone).dt.tz_localize(None)
    figure.add_trace(
        go.Scatter(
            x=days + NOON if resolution == "day" else closes,
            y=prices["close"],
            name=name,
            mode="lines+markers",
            marker={"size": 4},
            line={"color": colours.price, "width": 1.4},
            hovertemplate="%{y:,.2f}<extra>Close</extra>",
        ),
        row=3,
        col=1,
    )


def _styled(figure: go.Figure, colours: Palette, rows: int, height: int) -> go.Figure:
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        barmode="stack",
        hovermode="x unified",
        dragmode="zoom",
        uirevision="keep",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": colours.text, "size": 12},
        legend={
            "orientation": "h",
            "y": 1.02,
            "yanchor": "bottom",
            "x": 0,
            "font": {"size": 11},
            "traceorder": "normal",
        },
        hoverlabel={"font": {"size": 12}},
    )
    figure.update_xaxes(
        gridcolor=colours.grid, zeroline=False, showspikes=True, spikethickness=1, spikecolor=colours.muted
    )
    figure.update_yaxes(gridcolor=colours.grid, zerolinecolor=colours.muted, zerolinewidth=1, side="right")
    figure.update_yaxes(title="Sentiment", range=[-1.04, 1.04], tickvals=TICKS, ticktext=TICK_TEXTS, row=1, col=1)
    figure.update_yaxes(title="Opinions", rangemode="tozero", nticks=4, row=2, col=1)
    if rows == 3:
        figure.update_yaxes(title="Close", nticks=5, row=3, col=1)
    return figure


def event_bars(counts: Sequence[tuple[str, int]], colours: Palette) -> go.Figure:
    """Horizontal bars of the groups of events; pointing at one shows its classes. `counts`: by class, largest first."""
    classes: dict[str, list[str]] = {}
    for name, count in counts:
        told = f"{escape(event_words(name), quote=False)} {formats.count(count)}"
        classes.setdefault(group_of(name), []).append(told)
    groups = [(event_words(name), count) for name, count in most_frequent([in_groups(dict(counts))])]
    details = {event_words(name): "<br>".join(each) for name, each in classes.items()}
    return share_bars(groups, colours, details=details)


def share_bars(
    counts: Sequence[tuple[str, int]], colours: Palette, most: int = 10, details: Mapping[str, str] | None = None
) -> go.Figure:
    """Horizontal bars of the largest shares; what is left is one bar. Names may come from outside: escaped. `details`:
    what is shown of a bar that is pointed at, beside its count.
    """
    shown = list(counts[:most])
    if rest := sum(n for _, n in counts[most:]):
        shown.append((f"{len(counts) - most} others", rest))
    total = sum(n for _, n in shown) or 1
    shown.reverse()
    names = [escape(name.replace("_", " ") or "none", quote=False)[:60] for name, _ in shown]
    figure = go.Figure(
        go.Bar(
            x=[n for _, n in shown],
            y=names,
            orientation="h",
            marker={"color": colours.news},
            text=[f"{formats.count(n)} · {n / total:.0%}" for _, n in shown],
            textposition="auto",
            insidetextanchor="end",
            customdata=[f"<br>{(details or {})[name]}" if name in (details or {}) else "" for name, _ in shown],
            hovertemplate="%{y}: %{x:,}%{customdata}<extra></extra>",
        )
    )
    figure.update_layout(
        height=46 + 25 * len(shown),
        margin={"l": 8, "r": 8, "t": 4, "b": 4},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": colours.text, "size": 12},
        bargap=0.25,
    )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(automargin=True, ticksuffix=" ")
    return figure
