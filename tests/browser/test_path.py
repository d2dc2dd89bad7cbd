"""A person's path through the dashboard, and what it looks like on the way."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE, Visitor, Week
from tests.browser.seed import listed

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]  # a busy machine starts Chromium slowly
expect.set_options(timeout=PATIENCE)

LOOKS = [(1280, "light"), (1280, "dark"), (1920, "light"), (1920, "dark")]
(COMPANY, NAME), (_, OTHER) = listed(2)  # the two with the most opinions of the synthetic week
PAGES = {"market": "", "company": f"?page=Company&company={COMPANY}", "health": "?page=Health"}


def settled(page: Page) -> None:
    """Figures are there and nothing is being drawn for the first time."""
    expect(page.locator(".figure").first).to_be_visible()
    expect(page.locator('[data-testid="stSkeleton"]')).to_have_count(0)


def click_a_point(page: Page) -> str:
    """Click a point of the sentiment line, by the mouse, for the chart itself finds what lies under it; HH:MM of it."""
    point = page.locator(".js-plotly-plot .subplot.xy .points path.point").nth(-5)
    expect(point).to_be_visible()
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y + 60)
    page.mouse.move(x, y, steps=4)
    title = page.locator(".js-plotly-plot .hoverlayer .legendtitletext")
    expect(title).to_contain_text(":")
    page.mouse.click(x, y)
    return (title.text_content() or "").rpartition(" ")[2]


def test_from_the_market_to_a_document_and_back(week: Week, visit: Callable[..., Visitor]) -> None:
    visitor = visit(week.served)
    page = visitor.open()
    settled(page)
    expect(page.get_by_text("as of 27 Feb 2026").first).to_be_visible()
    expect(page.get_by_text("synthetic data", exact=True).first).to_be_visible()
    expect(page.locator("button.tile")).to_have_count(500)

    page.get_by_role("radio", name="7d").click()
    expect(page.get_by_text("Movers over 7d").first).to_be_visible()
    assert "window=7d" in page.url

    tile = page.locator("button.tile").first
    tile.hover()
    expect(page.locator(".tip")).to_contain_text("opinions")
    company = tile.get_attribute("data-company") or ""
    tile.click()
    expect(page.get_by_text("Sentiment and volume").first).to_be_visible()
    assert f"company={company}" in page.url
    assert "window=7d" in page.url

    hour = click_a_point(page)
    expect(page.get_by_text(f"{hour} UTC", exact=False).first).to_be_visible()
    expect(page.get_by_text("Documents of the hour from").first).to_contain_text(hour)
    expect(page.locator("article.row").first).to_be_visible()
    visitor.picture("company-point")

    page.get_by_role("radio", name="Market").click()
    expect(page.get_by_text("Movers over 7d").first).to_be_visible()
    assert "window=7d" in page.url


def test_search_times_and_a_link_that_can_be_shared(week: Week, visit: Callable[..., Visitor]) -> None:
    page = visit(week.served).open("?tz=exchange")
    settled(page)
    expect(page.get_by_text("New York", exact=False).first).to_be_visible()
    search = page.get_by_role("combobox", name="Company")
    for name in (OTHER, NAME):  # with the same box
        search.fill(name)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(page.get_by_text("Latest documents")).to_be_visible()  # a press on what is still being drawn may be lost
    expect(page.locator("article.row").first).to_be_visible()
    expect(search).to_have_value("")
    page.get_by_role("radio", name="day").click()
    page.wait_for_function("location.search.includes('resolution=day')")
    page.get_by_role("radio", name="social").click()
    page.wait_for_function("location.search.includes('resolution=day') && location.search.includes('channel=social')")
    shared = page.url
    assert f"company={COMPANY}" in shared

    other = visit(week.served).open(shared.partition("/?")[2].join(("?", "")))
    expect(other.get_by_role("heading", name=NAME)).to_be_visible()
    expect(other.get_by_role("radio", name="day")).to_be_checked()
    expect(other.get_by_role("radio", name="social")).to_be_checked()
    expect(other.get_by_text("New York", exact=False).first).to_be_visible()


def test_health(week: Week, visit: Callable[..., Visitor]) -> None:
    page = visit(week.served).open("?page=Health")
    settled(page)
    expect(page.locator(".figure", has_text="Dead letters")).to_contain_text("7")
    expect(page.locator(".figure", has_text="Duplicates")).to_contain_text("42")
    expect(page.locator(".figure", has_text=re.compile("^Model"))).to_contain_text("bellwether-mini")
    assert (page.locator("link[rel~=icon]").get_attribute("href") or "").startswith("data:image/png;base64,")


def test_health_shows_drift(week: Week, visit: Callable[..., Visitor]) -> None:
    visitor = visit(week.served)
    page = visitor.open("?page=Health")
    settled(page)
    expect(page.get_by_text("Drift", exact=True)).to_be_visible()
    table = page.locator('[data-testid="stDataFrame"]').nth(1)
    table.scroll_into_view_if_needed()
    visitor.picture("health-drift")
    table.hover()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).nth(1).click()
    rows = {row["what"]: row for row in csv.DictReader(download.value.path().read_text().splitlines())}
    assert {name for name, row in rows.items() if row["state"] == "drift"} == {"language", "unlinked"}
    assert rows["language"]["moved most"].startswith("ja 0.0% → 20.0%")
    assert float(rows["sentiment"]["distance"]) < float(rows["sentiment"]["limit"])


def test_downloads_arrive_while_others_look_on(week: Week, visit: Callable[..., Visitor]) -> None:
    others = [visit(week.served).open("?page=Health") for _ in range(4)]
    page = visit(week.served).open("?page=Health")
    for each in (*others, page):
        settled(each)
    for part, first, rows in [(0, "role,name,host,state,restarts", 3), (2, "what,value", 3)] * 3:
        button = page.get_by_role("button", name="CSV", exact=True).nth(part)
        page.locator('[data-testid="stDataFrame"]').nth(part).hover()  # its tools may not lie over the button
        with page.expect_download() as download:
            button.click()
        lines = download.value.path().read_text().splitlines()
        assert lines[0].startswith(first)
        assert len(lines) == 1 + rows
        expect(button).not_to_have_attribute("aria-busy", "true")


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
@pytest.mark.parametrize("name", PAGES)
def test_looks(week: Week, visit: Callable[..., Visitor], name: str, width: int, scheme: str) -> None:
    visitor = visit(week.served, width, 1080, scheme)
    page = visitor.open(PAGES[name])
    settled(page)
    if name == "market":
        expect(page.locator('[data-testid="stDataFrame"]')).to_have_count(2)
    if name == "company":
        expect(page.locator(".js-plotly-plot")).to_have_count(3)
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page scrolls sideways"
    background = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    assert (sum(int(part) for part in background.strip("rgb()").split(",")) > 384) == (scheme == "light")
    assert visitor.picture(f"{name}-{width}-{scheme}").stat().st_size > 20_000
