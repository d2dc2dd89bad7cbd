"""Parts of a page that Streamlit has no widget for. Each is a script and a style sheet beside this file.

Text from outside reaches them as data only and is shown through `textContent`; both report the company clicked.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent


@cache
def _component(name: str, html: str) -> Any:
    return st.components.v2.component(
        f"bellwether_{name}",
        html=html,
        css=(_HERE / f"{name}.css").read_text(),
        js=(_HERE / f"{name}.js").read_text(),
    )


def treemap(sectors: list[dict[str, Any]], key: str) -> str:
    """Draws the sectors of `dashboard.plots.sector_map`; the id of a company just clicked, else ""."""
    draw = _component("treemap", '<div class="map"><div class="tip" hidden></div></div>')
    result = draw(data={"sectors": sectors}, key=key, on_company_change=lambda: None)
    return str(result.company or "")


def documents(items: list[dict[str, Any]], colours: tuple[str, str, str], height: int, key: str) -> str:
    """A scrolling list of `dashboard.plots.document_items`; the id of a company just clicked, else ""."""
    draw = _component("documents", '<div class="list" tabindex="0"></div>')
    data = {"items": items, "colours": list(colours), "height": height}
    return str(draw(data=data, key=key, on_company_change=lambda: None).company or "")
