"""The Company page as of a moment: what was said then, plainly marked, in the address, with a way back to now."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
import redis
from playwright.sync_api import expect

from services.embedded.redis import EmbeddedRedis
from shared.clock import HOUR, to_iso
from tests.browser.conftest import PATIENCE, Served, Visitor
from tests.browser.past import COMPANY, HALF, delete, live

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]
expect.set_options(timeout=PATIENCE)


def test_what_was_said_then_and_back_to_now(
    tmp_path: Path, serving: Callable[[Path, str], Served], visit: Callable[..., Visitor]
) -> None:
    server, state = EmbeddedRedis(tmp_path / "redis"), tmp_path / "state"
    server.start()
    try:
        with redis.Redis.from_url(server.url) as client:
            state.mkdir()
            lived = live(state, client)
            delete(client, state, HALF - 1)
            visitor = visit(serving(state, server.url))
            page = visitor.open(f"?page=Company&company={COMPANY}&as_of={quote(to_iso(lived.half + 1))}")
            then = page.get_by_text("what Bellwether said then")
            figures = page.locator(".figure")
            expect(then).to_be_visible()
            expect(figures.filter(has_text="Opinions")).to_contain_text(str(HALF))
            expect(figures.filter(has_text="Sentiment").first).to_contain_text("+0.70")
            expect(page.get_by_text(f"lifts its outlook, report {HALF - 2}")).to_be_visible()
            expect(page.get_by_text(f"lifts its outlook, report {HALF - 1}")).to_have_count(0)
            expect(page.get_by_text("cuts its outlook")).to_have_count(0)
            visitor.picture("company-as-of")

            page.get_by_role("button", name="Back to now").click()
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

            page = visitor.open(f"?page=Company&company={COMPANY}&as_of={quote(to_iso(lived.before))}")
            expect(page.get_by_text("the journal begins later")).to_be_visible()
            visitor.picture("company-as-of-unknown")
            page = visitor.open(f"?page=Company&company={COMPANY}&as_of=yesterday")
            expect(page.get_by_text("cannot be read")).to_be_visible()
            page = visitor.open(f"?page=Company&company={COMPANY}&as_of={quote(to_iso(lived.end + 24 * HOUR))}")
            expect(page.get_by_text("Still to come")).to_be_visible()
    finally:
        server.stop()
