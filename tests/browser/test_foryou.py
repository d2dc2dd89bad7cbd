"""The pages For you and Alerts: an analyst follows, rates and reads alerts; and what they say when there is nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from playwright.sync_api import expect

from services.alerts.evaluate import make_alert
from services.alerts.kinds.threshold import Threshold
from services.alerts.rules import Rule
from services.alerts.step import deliveries_of
from services.alerts.store import AlertStore, Step
from services.embedded.redis import EmbeddedRedis
from shared.clock import SystemClock
from shared.contract.aggregates import unpack_recent
from shared.contract.keys import Keys
from shared.contract.signals import decode_signal
from shared.reading.readers.audit import AuditLog
from shared.reading.readers.profiles import Follow, Profiles
from shared.universe.securities import Catalogue
from tests.browser.conftest import PATIENCE, Served, Visitor, serve, until
from tests.browser.seed import END, listed, seed
from tests.browser.test_signals import give_out

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]
expect.set_options(timeout=PATIENCE)
KEYS = Keys("live", 8)
COMPANIES = [company for company, _ in listed(24)]
SECTOR = Catalogue.load().by_id[COMPANIES[0]].sector


def alert_on(client: redis.Redis, companies: list[str]) -> None:
    """One alert on each company's latest signal."""
    store = AlertStore(client, KEYS)
    step = Step()
    for company in companies:
        raw = client.hget(KEYS.latest_signals(KEYS.slot_of(company)), f"pulse|{company}")
        recent = [unpack_recent(value) for value in client.hvals(KEYS.recent(company))][:3]  # type: ignore[union-attr]
        rule = Rule(name="strong-opinion", kind="threshold", condition=Threshold(above=0.2), channels=("desk",))
        alert = make_alert(rule, decode_signal(raw), "score is +0.61, at or above +0.50", recent)  # type: ignore[arg-type]
        step.alerts.append(alert)
        step.deliveries += deliveries_of(alert, END)
    before = store.position()
    assert store.commit(step, "topic", before[1] if before else None, (before[1] if before else 0) + 1)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, redis.Redis]]:
    folder = tmp_path_factory.mktemp("foryou")
    server = EmbeddedRedis(folder / "redis")
    server.start()
    with redis.Redis.from_url(server.url) as client:
        seed(client, listed(24), volume=0.25)
        give_out(client, COMPANIES)
        alert_on(client, COMPANIES[:5])
        Profiles(client).add("desk", Follow("main", "company", COMPANIES[3]), END)
        started = serve(folder / "state", server.url)
        yield started, client
        started.stop()
    server.stop()
    assert "Traceback" not in started.log.read_text()


def noted(client: redis.Redis) -> list[tuple[str, str]]:
    """Action and target of what was done on the pages, newest first."""
    return [(each.action, each.target) for each in AuditLog(client, SystemClock()).recent() if each.via == "dashboard"]


def test_an_analyst_follows_a_sector_and_rates_an_article(
    own: tuple[Served, redis.Redis], visit: Callable[..., Visitor]
) -> None:
    served, client = own
    visitor = visit(served, height=1200)
    page = visitor.open("?page=For+you")
    expect(page.get_by_text("You follow nothing yet")).to_be_visible()
    visitor.picture("empty-foryou")
    page.get_by_text("Edit watchlist").first.click()
    page.get_by_label("Sectors", exact=True).click()
    page.get_by_role("option", name=SECTOR, exact=True).click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Save", exact=True).click()
    followed = [Follow("main", "sector", SECTOR)]
    until(lambda: Profiles(client).follows("default") == followed, 60, "what was chosen did not reach Redis")
    expect(page.get_by_text("You follow nothing yet")).to_have_count(0)
    expect(page.locator(".why", has_text=f"followed: sector {SECTOR}").first).to_be_visible()

    page.keyboard.press("Escape")
    article = page.locator(".row", has=page.locator(".thumb")).last
    article.get_by_title("More like this").click()
    until(lambda: len(Profiles(client).ratings("default")) == 1, 60, "the thumb did not reach Redis")
    (rating,) = Profiles(client).ratings("default").values()
    assert rating.value == 1
    until(lambda: noted(client) == [("rate", "default"), ("follow", "default")], 60, "the audit log does not say so")
    assert any(feature.startswith("source:") for feature in rating.features)
    expect(page.locator(".why", has_text="you liked 1 similar").first).to_be_visible()
    expect(page.locator('.thumb[aria-pressed="true"]').first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280, "the page scrolls sideways"
    visitor.picture("foryou-light")


def test_an_analyst_reads_alerts_and_goes_to_the_signal(
    own: tuple[Served, redis.Redis], visit: Callable[..., Visitor]
) -> None:
    served, client = own
    visitor = visit(served, width=1920, scheme="dark")
    page = visitor.open("?profile=desk")
    page.get_by_role("button", name="5 new").click()
    expect(page.get_by_text("What the rules said")).to_be_visible()
    expect(page.locator(".row.new")).to_have_count(5)
    expect(page.get_by_role("button", name="CSV").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 1920, "the page scrolls sideways"
    visitor.picture("alerts-dark")
    page.get_by_role("button", name="Mark all read").click()
    expect(page.locator(".row.new")).to_have_count(0)
    alert_on(client, COMPANIES[5:6])
    expect(page.locator(".row.new")).to_have_count(1)
    page.get_by_text("Followed", exact=True).click()
    expect(page.locator(".row")).to_have_count(1)
    assert "only=Followed" in page.url
    page.locator(".row .chip").click()
    expect(page.get_by_text("Ranked by strength")).to_be_visible()
    page.get_by_text("Watchlist", exact=True).click()
    expect(page.get_by_text("of 1", exact=True).first).to_be_visible()
    visitor.picture("signals-watchlist-dark")
    page.get_by_role("button", name="Open company").click()
    page.get_by_role("button", name="Following").click()
    until(lambda: Profiles(client).follows("desk") == [], 60, "it is followed all the same")
    page.get_by_role("button", name="Follow", exact=True).click()
    until(lambda: len(Profiles(client).follows("desk")) == 1, 60, "it is not followed")
    until(lambda: noted(client)[:2] == [("follow", "desk"), ("unfollow", "desk")], 60, "the audit log does not say so")
    visitor.picture("company-follow-dark")
    page = visitor.open("?page=For+you&profile=desk")
    expect(page.locator(".why").first).to_be_visible()
    visitor.picture("foryou-dark")


@pytest.fixture
def empty(tmp_path: Path, own_redis: EmbeddedRedis) -> Iterator[Served]:
    started = serve(tmp_path / "state", own_redis.url)
    yield started
    started.stop()
    assert "Traceback" not in started.log.read_text()


def test_without_alerts_the_page_says_what_to_do_and_redis_may_go(
    empty: Served, own_redis: EmbeddedRedis, visit: Callable[..., Visitor]
) -> None:
    visitor = visit(empty)
    page = visitor.open("?page=Alerts")
    expect(page.get_by_text("No alerts yet")).to_be_visible()
    visitor.open("?page=For+you")
    expect(page.get_by_text("No signal to recommend")).to_be_visible()
    own_redis.kill()
    expect(page.get_by_text("Redis does not answer").first).to_be_visible()
    expect(page.get_by_text("No signal to recommend")).to_be_visible()  # what was read last stays
