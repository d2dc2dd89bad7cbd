"""A real dashboard behind its door, a provider on this machine, and a browser that logs in."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
import redis
from playwright.sync_api import Browser, expect

from services.embedded.ports import free_port
from shared.clock import SystemClock
from shared.contract.keys import AUDIT_OUTBOX
from shared.reading.readers.audit import AuditLog
from tests.browser.conftest import ARTEFACTS, PATIENCE, Served, serve
from tests.browser.seed import listed, seed
from tests.oidc_provider import CLIENT, SECRET, Provider, providing

pytestmark = pytest.mark.browser


def guarded(state: Path, redis_url: str, provider: Provider) -> Served:
    port = free_port()
    settings = {
        "BELLWETHER_DASHBOARD__URL": f"http://127.0.0.1:{port}",
        "BELLWETHER_DASHBOARD__OIDC_ISSUER": provider.url,
        "BELLWETHER_DASHBOARD__OIDC_CLIENT_ID": CLIENT,
        "BELLWETHER_DASHBOARD__OIDC_CLIENT_SECRET": SECRET,
        "BELLWETHER_RUN": "login",
    }
    return serve(state, redis_url, port=port, settings=settings)


def test_an_admin_sees_who_did_what_and_a_viewer_does_not(browser: Browser, tmp_path: Path, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client, providing() as provider:
        client.delete(AUDIT_OUTBOX)
        seed(client, listed(12), run="login", slots=4, volume=0.1)
        log = AuditLog(client, SystemClock())
        log.note(log.entry("desk-push", "api", "POST /v1/documents", "done", role="push", address="10.1.2.3"))
        log.note(log.entry("mallory", "api", "GET /v1/market", "refused", detail="<b>this</b> key is not known"))
        served = guarded(tmp_path / "state", redis_url, provider)
        try:
            assert httpx.get(f"{served.url}/").status_code == 401
            provider.claims |= {"preferred_username": "grace", "roles": ["admin"]}
            page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
            page.goto(f"{served.url}/?page=Audit", timeout=PATIENCE)
            expect(page.get_by_text("grace, admin")).to_be_visible(timeout=PATIENCE)
            expect(page.get_by_text("Audit log")).to_be_visible(timeout=PATIENCE)
            expect(page.get_by_test_id("stDataFrame")).to_be_visible(timeout=PATIENCE)
            expect(page.locator("[data-testid=stDataFrame] canvas").first).to_be_visible(timeout=PATIENCE)
            page.screenshot(path=ARTEFACTS / "audit.png")
            page.goto(f"{served.url}/_door/logout", timeout=PATIENCE)
            page.close()

            provider.claims |= {"preferred_username": "ada", "sub": "u2", "roles": ["viewer"]}
            page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
            page.goto(f"{served.url}/?page=Audit&profile=default", timeout=PATIENCE)
            expect(page.get_by_text("ada, viewer")).to_be_visible(timeout=PATIENCE)
            expect(page.get_by_text("Audit log")).to_have_count(0)
            page.screenshot(path=ARTEFACTS / "login-viewer.png")
            page.close()
            told = json.dumps([str(entry) for entry in log.waiting()])
            assert "log in" in told and SECRET not in told
            assert SECRET not in served.log.read_text()
        finally:
            served.stop()
            client.delete(AUDIT_OUTBOX)
