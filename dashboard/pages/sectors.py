"""Sectors: each as the sum of its companies; one of them with its line, its companies and what was written."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import address, components, document_filter, live
from dashboard.drawing import formats, plots
from dashboard.drawing.comparing import charts
from dashboard.drawing.figures import Figure
from dashboard.pages.market import company_list, mover_table
from dashboard.reading import matching, snapshots
from dashboard.reading.companies import label
from dashboard.reading.comparing.subjects import MOST, SECTOR, Comparison, compare, documents_of, sector_table
from dashboard.reading.snapshots import Market
from dashboard.view import View
from shared.event_classes.selection import event_words

SEARCHED = 400
FEED = 60


def draw(view: View) -> None:
    market = live.read_market(
        view.as_of,
        ("market", view.window, view.channel),
        lambda run: snapshots.market(run, view.window, view.channels, live.wall(view.as_of)),
    )
    if market is None or market.companies.empty:
        live.nothing("No sector was written of", "Sectors appear here once documents about their companies are scored.")
        return
    chosen = address.value("sector")
    table = sector_table(market.companies)
    if chosen not in set(table["sector"]):
        every(table, chosen, view)
        return
    one(chosen, market, view)


def every(table: pd.DataFrame, asked: str, view: View) -> None:
    """All of them; a row that is chosen opens it."""
    if asked:
        st.caption(f"Nothing was written of a sector called {formats.plain(asked)[:80]} in this window.")
    row = components.heading(f"Sectors over {view.window.label}", "Each the sum of its companies; a click opens one.")
    columns = ["sector", "companies", "rising", "falling", "sentiment", "low", "high", "documents"]
    components.csv_button(row, "sectors", lambda: table[columns])
    names = [str(name) for name in table["sector"]]

    opened = components.row_chosen("sectors", names, lambda sector: address.choose(sector=sector))

    number = st.column_config.NumberColumn
    components.table(
        table[columns],
        key="sectors",
        on_select=opened,
        selection_mode="single-row",
        height=35 * (len(table) + 1) + 3,
        column_config={
            "sector": st.column_config.TextColumn("Sector", width="medium"),
            "companies": number("Companies", help="Written of in the window"),
            "rising": number("Rising", help="Companies whose sentiment rose against the window before"),
            "falling": number("Falling"),
            "sentiment": number("Sentiment", format="%+.2f", help="Weighted mean in the window, -1 to +1"),
            "low": number("Low", format="%+.2f", help="95 % band"),
            "high": number("High", format="%+.2f"),
            "documents": number("n", format="%d", help="Opinions in the window"),
        },
    )


def one(name: str, market: Market, view: View) -> None:
    key = f"{SECTOR}{name}"
    found = live.read_market(
        view.as_of,
        ("compare", (key,), view.window, "hour", view.channel),
        lambda run: compare(run, [key], view.window, "hour", view.channels, live.wall(view.as_of)),
    )
    own = market.companies[[label(company).sector == name for company in market.companies["company"]]]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"#### {formats.plain(name)}", width="content")
        st.button("All sectors", key="all_sectors", type="tertiary", on_click=lambda: address.choose(sector=""))
        largest = own.sort_values(["documents", "company"], ascending=[False, True])["company"].head(MOST)
        st.button(
            f"Compare its {len(largest)} largest",
            key="compare_largest",
            type="tertiary",
            on_click=lambda: address.choose(page="Compare", subjects=",".join(largest)),
        )
    headline(found, own, view)
    left, right = st.columns([1.62, 1], gap="medium")
    with left:
        components.heading("Sentiment by the hour", "Weighted mean of all opinions on its companies.")
        st.plotly_chart(charts.lines(found, "hour", view.zone, view.colours), key="sector_line", config=_QUIET)
        companies(own, view)
    with right:
        feed(name, found, own, view)


_QUIET = {"displaylogo": False}


def headline(found: Comparison, own: pd.DataFrame, view: View) -> None:
    row = charts.table(found.rows).iloc[0]
    most = found.rows[0].events
    up, down = int((own["change"] > 0).sum()), int((own["change"] < 0).sum())
    against = f"Change against the {view.window.label} before."
    share = formats.percent(row["negative"] / 100, sign=False)
    components.strip(
        [
            Figure("Sentiment", formats.score(row["sentiment"]), f"Weighted mean; 95 % band {row['band']}. {against}",
                   row["change"], formats.score(row["change"]), "up is good"),
            Figure("Opinions", formats.count(row["documents"]), f"In the window. {against}",
                   row["volume"] / 100, formats.percent(row["volume"] / 100)),
            Figure("Negative share", share, "Opinions whose most probable class is negative."),
            Figure("Companies", f"{len(own):,}", "Written of in the window."),
            Figure("Rising / falling", f"{up:,} / {down:,}", f"Companies whose sentiment rose or fell. {against}"),
            Figure("Event", f"{most[0][1]:,}" if most else formats.NOTHING, "The most frequent class of events.",
                   note=event_words(most[0][0]) if most else "none"),
        ],
        view.colours,
        key="sector_figures",
    )  # fmt: skip


def companies(own: pd.DataFrame, view: View) -> None:
    """Its companies; a row that is chosen opens its page."""
    table = mover_table(own).sort_values(["documents", "company"], ascending=[False, True])
    row = components.heading(f"Its companies over {view.window.label}", "The most written of first; a click opens one.")
    components.csv_button(row, "sector_companies", lambda: table.drop(columns=["trend"]))
    company_list("Ticker", table, "sector_companies")


def feed(name: str, found: Comparison, own: pd.DataFrame, view: View) -> None:
    row = components.heading("Newest opinions", "About its companies, in the window, newest first.")
    if view.as_of is not None:
        st.caption("As of a moment texts are told of the newest of the whole market, on Market, and of each company.")
        return
    some = live.read_aggregates(
        ("sector feed", name, view.window),
        lambda run: documents_of(run, [str(each) for each in own["company"]], found.span, SEARCHED),
    )
    some = [document for document in some if document.channel in view.channels]
    wanted = document_filter.draw(row, *matching.offered(some))
    kept = [document for document in some if wanted.keeps(document)][:FEED]
    if not kept:
        live.nothing(*document_filter.none_match(wanted, len(some)))
        return
    colours = view.colours
    items = plots.document_items(kept, view.zone, colours)
    bars = (colours.negative, colours.neutral, colours.positive)
    components.documents(items, bars, 620, key=f"sector-{name}", opened=live.open_company)
