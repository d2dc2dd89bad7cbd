"""The address of a view: what a reader has chosen, in the page's URL, so that it can be shared and Back restores it.

The session holds the truth. The URL is read when a tab opens and when its reader goes back or forward, never otherwise:
a message that was under way with an older URL would undo a choice. It is written once a run, at its beginning, when
callbacks and widgets have told what they have to tell, so that one choice is one entry of the browser's history.
Streamlit's own binding of widgets replaces the entry, and Back left the dashboard.

A choice is not the state of the widget that offers it: Streamlit forgets that state after a run in which the widget
was not drawn, and a message that was under way when a choice was made elsewhere brings the former one back. So what a
widget reports is collected once a run, and where a choice is made elsewhere (Clear, Back), it becomes another widget.
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
    "document": "",
    "subjects": "",  # ids of companies and sector:NAME, commas between
    "sector": "",
    "why": "",  # the stretch that is asked about: "window", or START-END in seconds
    "hour": "",  # start of the bucket whose documents are listed
    "as_of": "",  # a moment: the page as it was then
    "rank": "Strength",
    "strategy": "",
    "of": "All companies",
    "only": "All",
    "rule": "All rules",
    "list": "All lists",
    "story": "",  # key of the one that is shown
    "about": "",  # the company whose stories are listed
    "told": "Most told",
    "text": "",
    "event": "Every event",
    "source": "Every source",
    "sign": "Any sign",
    "questions": "All questions",
}
# pages that show a moment of the past; the others say that they cannot
THEN: Final = ("Market", "Company", "Stories", "Sectors", "Compare", "Signals", "Alerts", "Ask")
_ADOPTED: Final = "address adopted"
# are about what is listed now: another subject, none
OF_A_LIST: Final = ("text", "event", "source", "sign", "hour", "why")
# What only one page asks for. On another it is no part of the address: its widget may still report it for a run after
# the page was left, and the address would be written twice, so that Back led to the same page.
ONLY_ON: Final[dict[str, tuple[str, ...]]] = {
    "resolution": ("Company", "Compare"),
    "hour": ("Company",),
    "why": ("Company",),
    "document": ("Document",),
    "subjects": ("Compare",),
    "sector": ("Sectors",),
    "rank": ("Market",),
    "strategy": ("Signals",),
    "of": ("Signals",),
    "only": ("Alerts",),
    "rule": ("Alerts",),
    "list": ("For you",),
    "story": ("Stories",),
    "about": ("Stories",),
    "told": ("Stories",),
    "questions": ("Review",),
}
OF_A_PAGE: Final = (*OF_A_LIST, *(key for key in ONLY_ON if key not in OF_A_LIST))


def adopt() -> None:
    """Take over the URL in a run that was caused by opening the tab, or by Back and Forward."""
    context = get_script_run_ctx()
    if _ADOPTED in st.session_state and not (context is not None and context.is_history_navigation):
        return
    st.session_state[_ADOPTED] = True
    for key, default in DEFAULTS.items():
        _set(key, st.query_params.get(key, default)[:200])


def write() -> None:
    """Take over what widgets report, and put the choices into the URL, beside what is not ours."""
    for key in DEFAULTS:
        reported = st.session_state.get(_widget(key))
        if isinstance(reported, str):
            st.session_state[key] = reported[:200]
    page = value("page")
    ours = (key for key in DEFAULTS if page in ONLY_ON.get(key, (page,)))
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
    """Set choices from a callback. Another page or company leaves filters of the former one behind; the moment stays,
    and every page shows it, or says that it cannot."""
    if chosen.get("page", value("page")) != value("page"):
        chosen = dict.fromkeys(OF_A_PAGE, "") | chosen
    elif chosen.get("company", value("company")) != value("company"):
        chosen = dict.fromkeys(OF_A_LIST, "") | chosen
    for key, each in chosen.items():
        _set(key, each or DEFAULTS[key])


def ready(key: str, options: Sequence[T]) -> str:
    """The widget's own key, for a choice among these options; call it just before the widget."""
    widget = _widget(key)
    if st.session_state.get(widget) not in options:
        st.session_state[widget] = one_of(key, options)
    return widget


def held(key: str) -> str:
    """The widget's own key, for a choice that is free text; call it just before the widget."""
    widget = _widget(key)
    if widget not in st.session_state:
        st.session_state[widget] = value(key)
    return widget


def _widget(key: str) -> str:
    return f"{key} {st.session_state.get(f'{key} widgets', 0)}"


def _set(key: str, chosen: str) -> None:
    """Also where it was chosen before: what the widget is about to report was pressed earlier."""
    st.session_state[key] = chosen
    st.session_state[f"{key} widgets"] = st.session_state.get(f"{key} widgets", 0) + 1
