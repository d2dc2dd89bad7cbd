"""Peers: the companies that the page's company is related to, and what is said of them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import components, live
from dashboard.drawing import formats
from dashboard.reading.companies import label
from dashboard.view import View
from shared.contract.events import MICRO
from shared.reading.peers.peers import Peers, peers_of
from shared.reading.peers.relations import relations_of
from shared.universe.relations.own_relations import RelationError

COLUMNS = [
    "ticker",
    "sentiment",
    "change",
    "documents",
    "kind",
    "weight",
    "name",
]  # narrow: first what is said


def draw(company: str, view: View) -> None:
    """A row that is chosen opens its company's page."""
    help_ = "Parents, subsidiaries, companies of one industry and size, and your own relations.csv. A click opens one."
    row = components.heading("Peers", help_)
    if view.as_of is not None:
        st.caption("Peers are shown as of now alone.")
        return
    try:
        relations = relations_of(live.settings())
    except RelationError as error:
        live.nothing("Relations cannot be read", formats.plain(str(error)))
        return
    found = live.read_aggregates(
        ("peers", company, view.window, view.channel, relations.digest),
        lambda run: peers_of(run, relations, company, view.window, view.channels, live.now()),
    )
    if not found.peers:
        st.caption("Nobody is known to be related to it; name relations of your own in relations.csv.")
        return
    table = _table(found)
    components.csv_button(row, "peers", lambda: table)
    st.caption(_together(found, view))
    _list(table)


def _table(found: Peers) -> pd.DataFrame:
    rows = []
    for relation, measured in found.peers:
        named = label(relation.other)
        rows.append(
            {
                "company": relation.other,
                "ticker": named.ticker,
                "name": named.name,
                "kind": relation.kind,
                "weight": relation.weight / MICRO,
                "sentiment": measured["sentiment"],
                "change": measured["change"],
                "documents": measured["documents"],
            }
        )
    table = pd.DataFrame(rows, columns=["company", *COLUMNS])
    return table.astype({"sentiment": float, "change": float})


def _together(found: Peers, view: View) -> str:
    if found.level is None:
        return f"Nothing was said of them in {view.window.label}."
    moved = f", {formats.score(found.level - found.before)} against before" if found.before is not None else ""
    return f"Together {formats.score(found.level)}{moved}: each by the weight of its relation."


def _list(table: pd.DataFrame) -> None:
    number = st.column_config.NumberColumn
    shown = [str(company) for company in table["company"]]

    opened = components.row_chosen("peers", shown, live.open_company)

    components.table(
        table[COLUMNS],
        key="peers",
        on_select=opened,
        selection_mode="single-row",
        height=35 * (len(table) + 1) + 3,
        column_config={
            "ticker": st.column_config.TextColumn("Ticker", width=64),
            "name": st.column_config.TextColumn("Company", width=120),
            "kind": st.column_config.TextColumn("Relation", width=72),
            "weight": number("Weight", format="%+.2f", help="What counts of what is said of it; below 0: turned round"),
            "sentiment": number("Sentiment", format="%+.2f", help="Weighted mean in the window, -1 to +1"),
            "change": number("Change", format="%+.2f", help="Against the window before"),
            "documents": number("n", format="%d", help="Opinions in the window"),
        },
    )
