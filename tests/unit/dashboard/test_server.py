"""The head start that the browser gets with the page's HTML."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import streamlit
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route

from dashboard import server


async def _asked(path: str) -> httpx.Response:
    routes = [Route("/", lambda _: HTMLResponse("<html>")), Route("/health", lambda _: PlainTextResponse("ok"))]
    application = server.HeadStart(Starlette(routes=routes), ["Html.1.js", "Chart.2.js"])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://dashboard") as client:
        return await client.get(path)


def test_the_page_names_its_scripts() -> None:
    links = asyncio.run(_asked("/")).headers["link"]
    assert links.startswith("<./static/js/Html.1.js>; rel=modulepreload; crossorigin, <./static/js/Chart.2.js>;")


def test_other_answers_stay_as_they_are() -> None:
    assert "link" not in asyncio.run(_asked("/health")).headers


def test_scripts_are_followed_through_their_imports(tmp_path: Path) -> None:
    (tmp_path / "Chart.a.js").write_text(
        'import{x}from"./base.b.js";import"./side.c.js";const y=()=>import("./later.d.js")'
    )
    (tmp_path / "base.b.js").write_text('import{z}from"./Chart.a.js";import{q}from"./gone.e.js"')
    for name in ("side.c.js", "later.d.js", "Other.f.js"):
        (tmp_path / name).write_text("")
    assert server.scripts_of(tmp_path, ["Chart", "Absent"]) == ["Chart.a.js", "base.b.js", "side.c.js"]


def test_the_installed_streamlit_has_every_element_that_is_named() -> None:
    folder = Path(streamlit.__file__ or "").parent / "static" / "static" / "js"
    assert [element for element in server.ELEMENTS if not list(folder.glob(f"{element}.*.js"))] == []
