"""What rules did stands on a document's page; whom a company is related to, and what is said of them, on its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import redis
from playwright.sync_api import expect

from services.embedded.redis import EmbeddedRedis
from services.model.stub import StubEngine
from services.scoring.rules.rule_file import built_in, load_rules
from services.scoring.rules.speaking import Speakers
from shared.clock import to_datetime
from shared.reading.readers.profiles import DEFAULT_LIST, Follow
from shared.reading.run import RunView
from shared.settings import load_settings
from tests import two_days
from tests.archived_run import fill
from tests.browser.conftest import PATIENCE, Served, Visitor, serve
from tests.contract.test_peers import OWN
from tests.contract.test_rules import documents

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]
expect.set_options(timeout=PATIENCE)


def _expected() -> str:
    """Earnings of a company and a central bank's day, both in the coming weeks, a day that the documents lie on, and a
    date that nobody knows of yet."""
    then = to_datetime(two_days.SECOND_DAY).date()
    today = datetime.now(UTC).date()
    soon, later = today + timedelta(days=5), today + timedelta(days=12)
    return (
        "date,time,ticker,market,kind,note,known_from\n"
        f"{soon},16:30 America/New_York,BA,,earnings,third quarter,{today - timedelta(days=9)}\n"
        f"{later},,,US,central bank,FOMC,{today - timedelta(days=90)}\n"
        f"{then},,BA,,investor day,Seattle,{then - timedelta(days=30)}\n"
        f"{later},,BA,,secret merger,,{later}\n"
    )


@pytest.fixture(scope="module")
def ruled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("ruled")
    server = EmbeddedRedis(folder / "redis")
    server.start()
    state = folder / "state"
    state.mkdir()
    (state / "bellwether.yaml").write_text(json.dumps({"model": {"name": "stub"}}))
    (state / "relations.csv").write_text(OWN)
    (state / "events.csv").write_text(_expected())
    settings = load_settings(state, redis={"url": server.url})
    with redis.Redis.from_url(server.url) as client:
        fill(settings, client, documents(), StubEngine("stub"), Speakers(load_rules([built_in("standard")])))
        RunView.open(client, settings.run).profiles.add("desk", Follow(DEFAULT_LIST, "company", "BA"), 1)
    served = serve(state, server.url)
    yield served
    served.stop()
    server.stop()
    assert "Traceback" not in served.log.read_text()


def test_a_document_says_which_rules_spoke(ruled: Served, visit: Callable[..., Visitor]) -> None:
    visitor = visit(ruled, height=1300)
    page = visitor.open(f"?page=Document&document={'0' * 32}&company=BA")
    expect(page.get_by_text("giveaways (dropped: it counts nowhere)")).to_be_visible()
    expect(page.get_by_text("Flags")).to_be_visible()
    visitor.picture("document-dropped")
    page = visitor.open(f"?page=Document&document={'1' * 32}&company=BA")
    expect(page.get_by_text("stocks-to-watch (it weighs 25% of what it would)")).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_company_has_its_peers(ruled: Served, visit: Callable[..., Visitor], width: int, scheme: str) -> None:
    visitor = visit(ruled, width, 1900, scheme)
    page = visitor.open("?page=Company&company=BA&window=7d")
    expect(page.get_by_text("Peers", exact=True)).to_be_visible()
    expect(page.get_by_text("each by the weight of its relation")).to_be_visible()
    page.get_by_text("each by the weight of its relation").scroll_into_view_if_needed()
    expect(page.locator("[data-testid=stDataFrame]").last).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page scrolls sideways"
    grid = page.locator("[data-testid=stDataFrame] [role=gridcell]")
    grid.first.wait_for(state="attached")  # what a screen reader is told: the rest is a canvas
    cells = grid.all_text_contents()
    assert "" in cells, "some peers have nothing said of them"
    assert not {"None", "nan", "NaN", "NaT"} & set(cells)
    visitor.picture(f"peers-{width}-{scheme}")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_expected_dates_are_marked_and_listed(
    ruled: Served, visit: Callable[..., Visitor], width: int, scheme: str
) -> None:
    visitor = visit(ruled, width, 1300, scheme)
    page = visitor.open("?page=Company&company=BA&window=7d")
    expect(page.get_by_text("Expected: earnings")).to_be_visible()
    expect(page.locator(".legendtext", has_text="Expected")).to_be_visible()
    assert "secret" not in page.content()
    visitor.picture(f"expected-company-{width}-{scheme}")
    page = visitor.open("?page=For+you&profile=desk")
    expect(page.get_by_text("Expected", exact=True)).to_be_visible()
    expect(page.locator("[data-testid=stDataFrame]").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page scrolls sideways"
    visitor.picture(f"expected-for-you-{width}-{scheme}")
