"""Market: where opinion is, where it moved over a window, and what was just written."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import components, formats, live, measures, plots, snapshots
from dashboard.companies import label
from dashboard.snapshots import Market
from dashboard.view import View

FEED = 60
MOVERS = 12
RANKS = {"Strength": "strength", "Change": "change", "Volume": "volume_change"}


def page() -> None:
    live.page(draw)


def draw(view: View) -> None:
    key = (view.window.label, view.channel)
    market = live.read(("market", *key), lambda store: snapshots.market(store, view.window, view.channels))
    if market is None:
        live.nothing(
            "No opinions yet",
            "Documents appear here once they are scored. Feed some with `bellwether ingest file PATH --channel news`, "
            "or start the synthetic week with `bellwether up`.",
        )
        return
    headline(market, view)
    left, right = st.columns([1.62, 1], gap="medium")
    with left:
        sector_map(market, view)
    with right:
        feed(view)
    movers(market, view)


def headline(market: Market, view: View) -> None:
    """The strip of figures on top."""
    now = measures.whole(market.buckets[market.buckets["start"] >= market.span.start])
    before = measures.whole(market.buckets[market.buckets["start"] < market.span.start])
    against = f"vs {view.window.label} before"
    figures = st.columns(6)
    mood = now["sentiment"] - before["sentiment"]
    figures[0].metric(
        "Market mood",
        formats.score(now["sentiment"]),
        _signed(mood, formats.score(mood)),
        border=True,
        help=f"Weighted mean sentiment of every opinion in the window, -1 to +1. 95 % band "
        f"{formats.score(now['low'])} to {formats.score(now['high'])}. Change {against}.",
    )
    volume = now["documents"] / before["documents"] - 1 if before["documents"] else np.nan
    figures[1].metric(
        "Opinions",
        formats.count(now["documents"]),
        _signed(volume, formats.percent(volume)),
        border=True,
        help=f"Opinions (one per document and company) in the window; change {against}.",
    )
    active = len(market.companies)
    figures[2].metric(
        "Companies active",
        f"{active:,} of {market.known:,}",
        border=True,
        help="Companies with at least one opinion in the window, of all that ever had one.",
    )
    up, down = int((market.companies["change"] > 0).sum()), int((market.companies["change"] < 0).sum())
    figures[3].metric(
        "Improving / worsening",
        f"{up:,} / {down:,}",
        border=True,
        help=f"Breadth: companies whose sentiment rose or fell {against}.",
    )
    share = now["negative"] / now["documents"] if now["documents"] else np.nan
    past = before["negative"] / before["documents"] if before["documents"] else np.nan
    points = (share - past) * 100
    figures[4].metric(
        "Negative share",
        formats.percent(share, sign=False),
        _signed(points, f"{formats.score(points, 1)} pp"),
        delta_color="inverse",
        border=True,
        help=f"Opinions whose most probable class is negative; change in percentage points {against}.",
    )
    total = market.totals.documents_scored
    figures[5].metric(
        "Documents scored",
        formats.count(total),
        border=True,
        help=f"Distinct documents since the run began: {total:,}.",
    )


def _signed(value: float, text: str) -> str | None:
    """A delta that st.metric reads the sign of; none where there is nothing to compare with."""
    return text.replace(formats.MINUS, "-") if np.isfinite(value) else None


def sector_map(market: Market, view: View) -> None:
    st.markdown(
        "**Sectors**",
        help="Area: opinions in the window. Colour: sentiment, orange negative to blue positive, full from ±0.6.",
    )
    if market.companies.empty:
        live.nothing("Quiet", "No company was written about in this window.")
        return
    clicked = components.treemap(plots.sector_map(market.companies, view.colours), key="sector_map")
    if clicked:
        live.open_company(clicked)


def feed(view: View) -> None:
    st.markdown("**Newest opinions**", help="Newest first, by time of availability. Bar: negative, neutral, positive.")
    found = live.read(("feed", view.channel), lambda store: snapshots.feed(store, view.channels, FEED))
    colours = view.colours
    clicked = components.documents(
        plots.document_items(found, view.zone, colours),
        (colours.negative, colours.neutral, colours.positive),
        560,
        key="feed",
    )
    if clicked:
        live.open_company(clicked)


def movers(market: Market, view: View) -> None:
    """Two tables: the largest rises and falls."""
    compared = market.companies.dropna(subset=["strength"])
    title, rank, export = st.columns([2, 2, 1], vertical_alignment="center")
    title.markdown(
        f"**Movers** over {view.window.label}",
        help="Strength: change of sentiment ÷ its standard error. Change: of weighted sentiment. Volume: of opinions.",
    )
    with rank:
        by = RANKS[
            st.segmented_control(
                "Rank by", list(RANKS), default="Strength", key="rank", required=True, label_visibility="collapsed"
            )
        ]
    table = mover_table(compared)
    export.download_button(
        "CSV",
        lambda: formats.csv(table.drop(columns=["trend"])),
        "movers.csv",
        "text/csv",
        key="movers_csv",
        on_click="ignore",
        icon=":material/download:",
    )
    if compared.empty:
        live.nothing("Nothing to compare", "No company has opinions in this window and in the one before.")
        return
    rising, falling = st.columns(2, gap="medium")
    ordered = table.sort_values([by, "company"], ascending=[False, True])
    with rising:
        _movers("Rising", ordered.head(MOVERS), "rising")
    with falling:
        _movers("Falling", ordered.tail(MOVERS).iloc[::-1], "falling")


def mover_table(compared: pd.DataFrame) -> pd.DataFrame:
    """The columns that the tables and the CSV show."""
    labels = [label(company) for company in compared["company"]]
    return compared.assign(
        ticker=[each.ticker for each in labels],
        name=[each.name for each in labels],
        sector=[each.sector for each in labels],
    )[["company", "ticker", "name", "sector", "sentiment", "change", "strength", "documents", "volume_change", "trend"]]


def _movers(title: str, rows: pd.DataFrame, key: str) -> None:
    number = st.column_config.NumberColumn
    event = st.dataframe(
        rows,
        key=key,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        height=36 * (len(rows) + 1),
        column_order=["ticker", "name", "sentiment", "change", "strength", "documents", "volume_change", "trend"],
        column_config={
            "ticker": st.column_config.TextColumn(title, width=64),
            "name": st.column_config.TextColumn("Company", width=150),
            "sentiment": number("Sentiment", format="%+.2f", help="Weighted mean in the window, -1 to +1"),
            "change": number("Change", format="%+.2f", help="Against the window before"),
            "strength": number("Strength", format="%+.1f", help="Change ÷ its standard error"),
            "documents": number("n", format="%d", help="Opinions in the window"),
            "volume_change": number("Volume", format="percent", help="Change of n against the window before"),
            "trend": st.column_config.LineChartColumn("Trend", y_min=-1, y_max=1, help="Both windows"),
        },
    )
    if event.selection.rows:
        live.open_company(str(rows.iloc[event.selection.rows[0]]["company"]))
