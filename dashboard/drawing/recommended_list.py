"""Recommended companies and articles as data of the list component and as rows of a table. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from typing import Any

import pandas as pd

from dashboard.drawing import formats, plots, tables
from dashboard.drawing.palette import Palette
from dashboard.reading.companies import label
from shared.analyst import ranking
from shared.analyst.ranking import Ranked
from shared.contract.aggregates import RecentDocument
from shared.contract.events import MICRO
from shared.contract.signals import Signal


def signal_items(
    ranked: Sequence[Ranked], signals: Iterable[Signal], zone: tzinfo, colours: Palette
) -> list[dict[str, Any]]:
    """Recommended companies as data of the list component."""
    by_key = {ranking.recommendation(signal).key: signal for signal in signals}
    return [_signal_item(each, by_key[each.item.key], zone, colours) for each in ranked]


def _signal_item(ranked: Ranked, signal: Signal, zone: tzinfo, colours: Palette) -> dict[str, Any]:
    named = label(signal.company)
    return {
        "key": ranked.item.key,
        "time": formats.moment(signal.at, zone)[:6],
        "moment": f"signal for {formats.moment(signal.at, zone, year=True)}",
        "company": signal.company,
        "ticker": named.ticker,
        "name": named.long,
        "title": f"{named.name}: {signal.action}",
        "excerpt": tables.reason_text(signal),
        "url": "",
        "tags": [named.sector, f"{signal.documents:,} documents", signal.strategy],
        "why": why(ranked),
        "rated": ranked.rated,
        "synthetic": signal.synthetic,
        **plots.score_bar(signal.score / MICRO, signal.confidence, colours),
    }


def article_items(
    ranked: Sequence[Ranked], found: Sequence[RecentDocument], zone: tzinfo, colours: Palette
) -> list[dict[str, Any]]:
    """Recommended articles as data of the list component."""
    by_key = {f"article:{d.id}:{d.company}": d for d in found}
    wanted = [by_key[each.item.key] for each in ranked]
    shown = plots.document_items(wanted, zone, colours, detailed=True)
    return [
        item | {"key": each.item.key, "why": why(each), "rated": each.rated, "excerpt": ""}
        for item, each in zip(shown, ranked, strict=True)
    ]


def why(ranked: Ranked) -> str:
    return "; ".join(ranked.reasons)


def table(ranked: Sequence[Ranked], titles: Mapping[str, str]) -> pd.DataFrame:
    """Ranked items as the rows of a CSV file; `titles` by key."""
    rows = [
        {
            "rank": place,
            "ticker": label(each.item.company).ticker,
            "what": titles.get(each.item.key, ""),
            "why": why(each),
            "score": round(each.score, 4),
            "thumb": each.rated,
            "key": each.item.key,
        }
        for place, each in enumerate(ranked, 1)
    ]
    return pd.DataFrame(rows, columns=["rank", "ticker", "what", "why", "score", "thumb", "key"])
