"""The page Stories on invented stories: a click opens one, its copies and what followed; a ticker opens the company."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from playwright.sync_api import expect

from services.embedded.redis import EmbeddedRedis
from tests.browser.conftest import PATIENCE, Served, Visitor, serve
from tests.browser.seed import listed, seed
from tests.browser.told import tell

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]
expect.set_options(timeout=PATIENCE)
COMPANIES = listed(6)
NAMES = [company for company, _ in COMPANIES]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("told")
    server = EmbeddedRedis(folder / "redis")
    server.start()
    with redis.Redis.from_url(server.url) as client:
        seed(client, COMPANIES, volume=0.1)
    tell(folder / "state" / "archive" / "live", NAMES)
    started = serve(folder / "state", server.url)
    yield started
    started.stop()
    server.stop()
    assert "Traceback" not in started.log.read_text()


def test_a_story_is_opened_and_leads_on(told: Served, visit: Callable[..., Visitor]) -> None:
    page = visit(told, 1280, 1400).open("?page=Stories&window=7d")
    rows = page.locator("article.row")
    expect(page.get_by_text("Inside:")).to_be_visible()
    title = page.get_by_role("button", name=f"Regulator opens a case against {NAMES[2]}", exact=True).first
    title.click()
    page.wait_for_function("location.search.includes('story=')")
    expect(page.get_by_text(re.compile(r"\d+ texts, \d+ near-copies"))).to_be_visible()
    expect(page.get_by_text("What followed", exact=True)).to_be_visible()
    after = page.get_by_role("button", name=f"{NAMES[2]} answers the regulator and denies it all", exact=True).last
    after.click()
    expect(page.get_by_text("It follows", exact=True)).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("What followed", exact=True)).to_be_visible()
    rows.first.locator("button.chip").first.click()
    page.wait_for_function("location.search.includes('page=Company')")
    assert "story=" not in page.url


def test_the_list_is_ordered_and_narrowed(told: Served, visit: Callable[..., Visitor]) -> None:
    page = visit(told, 1280, 1400).open(f"?page=Stories&window=7d&about={NAMES[1]}")
    rows = page.locator("article.row")
    expect(page.get_by_text("Inside:")).to_be_visible()
    expect(rows.filter(has_text=NAMES[1]).first).to_be_visible()
    assert not rows.locator(f"button.chip:text-is('{NAMES[3]}')").count()
    page.get_by_role("radio", name="Newest").click()
    page.wait_for_function("location.search.includes('told=Newest')")


def test_without_an_archive_the_page_says_so(
    tmp_path: Path, own_redis: EmbeddedRedis, serving: Callable[..., Served], visit: Callable[..., Visitor]
) -> None:
    with redis.Redis.from_url(own_redis.url) as client:
        seed(client, listed(2), volume=0.05)
    page = visit(serving(tmp_path / "state", own_redis.url)).open("?page=Stories")
    expect(page.get_by_text("No stories now")).to_be_visible()
