"""The toolbar above every page: pages, search, the choices that act on this page, and the run with its health."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any, Final

import streamlit as st

from dashboard import address, components, live, moment, view
from dashboard.drawing import formats
from dashboard.reading import companies, snapshots
from dashboard.reading.reader import Unreachable
from dashboard.reading.snapshots import newest, newest_documents
from dashboard.who import who
from shared.reading.measuring.windows import WINDOWS, clock

# What acts on which page; nothing else is shown there.
ACTS: Final[dict[str, tuple[str, ...]]] = {
    "Market": ("window", "range", "channel", "tz"),
    "Company": ("window", "range", "channel", "tz"),
    "Stories": ("window", "range", "tz"),
    "Sectors": ("window", "range", "channel", "tz"),
    "Compare": ("window", "range", "channel", "tz"),
    "Document": ("tz",),
    "Signals": ("range", "tz"),
    "For you": ("range", "channel", "tz"),
    "Alerts": ("range", "tz"),
    "Ask": (),
    "Review": ("tz",),
    "Back-test": ("tz",),
    "Health": (),
    "Audit": ("tz",),
}
CHOICES: Final[dict[str, tuple[str, Sequence[str], str]]] = {
    "window": ("Window", list(WINDOWS), "The market time shown; changes are against the same span before it."),
    "channel": ("Channel", list(view.CHANNEL_CHOICES), "News, social posts, or both."),
    "tz": ("Times", list(view.ZONE_CHOICES), "UTC, the exchange's time (New York), or the browser's."),
}
OPENED: Final = ("Document",)  # from elsewhere: without a subject there is nothing on it
AS_OF: Final = "When the newest opinion became available. Windows end here, not at this computer's time."
RUN: Final = "The run that every page shows. `bellwether up --run NAME` shows another."
SEARCH: Final = "search"
LOGGED_IN: Final = "Who you are, as your log-in says. To log out, open"
NO_CHOICE: Final = formats.NOTHING  # in place of a window while a range is shown


def draw(pages: Sequence[str]) -> None:
    """Everything wraps where it is narrow."""
    name = address.one_of("page", pages)
    offered = [each for each in pages if each == name or each not in OPENED]
    with st.container(key="toolbar", gap=None):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown("**Bellwether**", width="content")
            components.bar(
                [_group("page", "Page", offered, name, "The pages of this dashboard.")], [], "pages", _picked
            )
            _search_box()
            chosen = view.current()
            if "range" in ACTS[name] and view.takes_range(name, chosen.as_of):
                _range_box(live_end="window" not in ACTS[name])
            moment.choose(chosen)
        components.bar([_choice(key) for key in ACTS[name] if key != "range"], _facts(), "choices", _picked)


def title(page: str, company: str, run: str) -> str:
    """Of the browser's tab."""
    about = f"{companies.label(company).ticker} · " if company and page in ("Company", "Signals") else ""
    return f"{about}{page} · run {run} · Bellwether"


def _picked(chosen: dict[str, str]) -> None:
    for key, option in chosen.items():
        if key == "window" and option in WINDOWS:
            address.choose(**{"window": option, "from": "", "to": ""})
        elif key in CHOICES and option in CHOICES[key][1]:
            address.choose(**{key: option})
        elif key == "page" and option in ACTS:
            address.choose(page=option)


def _choice(key: str) -> dict[str, Any]:
    name, options, meaning = CHOICES[key]
    chosen = NO_CHOICE if key == "window" and view.picked_days() else address.one_of(key, list(options))
    return _group(key, name, options, chosen, meaning)


def _group(key: str, name: str, options: Sequence[str], chosen: str, meaning: str) -> dict[str, Any]:
    return {"key": key, "name": name, "options": list(options), "chosen": chosen, "meaning": meaning}


# -- search
def _search_box() -> None:
    """Empty again once it has found something."""
    options = live.written_of()

    def found() -> None:
        wanted = str(st.session_state.get(SEARCH) or "").strip()
        st.session_state[SEARCH] = None
        if wanted:
            live.open_company(companies.named(wanted, options) or wanted)

    st.selectbox(
        "Company",
        options,
        index=None,
        key=SEARCH,
        placeholder="Search a company or ticker",
        format_func=companies.searched,
        accept_new_options=True,  # what is unknown opens a page that says so
        on_change=found,
        label_visibility="collapsed",
        width=250,
    )


# -- range
def _range_box(live_end: bool) -> None:
    """Days instead of a window that ends with the newest opinion. `live_end`: this page has no windows."""
    days = view.picked_days()
    chosen = view.current()
    text = chosen.window.label if days else "Range"
    key = f"days-{address.value('from')}-{address.value('to')}"

    def show() -> None:
        picked = st.session_state.get(key)
        some = list(picked) if isinstance(picked, tuple | list) else [picked] if picked else []
        if some:
            address.choose(**{"from": some[0].isoformat(), "to": some[-1].isoformat()})

    def newest_again() -> None:
        address.choose(**{"from": "", "to": ""})

    with st.popover(text, icon=":material/date_range:", width="content", help="Show a stretch of days instead."):
        with st.form("range form", border=False):
            st.date_input(
                f"First and last day, {chosen.zone_name}",
                value=list(days or ()),
                key=key,
                format="YYYY-MM-DD",
                min_value="1900-01-01",
                max_value="2199-12-31",
            )
            st.form_submit_button("Show these days", on_click=show, type="primary")
        if days:
            st.button("Back to the newest", key="newest_again", on_click=newest_again, type="tertiary")
    if days and live_end:
        st.button("Newest", key="newest_too", on_click=newest_again, type="tertiary", help="Leave the range.")


# -- what is shown, and how it is
def _facts() -> list[dict[str, str]]:
    found = [_fact("run", f"run {live.settings().run}", RUN)]
    user = who()
    if user.name:
        found.append(_fact("user", f"{user.name}, {user.role}", f"{LOGGED_IN} {_log_out()}"))
    state = live.well()
    reason = f"now: {state.reason}" if address.value("as_of") else state.reason
    found.append(_fact(state.level, reason, "The page Health has the details.", "Health"))
    with contextlib.suppress(Unreachable):
        found += _data_facts()
    return found


def _data_facts() -> list[dict[str, str]]:
    chosen = view.current()
    found = []
    latest = clock(live.read_aggregates("newest", newest).values(), live.now())
    past = bool(address.value("as_of"))  # then the bar below says of when the page is
    if latest and not past:
        at = formats.moment(latest, chosen.zone, seconds=True, year=True)
        found.append(_fact("as-of", f"as of {at} {chosen.zone_name}", AS_OF))
    given, seen, kept = live.read(
        ("alert numbers", chosen.profile), lambda run: snapshots.alert_numbers(run, chosen.profile)
    )
    if (count := min(max(given - seen, 0), kept)) and not past:
        found.append(_fact("news", f"{count:,} new", "Alerts not seen yet.", "Alerts"))
    documents = live.read_aggregates("newest documents", lambda run: newest_documents(run, live.now()))
    if any(document.synthetic for document in documents):
        found.append(_fact("synthetic", "synthetic data", "Synthetic samples are among the data shown."))
    return found


def _log_out() -> str:
    return f"{live.settings().dashboard.url.rstrip('/')}/_door/logout"


def _fact(kind: str, text: str, meaning: str, opens: str = "") -> dict[str, str]:
    return {"kind": kind, "text": text, "meaning": meaning, "opens": opens}
