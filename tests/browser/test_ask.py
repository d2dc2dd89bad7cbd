"""The page Ask: a question, what follows it, a refusal, and texts of strangers that stay text."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler

import pytest
import redis
from playwright.sync_api import Locator, Page, expect

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
from tests.phrasing_server import HANGS, Model, completed, hangs

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
expect.set_options(timeout=PATIENCE)
PATIENT = 25.0  # seconds that the model may take
HASTY = HANGS / 2
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


@pytest.fixture
def model(own: Served) -> Iterator[Model]:
    """A model that the running dashboard is told of, and forgets again."""
    made = Model()
    name(own, made, PATIENT)
    yield made
    own.log.with_name("bellwether.yaml").unlink()
    made.close()


def name(own: Served, model: Model, seconds: float) -> None:
    """Settings are read with each question."""
    phrasing = f"{{url: '{model.settings.url}', model: teller-7b, seconds: {seconds}}}"
    own.log.with_name("bellwether.yaml").write_text(f"ask: {{phrasing: {phrasing}}}\n")


def _box(page: Page) -> Locator:
    return page.get_by_label("Ask a question")


def _ask(page: Page, question: str) -> Locator:
    """Asks, and gives the turn on top."""
    _box(page).fill(question)
    _box(page).press("Enter")
    turn = page.locator("[class*=st-key-ask-turn]").first
    expect(turn.get_by_text(question)).to_be_visible()
    return turn


def test_a_conversation(own: Served, visit: Callable[..., Visitor]) -> None:
    visitor = visit(own)
    page = visitor.open("?page=Ask")
    expect(page.get_by_text("Nothing asked yet")).to_be_visible()
    _ask(page, "why did nike fall?")
    expect(page.get_by_text("Nike fell 6 percent after sales in Japan dropped.")).to_be_visible()
    expect(page.get_by_role("link", name="wire, 2031-03-03")).to_have_attribute("href", "https://news.example/nike")
    expect(_box(page)).to_have_value("")
    _ask(page, "And who is its finance chief?")
    expect(page.get_by_text("**succeeding** <b>Jo Berg</b>")).to_be_visible()
    expect(page.get_by_text("Phrased by")).to_have_count(0)
    visitor.picture("ask")
    _ask(page, "Why did Boeing sue Ford?")
    expect(page.get_by_text("holds nothing that answers this")).to_be_visible()
    page.get_by_role("button", name="New conversation").click()
    expect(page.get_by_text("Nothing asked yet")).to_be_visible()


def test_a_model_phrases_beside_the_quotes_and_is_not_believed(
    own: Served, model: Model, visit: Callable[..., Visitor]
) -> None:
    visitor = visit(own)
    page = visitor.open("?page=Ask")
    gate = threading.Event()

    def slow(handler: BaseHTTPRequestHandler) -> None:
        gate.wait(PATIENT)
        completed(handler, "Nike fell 6 percent after sales in Japan dropped [1].")

    model.act = slow
    turn = _ask(page, "why did nike fall?")
    expect(turn.get_by_text("“Nike fell 6 percent after sales in Japan dropped.”")).to_be_visible()
    expect(turn.get_by_text("teller-7b puts it into sentences")).to_be_visible()  # the quotes wait for nobody
    visitor.picture("ask_phrasing_waits")
    gate.set()
    expect(turn.get_by_text("Phrased by teller-7b, not by Bellwether")).to_be_visible()
    told = turn.get_by_test_id("stColumn").nth(1)
    expect(told.get_by_text("Nike fell 6 percent after sales in Japan dropped")).to_be_visible()
    expect(told.get_by_role("link", name="[1]")).to_have_attribute("href", "https://news.example/nike")

    model.act = lambda handler: completed(handler, "Nike rose 60 percent after sales in Japan <b>soared</b> [1].")
    turn = _ask(page, "why did nike shares fall on Monday?")
    expect(turn.get_by_text("Not put into sentences: it holds a link or markup.")).to_be_visible()
    model.act = lambda handler: completed(handler, "Nike rose after sales in Japan dropped [1].")
    turn = _ask(page, "why did nike fall?")
    expect(turn.get_by_text("Not put into sentences: 'rose' does not stand in what it cites.")).to_be_visible()
    expect(turn.get_by_text("“Nike fell 6 percent after sales in Japan dropped.”")).to_be_visible()
    expect(page.get_by_text("60 percent")).to_have_count(0)
    visitor.picture("ask_phrasing_lies")

    page.get_by_role("button", name="New conversation").click()
    expect(page.get_by_text("Nothing asked yet")).to_be_visible()
    name(own, model, HASTY)
    model.act = hangs
    turn = _ask(page, "why did nike fall?")
    expect(turn.get_by_text("Not put into sentences: the model did not answer")).to_be_visible()
    asked = len(model.asked)
    model.close()
    turn = _ask(page, "And who is its finance chief?")
    expect(turn.get_by_text("Not put into sentences: the model did not answer")).to_be_visible()
    expect(turn.get_by_text("**succeeding** <b>Jo Berg</b>")).to_be_visible()
    turn = _ask(page, "Why did Boeing sue Ford?")
    expect(turn.get_by_text("holds nothing that answers this")).to_be_visible()  # a refusal asks nobody
    expect(turn.get_by_test_id("stColumn")).to_have_count(0)
    assert len(model.asked) == asked
    visitor.picture("ask_phrasing_fails")
