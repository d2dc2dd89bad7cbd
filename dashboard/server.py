"""The dashboard as a web application: Streamlit, and a head start for the browser's first visit.

Streamlit's page asks for a widget's script only when the first such widget arrives, and for what that script imports
after it, while the server draws the page. Which scripts our first page needs is known; a `Link` header with the HTML
has the browser fetch them at once (docs/decisions/0040-first-paint.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

import streamlit
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.starlette import App

from dashboard import live
from dashboard.door.middleware import Door
from shared.clients.redis import connect
from shared.clock import SystemClock
from shared.reading.readers.audit import AuditLog

HERE: Final = Path(__file__).parent
# Streamlit's scripts of the elements that the Market page shows first; one that another version lacks is left out
ELEMENTS: Final = ("Html", "ButtonGroup", "Selectbox", "BidiComponent", "remark-emoji")
_IMPORT: Final = re.compile(r'(?:from|import)"\./([^"]+\.js)"')


def scripts_of(folder: Path, elements: Iterable[str]) -> list[str]:
    """File names of the elements' scripts in Streamlit's `folder`, and of all that they import."""
    waiting = [path.name for element in elements for path in folder.glob(f"{element}.*.js")]
    found: dict[str, None] = {}
    while waiting:
        name = waiting.pop(0)
        if name not in found and (folder / name).is_file():
            found[name] = None
            waiting += _IMPORT.findall((folder / name).read_text("utf-8"))
    return list(found)


class HeadStart:
    """Adds to the HTML's answer a header that names scripts which the page is going to ask for."""

    def __init__(self, app: ASGIApp, scripts: Iterable[str]) -> None:
        self._app = app
        self._links = ", ".join(f"<./static/js/{name}>; rel=modulepreload; crossorigin" for name in scripts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_links(message: Message) -> None:
            if message["type"] == "http.response.start" and self._links:
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.append("link", self._links)
            await send(message)

        await self._app(scope, receive, send_with_links if scope["type"] == "http" else send)


_STATIC: Final = Path(streamlit.__file__).parent / "static"
_NAMED: Final = (_STATIC / "index.html").read_text("utf-8")  # by Streamlit's own page
_SCRIPTS: Final = [name for name in scripts_of(_STATIC / "static" / "js", ELEMENTS) if name not in _NAMED]


@cache
def _audit() -> AuditLog:
    return AuditLog(connect(live.settings().redis), SystemClock())


def _door() -> Middleware:
    """Before everything else. The path is Streamlit's own option, which the supervisor sets from ours."""
    base = str(streamlit.get_option("server.baseUrlPath") or "").strip("/")
    return Middleware(Door, settings=live.settings().dashboard, base=base, clock=SystemClock(), audit=_audit)


app = App(HERE / "app.py", middleware=[_door(), Middleware(HeadStart, scripts=_SCRIPTS)])
