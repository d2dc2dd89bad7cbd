"""Every page as of a moment: the control that chooses one, the bar that says that this is the past, the way back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from typing import Final, TypeVar

import streamlit as st

from dashboard import address, live
from dashboard.drawing import formats
from dashboard.reading.moment.past import NotThen
from dashboard.view import View
from shared.clock import HOUR, SECOND, to_datetime, to_iso, to_micros

T = TypeVar("T")

MEANING: Final = "What Bellwether said at a moment of the past, on every page: not what is known of that moment today."
BACK: Final = "Back to live"


def choose(view: View) -> None:
    """The control that asks for a moment, or for now."""
    text, at = address.value("as_of"), view.as_of
    shown = to_datetime(at if at is not None else live.now() // HOUR * HOUR).astimezone(view.zone)
    day_key, time_key = f"as_of_day {text}", f"as_of_time {text}"

    def show() -> None:
        day, hour = st.session_state.get(day_key), st.session_state.get(time_key)
        if day is not None and hour is not None:
            chosen = datetime.combine(day, hour, tzinfo=view.zone)
            address.choose(as_of=to_iso(to_micros(chosen)), hour="")

    said = formats.moment(at, view.zone, year=True) if at is not None else "a moment" if text else "now"
    with st.popover(f"As of: {said}", icon=":material/history:", width="content", help=MEANING):
        with st.form("as_of_form", border=False):
            st.date_input(f"Day, {view.zone_name}", value=shown.date(), key=day_key, format="YYYY-MM-DD")
            st.time_input(f"Time, {view.zone_name}", value=time(shown.hour, shown.minute), key=time_key, step=60)
            st.form_submit_button("Show what was said then", on_click=show, type="primary")
        if text:
            st.button("Now", key="as_of_now", on_click=_back, type="tertiary", help="Leave the past.")


def shows(page: str, view: View) -> bool:
    """Draw the bar where a page is asked for as of a moment; whether there is anything to show below it."""
    if not address.value("as_of"):
        return True
    at = view.as_of
    with st.container(horizontal=True, vertical_alignment="center", key="as_of_bar"):
        st.warning(_words(at, page, view), icon=":material/history:")
        st.button(BACK, key="now", type="primary", on_click=_back)
    if at is None:
        live.nothing("No such moment", "The address names a moment that cannot be read; 2026-03-01T14:30:00Z is one.")
        return False
    if at > live.now():
        live.nothing("Still to come", "Choose a moment that has passed.")
        return False
    if page not in address.THEN:
        live.nothing(
            f"{page} shows now alone",
            f"{', '.join(address.THEN)} can show a moment of the past; this page cannot, and shows nothing of now "
            "under a past date.",
        )
        return False
    known = _KNOWN.get(page)
    return known is None or known(view)


def company_known(view: View) -> bool:
    """Whether what was said of the page's company is known; says why where it is not."""
    if view.as_of is None:
        return True
    at = view.as_of
    silent = _asked(lambda: live.past_company(view.company, at).silent)
    if silent is None:
        return False
    if live.alerts_then(at) is None:
        st.caption("Alerts of then are not known any more.")
    if silent:
        st.caption(formats.plain(f"Signals of then are not known: {silent}."))
    return True


def _market_known(view: View) -> bool:
    assert view.as_of is not None
    at = view.as_of
    since = _asked(lambda: live.past_market(at).since)
    if since is None:
        return False
    if view.window.end is not None and view.window.end - 2 * view.window.seconds < since:
        day = formats.moment(since * SECOND, view.zone, year=True)
        live.nothing(
            "Too far back for the whole market",
            f"As of a moment its counts are told from two months before it on, here from {day} {view.zone_name}, and a "
            "range is compared with as long a stretch before it. Choose a later range, an earlier moment, or one "
            "company.",
        )
        return False
    return True


def _alerts_known(view: View) -> bool:
    assert view.as_of is not None
    if live.alerts_then(view.as_of) is None:
        live.nothing(
            "Alerts of then are not known any more",
            "The latest 1,000 alerts are kept, with the time at which each was given out; those of then made room, or "
            "a former version gave them out.",
        )
        return False
    return True


_KNOWN: Final[dict[str, Callable[[View], bool]]] = {
    "Market": _market_known,
    "Sectors": _market_known,
    "Compare": _market_known,
    "Signals": _market_known,
    "Alerts": _alerts_known,
}  # the Company page asks itself, once it knows that there is such a company; stories and answers name what they lack


def _asked(question: Callable[[], T]) -> T | None:
    """None, and the reason on the page, where what was said then is not known."""
    try:
        with st.spinner("Finding out what was said then …"):
            return question()
    except NotThen as problem:
        live.nothing("What was said then is not known", formats.plain(str(problem)))
        return None


def _back() -> None:
    address.choose(as_of="", hour="")


def _words(at: int | None, page: str, view: View) -> str:
    if at is None:
        return "**As of a moment of the past**"
    moment = formats.moment(at, view.zone, seconds=True, year=True)
    named = f"**As of {moment} {view.zone_name}**"
    if page not in address.THEN:
        return named
    return f"{named}: what Bellwether said then. Texts that were deleted since stay hidden; nothing is from later."
