"""Compare: up to five companies, or sectors, side by side over one window."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import pandas as pd
import streamlit as st

from dashboard import address, components, live
from dashboard.drawing import formats
from dashboard.drawing.comparing import charts
from dashboard.reading.companies import UNCLASSIFIED, label, searched
from dashboard.reading.comparing.subjects import MOST, SECTOR, Comparison, compare, keys_of
from dashboard.view import View
from shared.contract.aggregates import Resolution

RESOLUTIONS: Final[tuple[Resolution, ...]] = ("hour", "day")
ADD = "compare_add"


def draw(view: View) -> None:
    known = live.written_of(view.as_of)
    keys = keys_of(address.value("subjects"), known)
    choose(keys, known, live.sectors(view.as_of))
    if not keys:
        live.nothing("Nothing to compare yet", f"Add up to {MOST} companies above, or open it from a company's page.")
        return
    resolution = _resolution()
    found = live.read_market(
        view.as_of,
        ("compare", tuple(keys), view.window, resolution, view.channel),
        lambda run: compare(run, keys, view.window, resolution, view.channels, live.wall(view.as_of)),
    )
    if found.lines.empty:
        live.nothing("Nothing to draw", "Nothing was written of these in this stretch of time and on this channel.")
        return
    figure = charts.lines(found, resolution, view.zone, view.colours)
    st.plotly_chart(figure, key=f"compare-{'-'.join(keys)}-{resolution}", config={"displaylogo": False})
    compared(found, view)


def choose(keys: list[str], known: list[str], sectors: Collection[str]) -> None:
    """What is compared, each to be taken away, and what may be added."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for key in keys:
            name = key.removeprefix(SECTOR) if key.startswith(SECTOR) else label(key).ticker
            st.button(
                f"{formats.plain(name)} ✕",
                key=f"compare_{key}",
                on_click=lambda key=key: _set([each for each in keys if each != key]),
                help="Take it away.",
            )
        if len(keys) < MOST:
            _add(keys, known, sectors)
        sector = label(keys[0]).sector if keys and not keys[0].startswith(SECTOR) else UNCLASSIFIED
        if sector in sectors and f"{SECTOR}{sector}" not in keys and len(keys) < MOST:
            st.button(
                f"Add its sector: {sector}",
                key="compare_sector",
                type="tertiary",
                icon=":material/add:",
                on_click=lambda: _set([*keys, f"{SECTOR}{sector}"]),
            )


def _add(keys: list[str], known: list[str], sectors: Collection[str]) -> None:
    options = [each for each in [*known, *(f"{SECTOR}{name}" for name in sectors)] if each not in keys]

    def added() -> None:
        if wanted := st.session_state.get(ADD):
            st.session_state[ADD] = None
            _set([*keys, wanted])

    st.selectbox(
        "Add",
        options,
        index=None,
        key=ADD,
        placeholder="Add a company or a sector",
        format_func=lambda each: f"Sector {each.removeprefix(SECTOR)}" if each.startswith(SECTOR) else searched(each),
        on_change=added,
        label_visibility="collapsed",
        width=260,
    )


def _offered(key: str) -> str:
    """As the box lists it."""
    return f"Sector {key.removeprefix(SECTOR)}" if key.startswith(SECTOR) else searched(key)


def _set(keys: list[str]) -> None:
    address.choose(subjects=",".join(keys))


def _resolution() -> Resolution:
    row = components.heading("Sentiment side by side", "Line: weighted mean sentiment of each; the window is shaded.")
    with row:
        st.segmented_control(
            "Resolution",
            RESOLUTIONS,
            key=address.ready("resolution", RESOLUTIONS),
            required=True,
            label_visibility="collapsed",
        )
    return address.one_of("resolution", RESOLUTIONS)


def compared(found: Comparison, view: View) -> None:
    """The table; a row that is chosen opens its company, or its sector."""
    table = charts.table(found.rows)
    row = components.heading(f"Over {view.window.label}", "Changes are against the same span before it.")
    components.csv_button(row, "compare", lambda: table)
    keys = [str(key) for key in table["key"]]

    opened = components.row_chosen("compared", keys, open_subject)

    show(table, "compared", opened)


def open_subject(key: str) -> None:
    """A company's page, or a sector's. For callbacks."""
    if key.startswith(SECTOR):
        address.choose(page="Sectors", sector=key.removeprefix(SECTOR))
    else:
        live.open_company(key)


def show(table: pd.DataFrame, key: str, opened: object) -> None:
    number = st.column_config.NumberColumn
    components.table(
        table,
        key=key,
        on_select=opened,
        selection_mode="single-row",
        column_order=[
            "subject", "sentiment", "band", "change", "strength", "documents", "volume", "negative", "events",
        ],
        column_config={
            "subject": st.column_config.TextColumn("Company or sector", width="medium"),
            "sentiment": number("Sentiment", format="%+.2f", help="Weighted mean in the window, -1 to +1"),
            "band": st.column_config.TextColumn("95 % band"),
            "change": number("Change", format="%+.2f", help="Against the window before"),
            "strength": number("Strength", format="%+.1f", help="Change ÷ its standard error"),
            "documents": number("n", format="%d", help="Opinions in the window"),
            "volume": number("Volume", format="%+d %%", help="Change of n against the window before"),
            "negative": number("Negative", format="%d %%", help="Share of opinions that are negative"),
            "events": st.column_config.TextColumn("Events", width="large", help="The most frequent ones"),
        },
    )  # fmt: skip
