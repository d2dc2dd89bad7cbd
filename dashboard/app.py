"""The dashboard: `streamlit run dashboard/app.py`. Pages in their order, and the toolbar that stands above all of them.

Which state folder (and so which Redis) is read, the environment variable BELLWETHER_STATE_DIR says.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import streamlit as st

from dashboard import companies, live, view
from dashboard.pages import company, health, market
from dashboard.windows import WINDOWS

# A page is a file in dashboard/pages with a function that draws it, and one line here: address, title, icon, function.
PAGES: Final[tuple[tuple[str, str, str, Callable[[], None]], ...]] = (
    ("market", "Market", ":material/grid_view:", market.page),
    ("company", "Company", ":material/monitoring:", company.page),
    ("health", "Health", ":material/ecg_heart:", health.page),
)


def toolbar() -> None:
    """Search box, window, channel and time zone. Their values live in the URL."""
    search, window, channel, zone = st.columns([3.2, 2.6, 2, 2.2], vertical_alignment="bottom")
    with search:
        _search_box()
    with window:
        st.segmented_control(
            "Window",
            list(WINDOWS),
            default="24h",
            key="window",
            bind="query-params",
            required=True,
            help="Market time that is looked at; changes are against the equally long window before it.",
        )
    with channel:
        st.segmented_control(
            "Channel",
            list(view.CHANNEL_CHOICES),
            default="all",
            key="channel",
            bind="query-params",
            required=True,
        )
    with zone:
        st.segmented_control(
            "Times",
            list(view.ZONE_CHOICES),
            default="UTC",
            key="tz",
            bind="query-params",
            required=True,
            help="UTC, the exchange's time (New York), or this browser's zone.",
        )


def _search_box() -> None:
    asked = st.query_params.get("company", "")
    if asked != st.session_state.get("company_in_url", ""):
        st.session_state["company"] = asked or None
    options = live.company_options()
    current = st.session_state.get("company")
    if current and current not in options:
        options = [current, *options]
    st.selectbox(
        "Company",
        options,
        index=None,
        key="company",
        placeholder="Search a company or ticker",
        format_func=lambda company: companies.label(company).searched,
        on_change=_searched,
    )
    chosen = st.session_state.get("company") or ""
    st.session_state["company_in_url"] = chosen
    if chosen:
        st.query_params["company"] = chosen
    else:
        st.query_params.pop("company", None)


def _searched() -> None:
    if st.session_state.get("company"):
        st.session_state["open_company"] = st.session_state["company"]


def main() -> None:
    st.set_page_config(page_title="Bellwether", page_icon=str(Path(__file__).with_name("icon.png")), layout="wide")
    pages = [
        st.Page(draw, title=title, icon=icon, url_path=path, default=index == 0)
        for index, (path, title, icon, draw) in enumerate(PAGES)
    ]
    chosen = st.navigation(pages, position="top")
    if wanted := st.session_state.pop("open_company", None):
        st.session_state["company"] = wanted
        target = pages[[path for path, *_ in PAGES].index("company")]
        if chosen.url_path != target.url_path:
            st.session_state["company_in_url"] = wanted
            st.switch_page(target, query_params=view.parameters(company=wanted))
    toolbar()
    chosen.run()


main()
