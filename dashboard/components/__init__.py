"""What Streamlit has no widget for, each a script and a style sheet beside this file; nothing here reads data.

Text from outside reaches them as data only and is shown through `textContent`; both report the company clicked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.drawing import formats
from dashboard.drawing.figures import Figure, cards
from dashboard.drawing.palette import SATURATION, Palette

_HERE = Path(__file__).parent
_BUTTON = """<button type="button"><svg viewBox="0 0 24 24">
<path d="M12 16l-5-5 1.4-1.4 2.6 2.6V4h2v8.2l2.6-2.6L17 11zM4 20v-5h2v3h12v-3h2v5z"/></svg><span></span></button>"""


@cache
def _component(name: str, html: str) -> Any:
    return st.components.v2.component(
        f"bellwether_{name}",
        html=html,
        css=(_HERE / f"{name}.css").read_text(),
        js=(_HERE / f"{name}.js").read_text(),
    )


def strip(figures: Sequence[Figure], colours: Palette, key: str) -> None:
    """The cards of `dashboard.drawing.figures`, side by side."""
    style = f"--better:{colours.positive};--worse:{colours.negative}"
    draw = _component("figures", '<div class="strip"></div>')
    draw(data={"figures": cards(figures), "style": style}, key=key)


def treemap(sectors: list[dict[str, Any]], colours: Palette, key: str) -> tuple[str, bool]:
    """Draws the sectors of `dashboard.drawing.plots.sector_map`.

    Gives the id of a company just clicked, else "", and whether the browser has ever painted it.
    """
    html = '<div class="legend"></div><div class="map"><div class="tip" hidden></div></div>'
    legend = [f"\u2212{SATURATION}", f"+{SATURATION}", colours.negative, colours.neutral, colours.positive]
    draw = _component("treemap", html)
    data = {"sectors": sectors, "legend": legend}
    result = draw(data=data, key=key, on_company_change=lambda: None, on_seen_change=lambda: None)
    return str(result.company or ""), bool(result.seen)


def documents(
    items: list[dict[str, Any]], colours: tuple[str, str, str], height: int, key: str, chips: bool = True
) -> str:
    """A scrolling list of `dashboard.drawing.plots.document_items`; the id of a company just clicked, else "".

    `chips` shows the company of each, to be clicked.
    """
    draw = _component("documents", '<div class="list" tabindex="0"></div>')
    data = {"items": items, "colours": list(colours), "height": height, "chips": chips}
    return str(draw(data=data, key=key, on_company_change=lambda: None).company or "")


def recommended(
    items: list[dict[str, Any]],
    colours: tuple[str, str, str],
    height: int,
    key: str,
    rate: Callable[[str, int], None],
) -> str:
    """The list of `documents` with thumbs on every item; the id of a company just clicked, else "".

    `rate` is called with an item's `key` and the thumb that is wanted from now on (0 takes it back); as a callback, so
    that a press is not lost to a refresh that overtakes it.
    """

    def rated() -> None:
        pressed = st.session_state[key].get("rated") or {}
        if pressed.get("key"):
            rate(str(pressed["key"]), int(pressed.get("value") or 0))

    draw = _component("documents", '<div class="list" tabindex="0"></div>')
    data = {"items": items, "colours": list(colours), "height": height, "chips": True, "rate": True}
    return str(draw(data=data, key=key, on_company_change=lambda: None, on_rated_change=rated).company or "")


def heading(title: str, meaning: str | None = None) -> Any:
    """A part's title, in a row to which the caller may add controls and a CSV button."""
    row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
    row.markdown(f"**{title}**", help=meaning, width="content")
    return row


def csv_button(place: Any, name: str, table: Callable[[], pd.DataFrame]) -> None:
    """A download of `table` as NAME.csv, made when it is clicked. `place` is the row of `heading`."""
    meaning = "Download this table as CSV."
    download(place, "CSV", meaning, f"{name}.csv", "text/csv", f"{name}_csv", lambda: formats.csv(table()))


def download(place: Any, label: str, meaning: str, file: str, media: str, key: str, content: Callable[[], str]) -> None:
    """A button in `place` that saves `content`, made when it is clicked, as `file` of the media type `media`.

    Streamlit's own download button keeps what it offers on the server and drops it two reruns later, of any session:
    with seven tabs open a third of the downloads failed (docs/decisions/0053-downloads.md).
    """
    answering = f"{key}_asked"

    def asked() -> None:
        st.session_state[answering] = st.session_state[key].get("asked")

    draw = _component("download", _BUTTON)
    data: dict[str, Any] = {"label": label, "meaning": meaning}
    if wanted := st.session_state.get(answering):
        data["answer"] = {"asked": wanted, "content": content(), "file": file, "type": media}
    with place:
        draw(data=data, key=key, width="content", on_asked_change=asked)
    st.session_state.pop(answering, None)
