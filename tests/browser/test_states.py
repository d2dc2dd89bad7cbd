"""What the dashboard shows when there is nothing, when Redis goes, when news arrives, and when texts are hostile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
import redis
from playwright.sync_api import expect

from services.embedded.redis import EmbeddedRedis
from shared.clock import SECOND
from shared.contract.aggregates import SECONDS, Bucket, RecentDocument, pack
from shared.contract.events import MICRO
from shared.contract.keys import Keys
from tests.browser.conftest import PATIENCE, Served, Visitor, serve
from tests.browser.seed import END, listed, move_on, seed

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]  # a busy machine starts Chromium slowly
expect.set_options(timeout=PATIENCE)
KEYS = Keys("live", 8)


@dataclass(slots=True)
class Own:
    """A dashboard and a Redis of one test alone."""

    served: Served
    redis: EmbeddedRedis
    client: redis.Redis


@pytest.fixture
def own(tmp_path: Path, own_redis: EmbeddedRedis) -> Iterator[Own]:
    with redis.Redis.from_url(own_redis.url) as client:
        served = serve(tmp_path / "state", own_redis.url)
        yield Own(served, own_redis, client)
        served.stop()
        assert "Traceback" not in served.log.read_text()


def write(client: redis.Redis, at: int, document_id: str, **fields: object) -> None:
    """One opinion on one company, as the aggregation worker would leave it."""
    document = RecentDocument(
        **{
            "id": document_id,
            "company": "AAPL",
            "channel": "news",
            "source": "Synthetic Wire",
            "published_at": at,
            "available_at": at,
            "negative": 0,
            "neutral": MICRO // 4,
            "positive": 3 * MICRO // 4,
            "relevance": MICRO,
            "weight": MICRO,
            "synthetic": True,
        }
        | fields  # type: ignore[arg-type]
    )
    bucket = Bucket(1, 1, 0, 0, MICRO, 750_000, 562_500, 1, 1, {document.source: 1}, {"earnings": 1})
    for resolution, seconds in SECONDS.items():
        start = at // SECOND // seconds * seconds
        client.hset(KEYS.series(document.company, document.channel, resolution), str(start), pack(bucket))  # type: ignore[arg-type]
    client.hset(KEYS.recent(document.company), document.id, msgspec.json.encode(document))
    client.hset(KEYS.companies(KEYS.slot_of(document.company)), document.company, at)
    move_on(client, KEYS)


def test_an_empty_run_says_what_to_do_and_fills_by_itself(own: Own, visit: Callable[..., Visitor]) -> None:
    visitor = visit(own.served)
    page = visitor.open()
    expect(page.get_by_text("No opinions yet").first).to_be_visible()
    visitor.picture("empty-market")
    page.evaluate("window.stayed = true")
    write(own.client, END, "a", title="The first opinion")
    expect(page.get_by_text("The first opinion").first).to_be_visible()
    write(own.client, END + 60 * SECOND, "b", title="The second opinion")
    expect(page.get_by_text("The second opinion").first).to_be_visible()
    expect(page.get_by_text("as of 27 Feb 2026 15:05").first).to_be_visible()
    assert page.evaluate("window.stayed"), "the page was loaded anew"


def test_empty_pages(own: Own, visit: Callable[..., Visitor]) -> None:
    visitor = visit(own.served)
    page = visitor.open("?page=Company")
    expect(page.get_by_text("Choose a company").first).to_be_visible()
    expect(page.get_by_text("Most written of")).to_have_count(0)
    visitor.picture("empty-company")
    page = visitor.open("?page=Company&company=AAPL")
    expect(page.get_by_text("No opinions on this company").first).to_be_visible()
    page = visitor.open("?page=Health")
    expect(page.get_by_text("Nothing is running").first).to_be_visible()
    visitor.picture("empty-health")


def test_an_empty_company_page_offers_the_ten_most_written_of(own: Own, visit: Callable[..., Visitor]) -> None:
    seed(own.client, listed(14), volume=0.1)
    visitor = visit(own.served)
    page = visitor.open("?page=Company&company=NoSuchThing")
    expect(page.get_by_text("No company is called NoSuchThing").first).to_be_visible()
    page = visitor.open("?page=Company")
    offered = page.locator(".st-key-offered button")
    expect(offered).to_have_count(10)
    visitor.picture("offered-companies")
    name = offered.nth(3).inner_text()
    offered.nth(3).click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def test_redis_goes_and_comes_back(own: Own, visit: Callable[..., Visitor]) -> None:
    seed(own.client, listed(40), volume=0.1)
    visitor = visit(own.served)
    page = visitor.open()
    expect(page.locator("button.tile")).to_have_count(40)
    own.redis.kill()
    expect(page.get_by_text("Redis does not answer").first).to_be_visible()
    expect(page.locator("button.tile")).to_have_count(40)  # what was read last stays
    visitor.picture("disconnected-market")
    late = visit(own.served, scheme="dark")
    late.open("?page=Company&company=AAPL")
    expect(late.page.get_by_text("Redis does not answer").first).to_be_visible()
    late.picture("disconnected-company-dark")
    own.redis.start()
    expect(page.get_by_text("Redis does not answer")).to_have_count(0)
    expect(late.page.get_by_text("Redis does not answer")).to_have_count(0)


HOSTILE = (
    '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script>',
    "[click](javascript:window.harmed=1) **bold** `code` # heading",
    "$\\href{javascript:window.harmed=1}{x}$ :red[red] :material/home: <b>b</b>",
    "\u202eright to left \u0000 \U0001f600 &lt;i&gt; {{7*7}} ${7*7}",
)


def test_hostile_texts_are_shown_as_text(own: Own, visit: Callable[..., Visitor]) -> None:
    for i, title in enumerate(HOSTILE):
        write(
            own.client,
            END + i * SECOND,
            f"h{i}",
            title=title,
            excerpt=f"{title} {title}",
            url="javascript:window.harmed=1",
            source='<img src=x onerror="window.harmed=1">',
            event="<b>event</b>",
        )
    write(own.client, END, "bad", company='<img src=x onerror="window.harmed=1">', title="odd company")
    visitor = visit(own.served)
    page = visitor.open()
    for title in HOSTILE[:3]:
        expect(page.locator(".title", has_text=title[:40]).first).to_have_text(title)
    assert page.locator("a.out").count() == 0  # what is no web address is no link to a source
    for href in page.locator("a.title").evaluate_all("all => all.map(each => each.getAttribute('href'))"):
        assert href.startswith("?page=Document&document="), href
    visitor.picture("hostile-market")
    page = visitor.open("?page=Company&company=AAPL")
    expect(page.locator(".title").first).to_be_visible()
    expect(page.locator(".js-plotly-plot").last).to_contain_text("<img src=x")
    visitor.picture("hostile-company")
    page = visitor.open("?page=Company&company=%3Cimg%20src%3Dx%20onerror%3D%22window.harmed%3D1%22%3E")
    expect(page.get_by_role("heading")).to_contain_text("<img src=x")
    assert page.locator("img[src=x]").count() == 0
    assert page.evaluate("window.harmed") is None
