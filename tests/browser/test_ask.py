"""The page Ask: a question, what follows it, a refusal, and texts of strangers that stay text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import redis
from playwright.sync_api import expect

from services.archive.rows import Rows, tables_of
from services.archive.tables import Tables
from services.embedded.redis import EmbeddedRedis
from services.runtime.record import Recorded
from shared.clock import to_micros
from shared.contract.events import Document, encode
from shared.contract.topics import Topics
from shared.reading.archive.tables import ArchiveTables
from shared.settings import load_settings
from tests.browser.conftest import PATIENCE, Served, Visitor, serve
from tests.browser.seed import listed, seed

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
expect.set_options(timeout=PATIENCE)
TEXTS = (
    ("NKE", "Nike shares fall on weak Japan sales", "Nike fell 6 percent after sales in Japan dropped."),
    ("NKE", "Nike names a finance chief", "Nike named Maria Lindqvist finance chief, **succeeding** <b>Jo Berg</b>."),
)


def _document(number: int, company: str, title: str, text: str) -> Document:
    at = to_micros(datetime(2031, 3, 3 + number, 15, tzinfo=UTC))
    return Document(
        id=f"{number:032x}",
        channel="news",
        source="wire",
        title=title,
        text=text,
        url="https://news.example/nike",
        external_id=f"s{number}",
        published_at=at,
        received_at=at,
        available_at=at,
        companies=(company,),
    )


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("ask")
    server = EmbeddedRedis(folder / "redis")
    server.start()
    with redis.Redis.from_url(server.url) as client:
        seed(client, listed(3), volume=0.05)
    state = folder / "state"
    state.mkdir()
    documents = [_document(number, *each) for number, each in enumerate(TEXTS)]
    records = [
        Recorded("documents.news", 0, place, each.key.encode(), encode(each), timestamp=each.available_at / 1e6)
        for place, each in enumerate(documents)
    ]
    rows = Rows(tables_of(Topics()), dict.fromkeys(tables_of(Topics()), "T"))
    Tables(ArchiveTables.of(load_settings(state))).add(rows.of(records))
    started = serve(state, server.url)
    yield started
    started.stop()
    server.stop()
    assert "Traceback" not in started.log.read_text()


def test_a_conversation(own: Served, visit: Callable[..., Visitor]) -> None:
    visitor = visit(own)
    page = visitor.open("?page=Ask")
    expect(page.get_by_text("Nothing asked yet")).to_be_visible()
    box = page.get_by_label("Question")
    box.fill("why did nike fall?")
    box.press("Enter")
    expect(page.get_by_text("Nike fell 6 percent after sales in Japan dropped.")).to_be_visible()
    expect(page.get_by_role("link", name="wire, 2031-03-03")).to_have_attribute("href", "https://news.example/nike")
    box.fill("And who is its finance chief?")
    box.press("Enter")
    expect(page.get_by_text("**succeeding** <b>Jo Berg</b>")).to_be_visible()
    visitor.picture("ask")
    box.fill("Why did Boeing sue Ford?")
    box.press("Enter")
    expect(page.get_by_text("holds nothing that answers this")).to_be_visible()
    page.get_by_role("button", name="New conversation").click()
    expect(page.get_by_text("Nothing asked yet")).to_be_visible()
