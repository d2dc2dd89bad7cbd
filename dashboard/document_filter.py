"""The filter of a list of documents: words, event, source and sign, kept in the address."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboard import address
from dashboard.reading.matching import SIGNS, Wanted
from shared.event_classes.selection import in_order, picked


def draw(place: Any, events: set[str], sources: set[str]) -> Wanted:
    """A button in `place` (the row of a heading) that opens the controls; what is chosen in them."""
    wanted = _wanted()
    with (
        place,
        st.popover(
            f"Filter · {wanted.count}" if wanted.count else "Filter", icon=":material/filter_list:", type="tertiary"
        ),
    ):
        st.text_input("Words", key=address.held("text"), placeholder="all of these words", max_chars=200)
        _box("Event", "event", events, words=True)
        _box("Source", "source", sources)
        _box("Sign", "sign", set(SIGNS))
        st.button("Clear", key="clear_filter", on_click=_clear, disabled=not wanted.count)
    return wanted


def none_match(wanted: Wanted, count: int) -> tuple[str, str]:
    """Title and text of an empty list: `count` documents were there before the filter."""
    if not count:
        return "No documents", "None became available in this stretch of time and on this channel."
    return (
        "No matching documents",
        f"None of {count:,} documents match the filter ({wanted.count} set); clear it under Filter.",
    )


def _box(name: str, key: str, found: set[str], words: bool = False) -> None:
    every = address.DEFAULTS[key]
    chosen = address.value(key)
    found = found | ({chosen} - {every})
    # what was chosen stays, though nothing has it any more
    options = [every, *(in_order(found) if words else sorted(found))]
    st.selectbox(name, options, key=address.ready(key, options), format_func=picked if words else lambda each: each)


def _wanted() -> Wanted:
    chosen = {key: address.value(key) for key in ("text", "event", "source", "sign")}
    return Wanted(**{key: "" if each == address.DEFAULTS[key] else each for key, each in chosen.items()})


def _clear() -> None:
    address.choose(**dict.fromkeys(("text", "event", "source", "sign"), ""))
