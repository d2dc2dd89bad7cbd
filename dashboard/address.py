"""The address of a view: what a reader has chosen, in the page's URL, so that it can be shared and Back restores it.

The session holds the truth. The URL is read when a tab opens and when its reader goes back or forward, never otherwise:
a message that was under way with an older URL would undo a choice. It is written once a run, at its beginning, when
callbacks and widgets have told what they have to tell, so that one choice is one entry of the browser's history.
Streamlit's own binding of widgets replaces the entry, and Back left the dashboard.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

T = TypeVar("T", bound=str)

# What the URL can hold, with the value that is left out of it
DEFAULTS: Final[dict[str, str]] = {
    "page": "Market",
    "company": "",
    "window": "24h",
    "channel": "all",
    "tz": "UTC",
    "from": "",
    "to": "",
    "profile": "",
    "resolution": "hour",
    "hour": "",  # start of the bucket whose documents are listed
    "rank": "Strength",
    "strategy": "",
    "of": "All companies",
    "only": "All",
    "rule": "All rules",
    "list": "All lists",
    "text": "",
    "event": "Every event",
    "source": "Every source",
    "sign": "Any sign",
}
_ADOPTED: Final = "address adopted"
OF_A_LIST: Final = ("text", "event", "source", "sign", "hour")  # are about what is listed now: another subject, none
# What only one page asks for. On another it is no part of the address: its widget may still report it for a run after
# the page was left, and the address would be written twice, so that Back led to the same page.
ONLY_ON: Final[dict[str, str]] = {
    "resolution": "Company",
    "hour": "Company",
    "rank": "Market",
    "strategy": "Signals",
    "of": "Signals",
    "only": "Alerts",
    "rule": "Alerts",
    "list": "For you",
}
OF_A_PAGE: Final = (*OF_A_LIST, *(key for key in ONLY_ON if key not in OF_A_LIST))


def adopt() -> None:
    """Take over the URL in a run that was caused by opening the tab, or by Back and Forward."""
    context = get_script_run_ctx()
    if _ADOPTED in st.session_state and not (context is not None and context.is_history_navigation):
        return
    st.session_state[_ADOPTED] = True
    for key, default in DEFAULTS.items():
        st.session_state[key] = st.query_params.get(key, default)[:200]


def write() -> None:
    """Put the choices into the URL, beside what is not ours."""
    page = value("page")
    ours = (key for key in DEFAULTS if ONLY_ON.get(key, page) == page)
    chosen = {key: value(key) for key in ours if value(key) not in ("", DEFAULTS[key])}
    kept = {key: st.query_params.get_all(key) for key in st.query_params if key not in DEFAULTS}
    wanted: dict[str, str | list[str]] = {**kept, **chosen}
    if {key: st.query_params[key] for key in st.query_params if key in DEFAULTS} != chosen:
        st.query_params.from_dict(wanted)


def value(key: str) -> str:
    """What is chosen for a key of `DEFAULTS`."""
    return str(st.session_state.get(key) or DEFAULTS[key])


def one_of(key: str, options: Sequence[T]) -> T:
    """What is chosen of these options; the default, or the first, where it is none of them."""
    chosen = value(key)
    fallback = DEFAULTS[key] if DEFAULTS[key] in options else options[0]
    return next(option for option in options if option == (chosen if chosen in options else fallback))


def choose(**chosen: str) -> None:
    """Set choices from a callback. Another page or company leaves filters of the former one behind."""
    if chosen.get("page", value("page")) != value("page"):
        chosen = dict.fromkeys(OF_A_PAGE, "") | chosen
    elif chosen.get("company", value("company")) != value("company"):
        chosen = dict.fromkeys(OF_A_LIST, "") | chosen
    for key, each in chosen.items():
        st.session_state[key] = each or DEFAULTS[key]


def ready(key: str, options: Sequence[T]) -> str:
    """`key`, for a widget that offers these options and holds the choice itself; call it just before the widget."""
    wanted = one_of(key, options)
    if st.session_state.get(key) != wanted:
        st.session_state[key] = wanted
    return key


def held(key: str) -> str:
    """`key`, for a widget of free text that holds the choice itself; call it just before the widget."""
    if key not in st.session_state:
        st.session_state[key] = DEFAULTS[key]
    return key
