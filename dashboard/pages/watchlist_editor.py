"""The watchlist editor of the page For you: opening it writes nothing, saving writes what was changed in it.

Only what differs from what the editor showed when it was opened is written, so what another tab or command follows
meanwhile stays followed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import streamlit as st

from dashboard import live
from dashboard.reading.companies import label, named
from dashboard.reading.recommendations import Profile
from shared.analyst.following import event_class
from shared.clock import SystemClock
from shared.contract.names import NAME
from shared.event_classes.classes import EVENT_GROUPS
from shared.event_classes.selection import picked
from shared.reading.readers.profiles import DEFAULT_LIST, FOLLOW_KINDS, Follow, FollowKind, ProfileError
from shared.universe.securities import Catalogue

_WORDS: dict[FollowKind, str] = {"company": "Companies", "sector": "Sectors", "event": "Events"}
_HINTS: dict[FollowKind, str] = {
    "company": "Name or ticker",
    "sector": "GICS sector",
    "event": "A class, or a group of them",
}
_OPEN = "watchlist_editor"
_EDITING = "watchlist editing"


@dataclass(slots=True)
class Editing:
    """One opening of the editor. `shown`: of each list that was looked at, what was followed then."""

    number: int
    shown: dict[str, frozenset[Follow]] = field(default_factory=dict)


def draw(profile: Profile, chosen: str) -> None:
    """The button that opens it and, while it is open, the form. `chosen`: the list to begin with, "" for any."""
    editor = st.popover(
        "Edit watchlist", icon=":material/edit:", width="content", key=_OPEN, on_change=_anew
    )  # its content is drawn while it is open: every opening begins with what is followed then
    if editor.open:
        with editor:
            _edit(profile, chosen)


def _anew() -> None:
    st.session_state[_EDITING] = Editing(_editing().number + 1)


def _editing() -> Editing:
    found = st.session_state.setdefault(_EDITING, Editing(0))
    assert isinstance(found, Editing)
    return found


def _edit(profile: Profile, chosen: str) -> None:
    editing = _editing()
    lists = [*dict.fromkeys([chosen or DEFAULT_LIST, *profile.lists, DEFAULT_LIST])]
    name = st.selectbox(
        "List",
        lists,
        key=f"edited-{profile.name}-{editing.number}",
        accept_new_options=True,
        help="Type a new name to create a list.",
    )
    if not NAME.fullmatch(name or ""):
        st.caption("A list's name has letters, digits, - and _.")
        return
    held = editing.shown.setdefault(name, frozenset(f for f in profile.follows if f.list == name))
    keys = {kind: f"follow-{profile.name}-{editing.number}-{name}-{kind}" for kind in FOLLOW_KINDS}
    with st.form(f"watchlist-{editing.number}-{name}", border=False):
        for kind in FOLLOW_KINDS:
            _box(kind, keys[kind], sorted(f.value for f in held if f.kind == kind))
        st.form_submit_button("Save", type="primary", on_click=_save, args=(profile.name, name, held, keys))


def _box(kind: FollowKind, key: str, held: list[str]) -> None:
    offered = f"{key} offered"  # stays as it was when the editor was opened, or the form would be drawn anew
    if offered not in st.session_state:
        known = _options(kind)
        st.session_state[offered] = [*known, *(value for value in held if value not in set(known))]
    st.multiselect(
        _WORDS[kind],
        st.session_state[offered],
        default=held,  # not by the session's state: that is sent once, and was lost on a box still to be painted
        key=key,
        format_func=lambda each: label(each).long if kind == "company" else picked(each),
        accept_new_options=kind != "sector",  # a company of the catalogue that nobody wrote of yet
        placeholder=_HINTS[kind],
    )


def _options(kind: FollowKind) -> list[str]:
    if kind == "company":
        return live.written_of()
    if kind == "sector":
        return list(Catalogue.load().sectors)
    return [name for group, names in EVENT_GROUPS.items() for name in (group, *names)]


def _follow(name: str, kind: FollowKind, written: str, held: frozenset[Follow]) -> Follow:
    """What is followed, from what was picked or typed; what was followed before stays as it is. Raises ProfileError."""
    if (kept := Follow(name, kind, written)) in held:
        return kept
    if kind == "event":
        return Follow(name, kind, event_class(written))
    if kind == "company" and not live.is_known(written):
        found = named(written, live.written_of())
        if found is None:
            raise ProfileError(f"no company is called {written[:80]!r}; give its name or ticker")
        return Follow(name, kind, found)
    return kept


def _save(profile: str, name: str, held: frozenset[Follow], keys: Mapping[FollowKind, str]) -> None:
    try:
        wanted = {_follow(name, kind, value, held) for kind, key in keys.items() for value in st.session_state[key]}
    except ProfileError as error:
        st.toast(f"Nothing was saved: {error}", icon=":material/error:")
        return
    added, removed = sorted(wanted - held), sorted(held - wanted)
    now = SystemClock().now()
    for follow in added:
        if not live.write(
            lambda run, f=follow: run.profiles.add(profile, f, now),  # type: ignore[misc]
            "follow",
            profile,
            follow.field,
        ):
            return
    for follow in removed:
        if not live.write(
            lambda run, f=follow: run.profiles.remove(profile, f),  # type: ignore[misc]
            "unfollow",
            profile,
            follow.field,
        ):
            return
    st.toast(f"Saved: {len(added)} added, {len(removed)} removed.", icon=":material/check:")
    _anew()
