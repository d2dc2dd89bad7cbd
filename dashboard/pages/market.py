"""Market: where opinion is, where it moved over a window, and what was just written."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import address, components, document_filter, live
from dashboard.drawing import formats, plots
from dashboard.drawing.figures import Figure
from dashboard.reading import matching, measures, snapshots
from dashboard.reading.companies import label
from dashboard.reading.snapshots import Market
from dashboard.view import View
from shared.contract.aggregates import RecentDocument

FEED = 60
SEARCHED = 400  # that the filter looks through
MOVERS = 12
RANKS = {"Strength": "strength", "Change": "change", "Volume": "volume_percent"}


def draw(view: View) -> None:
    key = (view.window, view.channel)
    market = live.read_market(
        view.as_of,
        ("market", *key),
        lambda run: snapshots.market(run, view.window, view.channels, live.wall(view.as_of)),
    )
    if market is None:
        live.nothing(
            "No opinions yet",
            "Documents appear here once they are scored. Feed some with `bellwether ingest file PATH --channel news`, "
            "or start with the synthetic week: `make demo`.",
        )
        return
    elsewhere(market, view)
    headline(market, view)
    left, right = st.columns([1.62, 1], gap="medium")
    with left:
        painted = sector_map(market, view)
    with right:
        feed(view)
    if painted:
        movers(market, view)


def elsewhere(market: Market, view: View) -> None:
    """Says where the opinions are, when the window holds next to none of them: texts without a time of their own count
    as written when they were read, and move the window to that moment."""
    inside, ever = len(market.companies), market.known
    if view.window.end is None and ever >= 5 and inside * 10 <= ever:
        st.info(
            f"Only {inside:,} of {ever:,} companies were written about in this window, which ends with the newest "
            "opinion. Rows without a time count as written when they were read, and move it; what was loaded of the "
            "past is shown by Range, above.",
            icon=":material/history:",
        )


def headline(market: Market, view: View) -> None:
    """The strip of figures on top."""
    recent = market.buckets["start"] >= market.span.start
    now, before = measures.whole(market.buckets[recent]), measures.whole(market.buckets[~recent])
    trend = measures.trend(market.buckets, market.span, view.window.bins)
    blank = 1.0 if market.comparable else np.nan  # no change is claimed against a window that was not observed
    mood = (now["sentiment"] - before["sentiment"]) * blank
    volume = measures.ratio(now["documents"], before["documents"]) * blank
    share = measures.share(now["negative"], now["documents"])
    points = (share - measures.share(before["negative"], before["documents"])) * 100 * blank
    up, down = int((market.companies["change"] > 0).sum()), int((market.companies["change"] < 0).sum())
    against = f"Change against the {view.window.label} before."
    components.strip(
        [
            Figure(
                "Market mood",
                formats.score(now["sentiment"]),
                f"Weighted mean sentiment of every opinion in the window, from -1 to +1; 95 % band "
                f"{formats.score(now['low'])} to {formats.score(now['high'])}. {against}",
                mood,
                formats.score(mood),
                "up is good",
                trend=trend["sentiment"],
            ),
            Figure(
                "Opinions",
                formats.count(now["documents"]),
                f"One per document and company, in the window. {against}",
                volume,
                formats.percent(volume),
                trend=trend["documents"],
                bars=True,
            ),
            Figure(
                "Negative share",
                formats.percent(share, sign=False),
                f"Opinions whose most probable class is negative. Change in percentage points. {against}",
                points,
                f"{formats.score(points, 1)} pp",
                "up is bad",
            ),
            Figure(
                "Rising / falling",
                f"{up:,} / {down:,}" if market.comparable else formats.NOTHING,
                f"Breadth: companies whose sentiment rose or fell. {against}",
                note=f"of {len(market.companies):,} active",
            ),
            Figure(
                "Companies",
                f"{len(market.companies):,}",
                "Companies with at least one opinion in the window, of all that ever had one.",
                note=f"of {market.known:,} ever seen",
            ),
            Figure(
                "Documents scored",
                formats.count(market.totals.documents_scored),
                f"Distinct documents since the run began: {market.totals.documents_scored:,}.",
                note=f"{market.totals.documents_dead:,} dead letters"
                + (f", {market.totals.documents_unscored:,} unscored" if market.totals.documents_unscored else ""),
            ),
        ],
        view.colours,
        key="market_figures",
    )


def sector_map(market: Market, view: View) -> bool:
    """The map; whether the browser has painted it, so that what is heavier and lies below may come."""
    components.heading(
        "Sectors", "Area: opinions in the window. Colour: sentiment, orange negative to blue positive, full from ±0.6."
    )
    if market.companies.empty:
        live.nothing("Quiet", "No company was written about in this window.")
        return True
    sectors = live.read_market(
        view.as_of,
        ("map", view.window, view.channel, view.colours),
        lambda _: plots.sector_map(market.companies, view.colours),
    )
    return components.treemap(sectors, view.colours, "sector_map", live.open_company, live.open_sector)


def feed(view: View) -> None:
    row = components.heading(
        "Newest opinions", "Newest first, by time of availability. Bar: negative, neutral, positive."
    )
    some = newest(view)
    wanted = document_filter.draw(row, *matching.offered(some))
    found = [document for document in some if wanted.keeps(document)][:FEED]
    components.csv_button(row, "feed", lambda: plots.document_table(found, view.zone))
    if not found:
        live.nothing(*document_filter.none_match(wanted, len(some)))
        return
    colours = view.colours
    components.documents(
        plots.document_items(found, view.zone, colours),
        (colours.negative, colours.neutral, colours.positive),
        560,
        key="feed",
        opened=live.open_company,
    )


def newest(view: View) -> list[RecentDocument]:
    """The newest opinions of all companies; as of a moment, those of then."""
    if view.as_of is None:
        return live.read_aggregates(
            ("feed", view.channel, view.window),
            lambda run: snapshots.feed(run, view.channels, SEARCHED, live.now(), view.window),
        )
    found = live.shown_now(("feed of then", view.as_of), live.past_market(view.as_of).feed())
    kept = [each for each in found if each.channel in view.channels and view.within(each.available_at)]
    return kept[:SEARCHED]


def movers(market: Market, view: View) -> None:
    """Two tables: the largest rises and falls."""
    compared = market.companies.dropna(subset=["strength"])
    row = components.heading(
        f"Movers over {view.window.label}",
        "Strength: change of sentiment ÷ its standard error. Change: of weighted sentiment. Volume: of opinions.",
    )
    with row:
        rank = st.segmented_control(
            "Rank by", list(RANKS), key=address.ready("rank", list(RANKS)), required=True, label_visibility="collapsed"
        )
    table = mover_table(compared)
    components.csv_button(row, "movers", lambda: table.drop(columns=["trend"]))
    if compared.empty:
        live.nothing("Nothing to compare", "No company has opinions in this window and in the one before.")
        return
    rising, falling = st.columns(2, gap="medium")
    by = RANKS[rank or "Strength"]
    ordered = table.sort_values([by, "company"], ascending=[False, True])
    with rising:
        _movers("Rising", ordered[ordered[by] > 0].head(MOVERS), "rising")
    with falling:
        _movers("Falling", ordered[ordered[by] < 0].tail(MOVERS).iloc[::-1], "falling")


def mover_table(compared: pd.DataFrame) -> pd.DataFrame:
    """The columns that the tables and the CSV show."""
    labels = [label(company) for company in compared["company"]]
    return compared.assign(
        ticker=[each.ticker for each in labels],
        name=[each.name for each in labels],
        sector=[each.sector for each in labels],
        volume_percent=compared["volume_change"] * 100,
    )[
        [
            "company",
            "ticker",
            "name",
            "sector",
            "sentiment",
            "change",
            "strength",
            "documents",
            "volume_percent",
            "trend",
        ]
    ]


def _movers(title: str, rows: pd.DataFrame, key: str) -> None:
    company_list(title, rows, key, height=35 * (len(rows) + 1) + 3)


def company_list(title: str, rows: pd.DataFrame, key: str, height: int | Literal["auto"] = "auto") -> None:
    """A table of `mover_table`'s rows under a title; one that is chosen opens its company's page."""
    number = st.column_config.NumberColumn
    shown = [str(company) for company in rows["company"]]

    opened = components.row_chosen(key, shown, live.open_company)

    components.table(
        rows,
        key=key,
        on_select=opened,
        selection_mode="single-row",
        height=height,
        column_order=["ticker", "name", "sentiment", "change", "strength", "documents", "volume_percent", "trend"],
        column_config={
            "ticker": st.column_config.TextColumn(title, width=64),
            "name": st.column_config.TextColumn("Company", width=150),
            "sentiment": number("Sentiment", format="%+.2f", help="Weighted mean in the window, -1 to +1"),
            "change": number("Change", format="%+.2f", help="Against the window before"),
            "strength": number("Strength", format="%+.1f", help="Change ÷ its standard error"),
            "documents": number("n", format="%d", help="Opinions in the window"),
            "volume_percent": number("Volume", format="%+d %%", help="Change of n against the window before"),
            "trend": st.column_config.LineChartColumn(
                "Trend", help="Sentiment from the previous window to now, each row on its own scale"
            ),
        },
    )
