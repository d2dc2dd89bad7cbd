"""Stories as data of the story component, as rows of tables and as a curve. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dashboard.drawing import formats, tables
from dashboard.drawing.palette import Palette
from dashboard.reading.companies import label
from shared.clock import DAY, HOUR, to_datetime
from shared.contract.events import MARKET, MICRO
from shared.event_classes.selection import event_words
from shared.links import safe_link
from shared.reading.deleted import DELETED
from shared.reading.stories.detail import Copy, Whole
from shared.reading.stories.following import Link
from shared.reading.stories.listing import Told
from shared.reading.stories.story import Story

CHIPS = 4  # companies named of a story


def told_items(told: Sequence[Told], chosen: str, zone: tzinfo, colours: Palette) -> list[dict[str, Any]]:
    """A list of stories; the chosen one is marked."""
    return [
        {
            **_story(each.story, zone, colours),
            "title": each.headline.words if each.headline else f"({DELETED})",
            "synthetic": bool(each.headline and each.headline.synthetic),
            "chosen": each.story.key == chosen,
        }
        for each in told
    ]


def link_items(links: Sequence[Link], zone: tzinfo, colours: Palette) -> list[dict[str, Any]]:
    """Stories before or after one, each with how like it is."""
    return [
        {
            **_story(each.story, zone, colours),
            "title": each.headline.words,
            "synthetic": each.headline.synthetic,
            "chosen": False,
            "tags": ["told again" if each.copy else f"alike {each.likeness / MICRO:.0%}", *_event(each.story)],
        }
        for each in links
    ]


def _story(story: Story, zone: tzinfo, colours: Palette) -> dict[str, Any]:
    mean = story.lean.mean
    value = (mean or 0) / MICRO
    return {
        "key": story.key,
        "when": formats.moment(story.last_at, zone),
        "moment": f"first {formats.moment(story.first_at, zone, seconds=True, year=True)}, "
        f"last {formats.moment(story.last_at, zone, seconds=True, year=True)}",
        "facts": [*_counts(story), f"for {age(story)}" if story.last_at > story.first_at else "once"],
        "tags": _event(story),
        "chips": [
            {"id": about.company if about.company != MARKET else "", "ticker": label(about.company).ticker,
             "name": label(about.company).long}
            for about in story.companies[:CHIPS]
        ],
        "more": max(len(story.companies) - CHIPS, 0),
        "score": formats.NOTHING if mean is None else formats.score(value),
        "colour": colours.positive if value > 0 else colours.negative if value < 0 else colours.muted,
        "first": None if story.lean.first is None else story.lean.first / MICRO,
        "last": None if story.lean.last is None else story.lean.last / MICRO,
        "moved": moved(story),
    }  # fmt: skip


def _counts(story: Story) -> list[str]:
    found = [_count(story.documents, "document"), _count(len(story.sources), "source")]
    return [*found, _count(story.authors, "author")] if story.authors else found


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _event(story: Story) -> list[str]:
    return [event_words(story.event)] if story.event else []


def age(story: Story) -> str:
    """How long it has been told: `40 min`, `6 h`, `3 d`."""
    passed = story.last_at - story.first_at
    if passed < 2 * HOUR:
        return f"{passed // (HOUR // 60)} min"
    return f"{passed // HOUR} h" if passed < 2 * DAY else f"{passed // DAY} d"


def moved(story: Story) -> str:
    """Its lean in its first hour and in its last, in words."""
    lean = story.lean
    if lean.first is None or lean.last is None:
        return "nothing weighs"
    first, last = (formats.score(value / MICRO) for value in (lean.first, lean.last))
    return f"{first} in its first hour, {last} in its last"


def copy_items(whole: Whole, zone: tzinfo) -> list[dict[str, Any]]:
    """The documents of a story, in the order of time, as data of the list of documents."""
    first = {each.document: each for each in whole.documents}
    return [_copy(each, first, zone) for each in whole.documents]


def _copy(copy: Copy, first: dict[str, Copy], zone: tzinfo) -> dict[str, Any]:
    shown = copy.headline
    tags = [copy.source, copy.channel]
    if copy.copy_of:
        tags.append(f"copy of {first[copy.copy_of].source}")
    return {
        "time": formats.moment(copy.at, zone),
        "moment": formats.moment(copy.at, zone, seconds=True, year=True),
        "company": "",
        "title": shown.words if shown else f"({DELETED})",
        "url": safe_link(shown.url) if shown else "",
        "tags": tags,
        "synthetic": bool(shown and shown.synthetic),
        "excerpt": "",
        "new": False,
        "score": "",
    }


def curve(whole: Whole, zone: tzinfo, colours: Palette) -> go.Figure:
    """The story's mean, document by document."""
    told = [each for each in whole.documents if each.mean is not None]
    values = [each.mean / MICRO for each in told if each.mean is not None]
    shades = [colours.positive if v > 0 else colours.negative if v < 0 else colours.muted for v in values]
    figure = go.Figure(
        go.Scatter(
            x=[to_datetime(each.at).astimezone(zone).replace(tzinfo=None) for each in told],
            y=values,
            mode="lines+markers",
            line={"color": colours.muted, "width": 1, "shape": "hv"},
            marker={"color": shades, "size": 7},
            customdata=[[each.source] for each in told],
            hovertemplate="%{y:+.2f} after %{customdata[0]}<extra></extra>",
        )
    )
    figure.update_yaxes(range=[-1.04, 1.04], gridcolor=colours.grid, zerolinecolor=colours.muted, title="Sentiment")
    return tables.plain(figure, colours, 200)


def effect_table(whole: Whole) -> pd.DataFrame:
    """What the story did to its companies."""
    rows = [
        {
            "ticker": label(each.company).ticker,
            "before": _value(each.before),
            "since": _value(each.since),
            "by this story": _value(each.by_story),
        }
        for each in whole.effects
    ]
    return pd.DataFrame(rows, columns=["ticker", "before", "since", "by this story"])


def table(told: Sequence[Told], zone: tzinfo) -> pd.DataFrame:
    """Stories as the rows of a CSV file."""
    rows = [
        {
            "key": each.story.key,
            "title": each.headline.words if each.headline else "",
            "first": formats.moment(each.story.first_at, zone, seconds=True, year=True),
            "last": formats.moment(each.story.last_at, zone, seconds=True, year=True),
            "documents": each.story.documents,
            "sources": len(each.story.sources),
            "authors": each.story.authors,
            "event": each.story.event,
            "sentiment": _value(each.story.lean.mean),
            "in its first hour": _value(each.story.lean.first),
            "in its last hour": _value(each.story.lean.last),
            "companies": " ".join(about.company for about in each.story.companies),
        }
        for each in told
    ]
    return pd.DataFrame(rows)


def _value(value: int | None) -> float | None:
    return None if value is None else value / MICRO
