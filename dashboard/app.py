"""The dashboard: `streamlit run dashboard/app.py`. Pages in their order, and the toolbar that stands above all of them.

Which state folder (and so which Redis) is read, the environment variable BELLWETHER_STATE_DIR says.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

import streamlit as st

from dashboard import live, view
from dashboard.pages import alerts, backtest, company, foryou, health, market, signals
from dashboard.reading import companies
from dashboard.reading.windows import WINDOWS
from dashboard.view import View

# A page is a file in dashboard/pages with a function that draws it, and one line here.
PAGES: Final[dict[str, Callable[[View], None]]] = {
    "Market": market.draw,
    "Company": company.draw,
    "Signals": signals.draw,
    "For you": foryou.draw,
    "Alerts": alerts.draw,
    "Back-test": backtest.draw,
    "Health": health.draw,
}
HERE: Final = Path(__file__).parent


def main() -> None:
    st.set_page_config(page_title="Bellwether", page_icon=_icon(), layout="wide")
    st.html(HERE / "frame.html")
    # Streamlit would list the files of pages/ beside our own navigation, which keeps its state in the URL.
    st.navigation([st.Page(frame, title="Bellwether")], position="hidden").run()


@cache
def _icon() -> str:
    """As part of the page: an icon that Streamlit serves is not there in the moment between two reruns."""
    return "data:image/png;base64," + b64encode((HERE / "icon.png").read_bytes()).decode()


def frame() -> None:
    """The toolbar, and the chosen page below it."""
    _open_wanted()
    toolbar()
    _follow_search()
    live.page(PAGES[st.session_state.get("page") or "Market"])


def toolbar() -> None:
    """Pages, search box, window, channel and time zone. Their values live in the URL; they wrap where it is narrow."""
    with st.container(key="toolbar", horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("**Bellwether**", width="content")
        _choice("Page", list(PAGES), "page", "The pages of this dashboard.")
        _search_box()
        with st.container(horizontal=True, gap="small", width="content"):
            _choice(
                "Window", list(WINDOWS), "window", "The market time shown; changes are against the same span before it."
            )
            _choice("Channel", list(view.CHANNEL_CHOICES), "channel", "News, social posts, or both.")
            _choice("Times", list(view.ZONE_CHOICES), "tz", "UTC, the exchange's time (New York), or the browser's.")
        live.as_of()


def _choice(name: str, options: list[str], key: str, text: str) -> None:
    default = view.DEFAULTS[key]
    st.segmented_control(
        name,
        options,
        default=default if key not in st.session_state else None,
        key=key,
        bind="query-params",
        required=True,
        help=text,
        label_visibility="collapsed",
        width="content",
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
        format_func=lambda each: companies.label(each).searched,
        label_visibility="collapsed",
        width=250,
    )
    _company_into_url(st.session_state.get("company") or "")


def _company_into_url(chosen: str) -> None:
    st.session_state["company_in_url"] = chosen
    if chosen and st.query_params.get("company") != chosen:
        st.query_params["company"] = chosen
    elif not chosen:
        st.query_params.pop("company", None)


def _open_wanted() -> None:
    """Go to a page or company that was clicked or searched: a widget's value can only be set before it is drawn."""
    state = st.session_state
    state.setdefault("profile_default", live.settings().profile)
    page = state.get(live.WANTED_PAGE)
    if wanted := state.get(live.WANTED):
        state["company"] = state["company_in_url"] = state["company_opened"] = wanted
        st.query_params["company"] = wanted
    if wanted or page:
        state["page"] = page or "Company"


def _follow_search() -> None:
    """Open the page of a company newly chosen in the search box.

    Not by a callback of the box: that may run with a fragment's refresh, and what it sets for other widgets is then
    overwritten by what the browser still holds. Here the wish stays until the toolbar has been drawn with it.
    """
    state = st.session_state
    chosen = state.get("company") or ""
    state.pop(live.WANTED, None)
    state.pop(live.WANTED_PAGE, None)
    if "company_opened" not in state or not chosen or state.get("page") == "Company":
        state["company_opened"] = chosen  # at first the URL decides the page
    elif chosen != state["company_opened"]:
        state[live.WANTED] = chosen
        st.rerun()


main()
