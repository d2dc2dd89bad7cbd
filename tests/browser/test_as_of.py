"""Pages as of a moment: what was said then, plainly marked, in the address, and kept from page to page until now."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple
from urllib.parse import quote

import pytest
import redis
from playwright.sync_api import Locator, Page, expect

from dashboard.address import THEN
from dashboard.toolbar import ACTS
from services.alerts.store import AlertStore
from services.embedded.redis import EmbeddedRedis
from shared.clock import HOUR, SECOND, SystemClock, to_iso
from shared.contract.alerts import Alert
from shared.contract.keys import Keys
from shared.settings import load_settings
from tests.browser.conftest import PATIENCE, Served, Visitor, serve
from tests.browser.past import COMPANY, HALF, Lived, delete, live

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]
expect.set_options(timeout=PATIENCE)
SAID: Final = "what Bellwether said then"


class Place(NamedTuple):
    """`between`: a moment between two alerts, microseconds."""

    served: Served
    lived: Lived
    between: int


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("as_of")
    server, state = EmbeddedRedis(folder / "redis"), folder / "state"
    server.start()
    try:
        with redis.Redis.from_url(server.url) as client:
            state.mkdir()
            lived = live(state, client)
            delete(client, state, HALF - 1)
            settings = load_settings(state)
            store = AlertStore(client, Keys(settings.run, settings.kafka.opinion_partitions))
            store.give_out(alert("of the first"))
            time.sleep(0.01)
            between = SystemClock().now()
            time.sleep(0.01)
            store.give_out(alert("of the second"))
        served = serve(state, server.url)
        yield Place(served, lived, between)
        served.stop()
    finally:
        server.stop()


def alert(text: str) -> Alert:
    return Alert(
        id=text[-6:].rjust(16, "0"), rule="swing", kind="k", company=COMPANY, signal="s", strategy="p",
        at=0, available_at=SystemClock().now(), action="hold", score=0, confidence=0, text=f"Alert {text}",
    )  # fmt: skip


def figure(page: Page, name: str) -> Locator:
    return page.locator(".figure").filter(has_text=name).first


def test_what_was_said_then_and_back_to_now(place: Place, visit: Callable[..., Visitor]) -> None:
    lived = place.lived
    visitor = visit(place.served)
    page = visitor.open(f"?page=Company&company={COMPANY}&as_of={quote(to_iso(lived.half + 1))}")
    then = page.get_by_text(SAID)
    figures = page.locator(".figure")
    expect(then).to_be_visible()
    expect(figures.filter(has_text="Opinions")).to_contain_text(str(HALF))
    expect(figures.filter(has_text="Sentiment").first).to_contain_text("+0.70")
    expect(page.get_by_text(f"lifts its outlook, report {HALF - 2}")).to_be_visible()
    expect(page.get_by_text(f"lifts its outlook, report {HALF - 1}")).to_have_count(0)
    expect(page.get_by_text("cuts its outlook")).to_have_count(0)
    expect(page.get_by_role("button", name="Follow now")).to_be_visible()
    visitor.picture("company-as-of")

    page.get_by_role("button", name="Back to live").click()
    expect(then).to_have_count(0)
    expect(figures.filter(has_text="Opinions")).to_contain_text(str(2 * HALF))
    expect(page.get_by_text("cuts its outlook").first).to_be_visible()
    assert "as_of" not in page.url
    page.go_back()
    expect(then).to_be_visible()
    expect(figures.filter(has_text="Opinions")).to_contain_text(str(HALF))

    page.get_by_role("button", name="As of").click()
    page.get_by_role("button", name="Show what was said then").click()  # the same minute, whole
    expect(then).to_be_visible()
    expect(page).to_have_url(re.compile(re.escape(quote(to_iso(lived.half), safe=""))))


def test_the_moment_stays_from_page_to_page(place: Place, visit: Callable[..., Visitor]) -> None:
    lived, visitor = place.lived, visit(place.served)
    page = visitor.open(f"?page=Company&company={COMPANY}&as_of={quote(to_iso(lived.half))}")
    then, figures = page.get_by_text(SAID), page.locator(".figure")
    expect(then).to_be_visible()
    page.get_by_role("radio", name="Market").click()
    expect(then).to_be_visible()
    expect(figure(page, "Opinions")).to_contain_text(str(HALF))
    expect(figure(page, "Market mood")).to_contain_text("+0.70")
    expect(figure(page, "Documents scored")).to_contain_text(str(HALF))
    expect(page.get_by_text(f"lifts its outlook, report {HALF - 2}")).to_be_visible()
    expect(page.get_by_text(f"lifts its outlook, report {HALF - 1}")).to_have_count(0)
    expect(page.get_by_text("cuts its outlook")).to_have_count(0)
    visitor.picture("market-as-of")
    page.get_by_role("radio", name="Stories").click()
    expect(figure(page, "Stories")).to_contain_text(str(HALF))
    assert quote(to_iso(lived.half), safe="") in page.url
    page.get_by_role("radio", name="Health").click()
    expect(page.get_by_text("Health shows now alone")).to_be_visible()
    expect(figures).to_have_count(0)
    visitor.picture("health-as-of")
    page.get_by_role("button", name="Back to live").click()
    expect(page.get_by_text("Health shows now alone")).to_have_count(0)
    expect(page.get_by_text("Documents scored").first).to_be_visible()


def test_what_is_not_known_of_then_is_said(place: Place, visit: Callable[..., Visitor]) -> None:
    lived, visitor = place.lived, visit(place.served)
    page = visitor.open(f"?page=Company&company={COMPANY}&as_of={quote(to_iso(lived.before))}")
    expect(page.get_by_text("the journal begins later")).to_be_visible()
    visitor.picture("company-as-of-unknown")
    page = visitor.open(f"?page=Market&as_of={quote(to_iso(lived.before))}")
    expect(page.get_by_text("the journal begins later")).to_be_visible()
    page = visitor.open(f"?page=Nonsense&as_of={quote(to_iso(lived.half))}")  # the first page, as of then
    expect(figure(page, "Opinions")).to_contain_text(str(HALF))
    page = visitor.open("?page=Market&as_of=yesterday")
    expect(page.get_by_text("cannot be read")).to_be_visible()
    page = visitor.open(f"?page=Alerts&as_of={quote(to_iso(lived.end + 24 * HOUR))}")
    expect(page.get_by_text("Still to come")).to_be_visible()

    page = visitor.open(f"?page=Alerts&as_of={quote(to_iso(place.between))}")
    expect(page.get_by_text("Alert of the first")).to_be_visible()
    expect(page.get_by_text("Alert of the second")).to_have_count(0)
    expect(page.get_by_role("button", name="Mark all read")).to_have_count(0)
    page.get_by_role("button", name="Back to live").click()
    expect(page.get_by_text("Alert of the second")).to_be_visible()


def test_no_page_shows_now_under_a_past_date(place: Place, visit: Callable[..., Visitor]) -> None:
    """Every page, dark and as narrow as a telephone, at a moment at which half was known."""
    visitor = visit(place.served, width=390, scheme="dark")
    moment = quote(to_iso(place.lived.half + SECOND))
    for name in ACTS:
        page = visitor.open(f"?page={quote(name)}&company={COMPANY}&subjects={COMPANY}&as_of={moment}")
        expect(page.get_by_role("button", name="Back to live")).to_be_visible()
        expect(page.get_by_text("Finding out what was said then")).to_have_count(0)
        if name in THEN or name == "Audit":  # for admins, where people log in; others get the first page
            expect(page.get_by_text(SAID)).to_be_visible()
            expect(page.get_by_text(f"{name} shows now alone")).to_have_count(0)
        else:
            expect(page.get_by_text(f"{name} shows now alone")).to_be_visible()
        expect(page.get_by_text("cuts its outlook")).to_have_count(0)
        expect(page.get_by_test_id("stException")).to_have_count(0)
        visitor.picture(f"as-of-narrow-{name.lower().replace(' ', '-')}")
