"""The Company page as of a moment: choosing one, saying plainly that this is the past, and the way back to now."""

from __future__ import annotations

from datetime import datetime, time

import streamlit as st

from dashboard import address, live
from dashboard.drawing import formats
from dashboard.reading.moment.past import NotThen
from dashboard.view import View
from shared.clock import to_datetime, to_iso, to_micros


def choose(view: View) -> None:
    """The control that asks for a moment."""
    shown = to_datetime(view.as_of if view.as_of is not None else live.now()).astimezone(view.zone)

    def show() -> None:
        day, hour = st.session_state.get("as_of_day"), st.session_state.get("as_of_time")
        if day is not None and hour is not None:
            moment = datetime.combine(day, hour, tzinfo=view.zone)
            address.choose(as_of=to_iso(to_micros(moment)), hour="")

    meaning = "What Bellwether said of this company at a moment of the past: not what is known of that moment today."
    with (
        st.popover("As of", icon=":material/history:", type="tertiary", width="content", help=meaning),
        st.form("as_of_form", border=False),
    ):
        st.date_input(f"Day, {view.zone_name}", value=shown.date(), key="as_of_day", format="YYYY-MM-DD")
        st.time_input(f"Time, {view.zone_name}", value=time(shown.hour, shown.minute), key="as_of_time", step=60)
        st.form_submit_button("Show what was said then", on_click=show, type="primary")


def mark(view: View) -> bool:
    """The bar above a page that shows the past; whether there is anything to show below it."""
    if not address.value("as_of"):
        return True
    with st.container(horizontal=True, vertical_alignment="center", key="as_of_bar"):
        st.warning(_words(view), icon=":material/history:")
        st.button("Back to now", key="now", type="primary", on_click=lambda: address.choose(as_of="", hour=""))
    if view.as_of is None:
        live.nothing("No such moment", "The address names a moment that cannot be read; 2026-03-01T14:30:00Z is one.")
        return False
    if view.as_of > live.now():
        live.nothing("Still to come", "Choose a moment that has passed.")
        return False
    try:
        with st.spinner("Finding out what was said then …"):
            silent = live.past_company(view.company, view.as_of).silent
    except NotThen as problem:
        live.nothing("What was said then is not known", formats.plain(str(problem)))
        return False
    if live.alerts_then(view.as_of) is None:
        st.caption("Alerts of then are not known any more.")
    if silent:
        st.caption(formats.plain(f"Signals of then are not known: {silent}."))
    return True


def now_alone(page: str) -> None:
    """In place of a page that cannot show the past: what it knows now is not shown as if it had been known then."""
    live.nothing(
        f"{page} shows now alone",
        f"The address asks for a moment of the past. {', '.join(address.THEN)} can show one; this page cannot.",
    )
    st.button("Back to now", key="now_alone", type="primary", on_click=lambda: address.choose(as_of=""))


def _words(view: View) -> str:
    if view.as_of is None:
        return "**As of a moment of the past**"
    moment = formats.moment(view.as_of, view.zone, seconds=True, year=True)
    return (
        f"**As of {moment} {view.zone_name}**: what Bellwether said then. Nothing below is from later, but for "
        "texts deleted since, which stay hidden."
    )
