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

from dashboard import address, live, moment, toolbar, view
from dashboard.pages import (
    alerts,
    ask,
    audit,
    backtest,
    company,
    compare,
    document,
    foryou,
    health,
    market,
    review,
    sectors,
    signals,
    stories,
)
from dashboard.view import View
from dashboard.who import who

# A page is a file in dashboard/pages with a function that draws it, one line here, and one in toolbar.ACTS.
PAGES: Final[dict[str, Callable[[View], None]]] = {
    "Market": market.draw,
    "Company": company.draw,
    "Stories": stories.draw,
    "Sectors": sectors.draw,
    "Compare": compare.draw,
    "Document": document.draw,  # opened by a headline; not offered
    "Signals": signals.draw,
    "For you": foryou.draw,
    "Alerts": alerts.draw,
    "Ask": ask.draw,
    "Review": review.draw,
    "Back-test": backtest.draw,
    "Health": health.draw,
    "Audit": audit.draw,  # for admins where people log in
}
HERE: Final = Path(__file__).parent


def main() -> None:
    address.adopt()
    st.session_state.setdefault("profile_default", live.settings().profile)
    st.set_page_config(page_title=_title(), page_icon=_icon(), layout="wide")
    st.html(HERE / "frame.html")
    # Streamlit would list the files of pages/ beside our own navigation, which keeps its state in the URL.
    st.navigation([st.Page(frame, title="Bellwether")], position="hidden").run()


def frame() -> None:
    live.screen(lambda: toolbar.draw(pages()), page)


def pages() -> list[str]:
    """Those that this reader sees."""
    return [name for name in PAGES if name != "Audit" or who().sees_audit]


def page() -> None:
    """The chosen page. What stood there for another page or company is taken away first."""
    chosen = view.current()
    name = address.one_of("page", pages())
    st.set_page_config(page_title=_title())
    with live.part("page", (name, _subject(name, chosen), address.value("as_of"))):
        if moment.shows(name, chosen):
            PAGES[name](chosen)


def _subject(name: str, chosen: View) -> str:
    """What a page is about."""
    return {"Company": chosen.company, "Document": address.value("document"), "Sectors": address.value("sector")}.get(
        name, ""
    )


def _title() -> str:
    """Of the browser's tab: the page, what it is about, and the run."""
    return toolbar.title(address.one_of("page", pages()), address.value("company"), live.settings().run)


@cache
def _icon() -> str:
    """As part of the page: an icon that Streamlit serves is not there in the moment between two reruns."""
    return "data:image/png;base64," + b64encode((HERE / "icon.png").read_bytes()).decode()


main()
