"""What the company's chart shows besides its buckets: the strategy's level, and signals, alerts and events as marks.

None of these traces has `customdata`: a click on them chooses no bucket.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from html import escape
from typing import Any, Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.drawing import palette
from dashboard.drawing.palette import Palette
from dashboard.reading.stories import Story
from shared.clock import HOUR, to_datetime
from shared.contract.aggregates import RecentDocument
from shared.contract.events import MICRO
from shared.contract.signals import Signal
from shared.event_classes.selection import event_words
from shared.reading.measuring.measures import NORMAL_95, PRIOR_VARIANCE, PRIOR_WEIGHT
from shared.universe.expected.expected import Expected

EVENTS_AT: Final = -0.96  # of the sentiment axis: its floor
EXPECTED_AT: Final = 0.93  # near its ceiling
SURE: Final = MICRO // 2  # probability from which a document's event is marked


def level_traces(story: Story, zone: tzinfo, colours: Palette) -> list[go.Scatter]:
    """The strategy's smoothed level at each T, with its 95 % band (sampling error of the look-back's documents)."""
    times = [_local(signal.at, zone) for signal in story.signals]
    level = np.array([signal.features.get("level", 0) / MICRO for signal in story.signals])
    error = np.array([_error(signal) for signal in story.signals])
    low, high = np.clip(level - NORMAL_95 * error, -1, 1), np.clip(level + NORMAL_95 * error, -1, 1)
    edge: dict[str, Any] = {"x": times, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    band = palette.faint(colours.positive, 0.22)
    name = f"Level ({escape(story.signals[-1].strategy)})"
    line = {"color": colours.positive, "width": 2.4}
    return [
        go.Scatter(y=high, showlegend=False, **edge),
        go.Scatter(y=low, fill="tonexty", fillcolor=band, name="95 % band of the level", **edge),
        go.Scatter(x=times, y=level, name=name, mode="lines", line=line, hovertemplate="%{y:+.2f}<extra>Level</extra>"),
    ]


def _error(signal: Signal) -> float:
    """Standard error of the level, as measures.py has it of a mean, with documents for weight."""
    spread = signal.features.get("dispersion", 0) / MICRO
    heard = max(signal.documents, 1)
    variance = (heard * spread**2 + PRIOR_WEIGHT * PRIOR_VARIANCE) / (heard + PRIOR_WEIGHT)
    return float(np.sqrt(variance / heard))


def mark_traces(story: Story, zone: tzinfo, colours: Palette) -> list[go.Scatter]:
    """Signals that changed the recommendation, alerts, and the hours' events, as far as there are any."""
    turns = [
        signal
        for before, signal in zip((None, *story.signals), story.signals, strict=False)
        if (before.action if before else "hold") != signal.action
    ]
    found = []
    if turns:
        ways = [0 if s.action == "hold" else 1 if s.score > 0 else -1 for s in turns]
        shapes = [{1: "triangle-up", -1: "triangle-down", 0: "circle"}[way] for way in ways]
        shades = [{1: colours.positive, -1: colours.negative, 0: colours.muted}[way] for way in ways]
        found.append(
            _marks(
                "Signal",
                [_local(s.at, zone) for s in turns],
                [s.features.get("level", 0) / MICRO for s in turns],
                [f"{s.action}, score {s.score / MICRO:+.2f}" for s in turns],
                {"symbol": shapes, "color": shades, "size": 11, "line": {"color": colours.background, "width": 1}},
            )
        )
    if story.alerts:
        found.append(
            _marks(
                "Alert",
                [_local(alert.at, zone) for alert in story.alerts],
                [alert.score / MICRO for alert in story.alerts],
                [f"rule {escape(a.rule)}: {a.action} {a.score / MICRO:+.2f}" for a in story.alerts],
                {"symbol": "star", "color": colours.negative, "size": 11, "line": {"color": colours.text, "width": 1}},
            )
        )
    if events := _events(story.documents):
        found.append(
            _marks(
                "Event",
                [_local(hour, zone) for hour in events],
                [EVENTS_AT] * len(events),
                [escape(", ".join(event_words(name) for name in sorted(names))) for names in events.values()],
                {"symbol": "diamond", "color": colours.muted, "size": 7},
            )
        )
    return found


def expected_trace(dates: Sequence[Expected], zone: tzinfo, colours: Palette) -> go.Scatter:
    """What was expected, each at its time, or at noon of its day."""
    times = [(one.begin + one.end) // 2 if one.all_day else one.begin for one in dates]
    texts = [escape(f"{one.kind}{': ' + one.note if one.note else ''}") for one in dates]
    shape = {"symbol": "hexagon-open", "color": colours.text, "size": 10, "line": {"width": 1.5}}
    return _marks("Expected", [_local(at, zone) for at in times], [EXPECTED_AT] * len(dates), texts, shape)


def _events(documents: Sequence[RecentDocument]) -> dict[int, set[str]]:
    """Start of an hour (microseconds) -> the events that kept documents of it speak of."""
    found: dict[int, set[str]] = {}
    for document in documents:
        if document.event and document.event_probability >= SURE:
            found.setdefault(document.available_at // HOUR * HOUR, set()).add(document.event_class)
    return dict(sorted(found.items()))


def _marks(name: str, x: list[pd.Timestamp], y: list[float], texts: list[str], marker: dict[str, Any]) -> go.Scatter:
    hover = f"%{{text}}<extra>{name}</extra>"
    return go.Scatter(x=x, y=y, text=texts, name=name, mode="markers", marker=marker, hovertemplate=hover)


def _local(micros: int, zone: tzinfo) -> pd.Timestamp:
    return pd.Timestamp(to_datetime(micros).astimezone(zone).replace(tzinfo=None))
