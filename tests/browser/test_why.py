"""Why it moved, as an analyst asks it: the window, or a stretch that is marked on the chart; and companies compared."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE, Served, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]
expect.set_options(timeout=PATIENCE)
WIDTHS = [(390, "light"), (1280, "light"), (1280, "dark"), (1920, "light")]
PAGES = {
    "why": "?page=Company&company=BA&why=window",
    "compare": "?page=Compare&subjects=BA,AAPL,MSFT,sector:Industrials",
    "sectors": "?page=Sectors",
    "sector": "?page=Sectors&sector=Information+Technology",
}


def numbers(page: Page, selector: str) -> list[float]:
    texts = page.locator(selector).all_inner_texts()
    return [float(text.replace("\u2212", "-")) for text in texts]


def test_the_window_is_asked_about_and_unfolds(told: Served, visit: Callable[..., Visitor]) -> None:
    page = visit(told, height=1600).open("?page=Company&company=BA")
    page.get_by_role("button", name="Why did it move?").click()
    page.wait_for_function("location.search.includes('why=window')")
    expect(page.get_by_text("Sentiment of Boeing fell by")).to_be_visible()
    expect(page.get_by_text("Most of it:")).to_be_visible()
    tree = page.locator(".tree")
    expect(tree.locator("> details, > .line").first).to_be_visible()
    whole = numbers(page, ".tree > details > summary .value, .tree > .line > .value")
    told_of = page.get_by_text("Sentiment of Boeing fell by").inner_text()
    change = -float(re.search(r"fell by ([\d.]+)", told_of)[1])  # type: ignore[index]
    assert sum(whole) == pytest.approx(change, abs=0.006)
    expect(tree.locator(".faded").first).to_be_attached()
    story = tree.locator("details details > summary", has_text="Regulator opens a case")
    event = tree.locator("> details", has_text="Regulator opens a case")
    if not story.is_visible():
        event.locator("> summary").click()
    expect(story).to_contain_text("told 5 times by 5 sources")
    story.click()
    tree.locator("a.label", has_text="Regulator opens a case").first.click()
    page.wait_for_function("location.search.includes('page=Document')")
    expect(page.locator(".reading")).to_contain_text("The regulator opened a case")
    page.go_back()
    expect(page.get_by_text("Sentiment of Boeing fell by")).to_be_visible()
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.get_by_text("Sentiment of Boeing fell by")).to_have_count(0)


def test_a_stretch_is_marked_with_the_mouse(told: Served, visit: Callable[..., Visitor]) -> None:
    visitor = visit(told, height=1600)
    page = visitor.open("?page=Company&company=BA&window=7d")
    drag = page.locator(".js-plotly-plot .draglayer .nsewdrag").first
    expect(drag).to_be_attached()
    expect(page.locator(".js-plotly-plot .points path.point").first).to_be_visible()
    drag.hover()
    page.locator(".modebar-btn[data-val='select']").first.click()
    box = drag.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.97, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.9, middle, steps=8)
    page.mouse.move(box["x"] + box["width"] * 0.6, middle, steps=8)
    page.mouse.up()
    page.wait_for_function("/why=\\d+-\\d+/.test(location.search)")
    expect(page.get_by_text(re.compile("Sentiment of Boeing|Nothing was written of Boeing")).first).to_be_visible()
    visitor.picture("why-marked")


@pytest.mark.parametrize(("width", "scheme"), WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_looks(told: Served, visit: Callable[..., Visitor], name: str, width: int, scheme: str) -> None:
    visitor = visit(told, width, 1500, scheme)
    page = visitor.open(PAGES[name])
    if name == "why":
        expect(page.locator(".tree .line").first).to_be_visible()
        expect(page.locator(".js-plotly-plot .points path.point").first).to_be_visible()
    else:
        expect(page.locator('[data-testid="stDataFrame"]').first).to_be_visible()
    if name in ("compare", "sector"):
        expect(page.locator(".js-plotly-plot").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page scrolls sideways"
    visitor.picture(f"{name}-{width}-{scheme}")


def test_companies_are_added_and_taken_away(told: Served, visit: Callable[..., Visitor]) -> None:
    page = visit(told, height=1200).open("?page=Company&company=AAPL")
    page.get_by_role("button", name=re.compile("Compare$")).click()
    expect(page.get_by_text("Sentiment side by side")).to_be_visible()
    page.get_by_role("combobox", name="Add", exact=True).fill("Boeing")
    page.keyboard.press("Enter")
    page.wait_for_function("decodeURIComponent(location.search).includes('subjects=AAPL,BA')")
    page.get_by_role("button", name=re.compile("Add its sector")).click()
    page.wait_for_function("decodeURIComponent(location.search).includes('sector:')")
    expect(page.locator(".js-plotly-plot .legendtext")).to_have_count(3)
    page.get_by_role("button", name=re.compile("^BA ")).click()
    expect(page.locator(".js-plotly-plot .legendtext")).to_have_count(2)
    page.go_back()
    expect(page.locator(".js-plotly-plot .legendtext")).to_have_count(3)
    page.get_by_role("radio", name="day").click()
    page.wait_for_function("location.search.includes('resolution=day')")


def test_what_is_asked_for_wrongly_is_said(told: Served, visit: Callable[..., Visitor]) -> None:
    visitor = visit(told)
    expect(visitor.open("?page=Compare&subjects=NOBODY").get_by_text("Nothing to compare yet")).to_be_visible()
    page = visitor.open("?page=Sectors&sector=Nonsense")
    expect(page.get_by_text("sector called Nonsense")).to_be_visible()
    page = visitor.open("?page=Company&company=BA&why=9-1-zz")
    expect(page.get_by_text("Sentiment and volume")).to_be_visible()
    expect(page.locator(".tree")).to_have_count(0)
