"""What Streamlit has no widget for, each a script and a style sheet beside this file; nothing here reads data.

Text from outside reaches them as data only and is shown through `textContent`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import address
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
        js=(_HERE / "nodes.js").read_text() + (_HERE / f"{name}.js").read_text(),
    )


def strip(figures: Sequence[Figure], colours: Palette, key: str) -> None:
    """The cards of `dashboard.drawing.figures`, side by side."""
    style = f"--better:{colours.positive};--worse:{colours.negative}"
    draw = _component("figures", '<div class="strip"></div>')
    draw(data={"figures": cards(figures), "style": style}, key=key)


def treemap(
    sectors: list[dict[str, Any]],
    colours: Palette,
    key: str,
    opened: Callable[[str], None],
    all_of: Callable[[str], None],
) -> bool:
    """Draws the sectors of `dashboard.drawing.plots.sector_map`; `opened` is called with a company that is clicked,
    `all_of` with the sector of a box of many.

    Whether the browser has ever painted it.
    """
    html = '<div class="legend"></div><div class="map"><div class="tip" hidden></div></div>'
    legend = [f"\u2212{SATURATION}", f"+{SATURATION}", colours.negative, colours.neutral, colours.positive]
    draw = _component("treemap", html)
    data = {"sectors": sectors, "legend": legend}
    result = draw(
        data=data,
        key=key,
        on_company_change=_told(key, "company", opened),
        on_sector_change=_told(key, "sector", all_of),
        on_seen_change=lambda: None,
    )
    return bool(result.seen)


def documents(
    items: list[dict[str, Any]],
    colours: tuple[str, str, str],
    height: int,
    key: str,
    opened: Callable[[str], None] | None = None,
) -> None:
    """A scrolling list of `dashboard.drawing.plots.document_items`, each of which opens its page; with `opened` the
    company of each is shown, to be clicked."""
    draw = _component("documents", '<div class="list" tabindex="0"></div>')
    data = {"items": items, "colours": list(colours), "height": height, "chips": opened is not None}
    draw(
        data=data,
        key=key,
        on_company_change=_told(key, "company", opened or str),
        on_document_change=_told(key, "document", read_document),
    )


def stories(
    items: list[dict[str, Any]],
    height: int,
    key: str,
    opened: Callable[[str], None],
    company: Callable[[str], None],
) -> None:
    """A scrolling list of `dashboard.drawing.story_list` items; `opened` is called with the key of a story that is
    clicked, `company` with the id of a company."""
    draw = _component("stories", '<div class="list" tabindex="0"></div>')
    told, named = _told(key, "story", opened), _told(key, "company", company)
    draw(data={"items": items, "height": height}, key=key, on_story_change=told, on_company_change=named)


def recommended(
    items: list[dict[str, Any]],
    colours: tuple[str, str, str],
    height: int,
    key: str,
    rate: Callable[[str, int], None],
    opened: Callable[[str], None],
) -> None:
    """The list of `documents` with thumbs on every item. A thumb pressed calls `rate` with the item's key and what the
    thumb is now: 1, -1, or 0 for none."""

    def rated(asked: dict[str, Any]) -> None:
        rate(str(asked["key"]), int(asked["value"]))

    draw = _component("documents", '<div class="list" tabindex="0"></div>')
    data = {"items": items, "colours": list(colours), "height": height, "chips": True, "rate": True}
    draw(
        data=data,
        key=key,
        on_company_change=_told(key, "company", opened),
        on_document_change=_told(key, "document", read_document),
        on_rated_change=_told(key, "rated", rated),
    )


def row_chosen(key: str, names: Sequence[str], act: Callable[[str], None]) -> Callable[[], None]:
    """`on_select` of the table `key`, whose rows are called `names`: calls `act` with the name of the row."""

    def chosen() -> None:
        picked = st.session_state[key]["selection"]["rows"]
        if picked and picked[0] < len(names):
            act(names[picked[0]])

    return chosen


def read_document(asked: dict[str, Any]) -> None:
    """Go to a document's page; `asked`: its id, and the company that it is read for."""
    address.choose(page="Document", document=str(asked["document"]), company=str(asked["company"]))


def reading(pieces: list[dict[str, Any]], key: str) -> None:
    """A text in pieces, of which some are coloured: `dashboard.drawing.unfolding.document_page.coloured`."""
    _component("reading", '<div class="reading"></div>')(data={"pieces": pieces}, key=key)


def review(
    data: dict[str, Any], key: str, answered: Callable[[dict[str, Any]], None], back: Callable[[dict[str, Any]], None]
) -> None:
    """A question of `dashboard.drawing.review_card`, with the turn that it is shown in; `answered` is called with that
    turn, the question's key and the answer, `back` with the turn."""
    draw = _component("review", '<div class="review" tabindex="-1"></div>')
    draw(
        data=data,
        key=key,
        on_answer_change=_told(key, "answer", answered),
        on_back_change=_told(key, "back", back),
        on_document_change=_told(key, "document", read_document),
    )


def unfolding(nodes: list[dict[str, Any]], colours: tuple[str, str], key: str) -> None:
    """The tree of `dashboard.drawing.unfolding.movement_tree`; its documents open their pages."""
    draw = _component("unfolding", '<div class="tree"></div>')
    data = {"nodes": nodes, "colours": list(colours)}
    draw(data=data, key=key, on_document_change=_told(key, "document", read_document))


def facts(groups: list[dict[str, Any]], key: str) -> None:
    """Groups of names with their values: `{title, rows: [{name, value, meaning, url}]}`."""
    _component("facts", '<div class="facts"></div>')(data={"groups": groups}, key=key)


def bar(
    groups: list[dict[str, Any]], facts: list[dict[str, str]], key: str, picked: Callable[[dict[str, str]], None]
) -> None:
    """Groups of choices side by side and facts behind them; `picked` is called with what is chosen: group -> option.

    No widget of Streamlit's, because those hold their value in the browser: what a page sets (a click on a company
    opens its page) would be undone by a refresh that was under way.
    """

    def told(asked: dict[str, Any]) -> None:
        st.session_state[f"{key} answered"] = asked["number"]
        picked({str(group): str(option) for group, option in asked["picks"].items()})

    draw = _component("bar", '<div class="bar"></div>')
    data = {"groups": groups, "facts": facts, "answered": st.session_state.get(f"{key} answered", 0)}
    draw(data=data, key=key, width="content", on_picked_change=_told(key, "picked", told))


def _told(key: str, what: str, then: Callable[[Any], object]) -> Callable[[], None]:
    """A callback of a component: it runs before the page is drawn, which is then drawn once and right."""

    def call() -> None:
        if value := st.session_state[key].get(what):
            then(value)

    return call


def heading(title: str, meaning: str | None = None) -> Any:
    """A part's title, in a row to which the caller may add controls and a CSV button."""
    row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
    row.markdown(f"**{title}**", help=meaning, width="content")
    return row


def table(data: pd.DataFrame, key: str, **options: Any) -> None:
    """A table without its index, as `st.dataframe` takes `options`; what is not known is a dash there, not None."""
    st.dataframe(data, key=key, hide_index=True, placeholder=formats.NOTHING, **options)


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
