"""Review as somebody does it all day: one question at a time, one press an answer, with keys or with the mouse."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from shared.clients.redis import connect
from shared.clock import SystemClock
from shared.contract.feedback.label import Label
from shared.reading.readers.audit import AuditLog
from shared.reading.readers.labels import Labels
from shared.settings import load_settings
from tests.browser.conftest import PATIENCE, Served, Visitor, until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]
expect.set_options(timeout=PATIENCE)
WIDTHS = [(390, "light"), (1280, "light"), (1280, "dark"), (1920, "light")]


def labels(told: Served) -> list[Label]:
    with connect(load_settings(told.log.parent).redis) as client:
        return Labels(client, AuditLog(client, SystemClock())).all()


def written(told: Served, count: int) -> None:
    """So many labels are written, in a while."""
    deadline = time.monotonic() + 30
    while len(labels(told)) < count and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(labels(told)) == count, labels(told)


def answered(page: Page, press: Callable[[], None]) -> None:
    """Press, and wait for the next question."""
    card = page.locator(".review")
    before = card.get_attribute("data-fingerprint")
    press()
    expect(card).not_to_have_attribute("data-fingerprint", str(before))


def test_questions_are_answered_one_after_another(told: Served, visit: Callable[..., Visitor]) -> None:
    known = len(labels(told))
    visitor = visit(told)
    page = visitor.open("?page=Review&profile=ada")
    expect(page.locator(".review .choice").first).to_be_visible()
    expect(page.locator(".review .text")).to_be_visible()
    visitor.picture("review-1280")
    answered(page, lambda: page.keyboard.press("Enter"))
    answered(page, lambda: page.keyboard.press("2"))
    answered(page, page.locator(".review .choice").first.click)
    answered(page, lambda: page.keyboard.press("u"))
    expect(page.get_by_text("Just answered")).to_be_visible()
    written(told, known + 4)
    mine = labels(told)[-4:]
    assert {each.reviewer for each in mine} == {"ada"} and {each.via for each in mine} == {"dashboard"}
    assert mine[0].answer == mine[0].said and mine[3].answer == ""
    assert len({each.asked for each in mine}) == 4

    answered(page, lambda: page.keyboard.press("Backspace"))  # to the one that was not sure
    answered(page, lambda: page.keyboard.press("1"))
    written(told, known + 5)
    assert labels(told)[-1].asked == mine[3].asked and labels(told)[-1].answer
    with connect(load_settings(told.log.parent).redis) as client:
        noted = [each for each in AuditLog(client, SystemClock()).waiting() if each.action == "review answer"]
    assert noted[-1].target == " ".join(mine[3].asked).strip() and noted[-1].detail.endswith(", as ada")
    assert visitor.complaints == []


def test_what_is_right_instead_is_found_by_typing(told: Served, visit: Callable[..., Visitor]) -> None:
    visitor = visit(told)
    page = visitor.open("?page=Review&profile=bo&questions=Event")
    expect(page.locator(".review .heading")).to_have_text("Which event does it tell?")
    page.keyboard.press("o")
    page.keyboard.type("law")
    expect(page.locator(".review .option.at")).to_contain_text(re.compile("law", re.IGNORECASE))
    visitor.picture("review-picker")
    answered(page, lambda: page.keyboard.press("Enter"))
    until(lambda: labels(told)[-1].reviewer == "bo", 60, "the label is not written")
    assert labels(told)[-1].answer == "lawsuit" and labels(told)[-1].aspect == "event"

    page = visitor.open("?page=Review&profile=bo&questions=Company")
    expect(page.locator(".review .heading")).to_contain_text("Is it about")
    page.locator(".review input").fill("nobody at all")
    answered(page, lambda: page.keyboard.press("Enter"))  # the same question again
    expect(page.get_by_text("no company is known as")).to_be_visible()
    page.locator(".review input").fill("lockheed")
    answered(page, lambda: page.keyboard.press("Enter"))
    until(lambda: labels(told)[-1].answer == "LMT", 60, "the label is not written")
    assert visitor.complaints == []


@pytest.mark.parametrize(("width", "theme"), WIDTHS)
def test_it_fits(told: Served, visit: Callable[..., Visitor], width: int, theme: str) -> None:
    visitor = visit(told, width=width, height=1000, scheme=theme)
    page = visitor.open("?page=Review&profile=cy")
    expect(page.locator(".review .choice").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    visitor.picture(f"review-{width}-{theme}")
    assert visitor.complaints == []
