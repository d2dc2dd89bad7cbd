"""A headline opens its document: coloured words, event, story, neighbours, origin; what is said where these fail."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from playwright.sync_api import Page, expect

from services.embedded.redis import EmbeddedRedis
from services.model.engine import build_engine
from shared.contract.events import Document
from shared.settings import load_settings
from tests import two_days
from tests.archived_run import fill
from tests.browser.conftest import PATIENCE, Served, Visitor, serve

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]
expect.set_options(timeout=PATIENCE)
DOCUMENTS = two_days.documents()
CASE = [each for each in DOCUMENTS if each.title.startswith("Regulator opens a case")]


def address(document: Document, company: str = "BA") -> str:
    return f"?page=Document&document={document.id}&company={company}"


def complete(page: Page) -> None:
    """The words are coloured, and the archive has answered."""
    expect(page.locator("mark").first).to_be_visible()
    expect(page.get_by_text("Nearest in meaning")).to_be_visible()
    expect(page.get_by_text("In the log")).to_be_visible()


def test_a_headline_of_the_market_opens_its_document(told: Served, visit: Callable[..., Visitor]) -> None:
    page = visit(told, height=1400).open("?window=7d")
    page.locator("article.row a.title", has_text="Airline cancels its order").first.click()
    page.wait_for_function("location.search.includes('page=Document')")
    assert "company=BA" in page.url
    complete(page)
    expect(page.locator(".reading .headline").first).to_have_text(re.compile("^Airline|^A"))
    page.go_back()
    expect(page.get_by_text("Movers over 7d").first).to_be_visible()


def test_a_document_shows_all_that_is_known_of_it(told: Served, visit: Callable[..., Visitor]) -> None:
    page = visit(told, height=1400).open(address(CASE[2]))
    complete(page)
    assert page.locator(".reading").inner_text() == f"{CASE[2].title}\n{CASE[2].text}"
    expect(page.locator(".figure", has_text="Story")).to_contain_text("3 of 5")
    expect(page.locator(".figure", has_text="Story")).to_contain_text("34 min earlier")
    facts = page.locator(".facts")
    for words in (CASE[2].source, CASE[2].external_id, "documents.news, partition 0", "none: no rules are set up"):
        expect(facts.get_by_text(words, exact=False).first).to_be_visible()
    expect(facts.get_by_text("Its words")).to_be_visible()
    story = page.locator("article.row", has_text="Regulator opens a case")
    expect(story).to_have_count(4)
    expect(page.locator("article.row", has_text="nearness").first).to_be_visible()
    story.first.locator("a.title").click()
    expect(page.locator(".figure", has_text="Story")).to_contain_text("1 of 5")


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "light"), (1280, "dark"), (1920, "light")])
def test_looks(told: Served, visit: Callable[..., Visitor], width: int, scheme: str) -> None:
    visitor = visit(told, width, 1200, scheme)
    page = visitor.open(address(CASE[0]))
    complete(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page scrolls sideways"
    visitor.picture(f"document-{width}-{scheme}")


def test_two_companies_have_words_of_their_own(told: Served, visit: Callable[..., Visitor]) -> None:
    both = next(each for each in DOCUMENTS if each.title.startswith("Apple and Microsoft"))
    page = visit(told).open(address(both, "AAPL"))
    complete(page)
    expect(page.get_by_text("read for AAPL")).to_be_visible()
    page.get_by_role("radio", name=re.compile("MSFT")).click()
    expect(page.get_by_text("read for MSFT")).to_be_visible()
    page.wait_for_function("location.search.includes('company=MSFT')")
    complete(page)


@pytest.fixture
def alone(tmp_path: Path, own_redis: EmbeddedRedis) -> Iterator[Served]:
    """Aggregates without archive and API."""
    settings = load_settings(tmp_path / "first", redis={"url": own_redis.url}, model={"name": "stub"})
    with redis.Redis.from_url(own_redis.url) as client:
        fill(settings, client, DOCUMENTS, build_engine(settings.model))
    started = serve(tmp_path / "other", own_redis.url, settings={"BELLWETHER_API__PORT": "9"})
    yield started
    started.stop()


def test_what_is_missing_is_said_with_the_remedy(alone: Served, visit: Callable[..., Visitor]) -> None:
    visitor = visit(alone)
    page = visitor.open(address(CASE[0]))
    expect(page.locator(".reading")).to_contain_text("The regulator opened a case")
    expect(page.get_by_text("none answers at http://127.0.0.1:9")).to_be_visible()
    expect(page.get_by_text("There is no archive at", exact=False)).to_be_visible()
    visitor.picture("document-alone")
    page = visitor.open("?page=Document&document=nothing&company=BA")
    expect(page.get_by_text("No document of this name is kept")).to_be_visible()
    page = visitor.open("?page=Document")
    expect(page.get_by_text("Choose a document")).to_be_visible()
