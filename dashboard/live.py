"""How a page stays live: one fragment per page reads again every few seconds; nothing reloads, no state is lost.

It also draws what stands above every page (as of …, connection) and the states in which there is nothing to show.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Hashable
from functools import cache
from pathlib import Path
from typing import Final, TypeVar

import streamlit as st

from dashboard import view
from dashboard.drawing import formats
from dashboard.reading import companies, snapshots
from dashboard.reading.reader import Reader, Unreachable
from dashboard.reading.snapshots import newest, newest_documents
from dashboard.view import View
from shared.reading.run import RunView
from shared.settings import Settings, load_settings

T = TypeVar("T")

DISCONNECTED: Final = ":material/cloud_off:"
UNCHANGED_SECONDS: Final = 60.0  # aggregates whose positions stand still are read again after this
AS_OF: Final = "When the newest opinion became available. Windows end here, not at this computer's time."
WANTED: Final = "wanted_company"  # in the session: a company to open at the next run
WANTED_PAGE: Final = "wanted_page"  # in the session: the page to open at the next run
STATE_VARIABLE: Final = "BELLWETHER_STATE_DIR"


def settings() -> Settings:
    """Settings of this process; the supervisor names the state folder by an environment variable."""
    state = os.environ.get(STATE_VARIABLE)
    return load_settings(Path(state) if state else None)


@st.cache_resource(show_spinner=False)
def reader() -> Reader:
    return Reader(settings)


@cache
def refresh_seconds() -> float:
    return settings().dashboard.refresh_seconds


def read(key: Hashable, query: Callable[[RunView], T], max_age: float | None = None) -> T:
    """The answer to `query`, shared by all sessions for one refresh, or for `max_age` seconds. Raises Unreachable."""
    return reader().read(key, query, refresh_seconds() * 0.9 if max_age is None else max_age)


def read_aggregates(key: Hashable, query: Callable[[RunView], T]) -> T:
    """The answer to a `query` of aggregates alone: asked again only when some slot's position has moved."""
    version = read("positions", lambda run: tuple(sorted(run.positions().items())))
    return reader().read(key, query, UNCHANGED_SECONDS, version)


def write(change: Callable[[RunView], object]) -> bool:
    """Make a reader's own change; tells the reader when it could not be made, and whether it was."""
    try:
        reader().write(change)
    except Unreachable as problem:
        st.toast(f"Not saved: {problem}", icon=DISCONNECTED)
        return False
    return True


def page(draw: Callable[[View], None]) -> None:
    """Draw a page now and again every `refresh_seconds`."""

    @st.fragment(run_every=refresh_seconds())
    def again() -> None:
        banner = st.empty()  # always there, so that nothing below moves when it fills
        try:
            read_aggregates("newest", newest)
            if problem := reader().problem:
                banner.warning(f"{problem} Showing the data read last.", icon=DISCONNECTED)
            draw(view.current())
        except Unreachable as problem:
            banner.warning(str(problem), icon=DISCONNECTED)
            nothing("Waiting for data", "This page fills automatically once Redis answers.")

    again()


def as_of() -> None:
    """The newest opinion's time: the dashboard's "now", kept up to date."""

    @st.fragment(run_every=refresh_seconds())
    def again() -> None:
        chosen = view.current()
        with contextlib.suppress(Unreachable):
            latest = max(read_aggregates("newest", newest).values(), default=0)
            synthetic = any(document.synthetic for document in read_aggregates("newest documents", newest_documents))
            with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
                if latest:
                    at = formats.moment(latest, chosen.zone, seconds=True, year=True)
                    st.caption(f"as of **{at}** {chosen.zone_name}", width="content", help=AS_OF)
                _news()
                if synthetic:
                    st.badge("synthetic data", color="orange", help="Synthetic samples are among the data shown.")

    again()


def nothing(title: str, text: str) -> None:
    """The empty state of a page or of a part."""
    with st.container(border=True, horizontal_alignment="center", key=f"nothing-{title}"):
        st.markdown(f"##### {title}", text_alignment="center")
        st.caption(text, text_alignment="center")


def open_company(company: str, page_name: str = "Company") -> None:
    """Go to a company on its page (or on another that shows one), keeping window, channel and zone."""
    st.session_state[WANTED] = company
    open_page(page_name)


def open_page(name: str) -> None:
    """Go to a page."""
    st.session_state[WANTED_PAGE] = name
    st.rerun(scope="app")


def _news() -> None:
    """How many alerts this profile has not seen; a click opens them."""
    profile = view.current().profile
    given, seen, kept = read(("alert numbers", profile), lambda run: snapshots.alert_numbers(run, profile))
    count = min(max(given - seen, 0), kept)
    if count and st.button(
        f"{count:,} new", key="news", icon=":material/notifications:", type="tertiary", help="Alerts not seen yet."
    ):
        open_page("Alerts")


def company_options() -> list[str]:
    """Ids for the search box, by ticker: the catalogue's companies and whatever else has opinions."""
    try:
        known = set(read_aggregates("newest", newest))
    except Unreachable:
        known = set()
    return sorted(known | set(companies.listed()), key=lambda company: companies.label(company).ticker)
