"""Nobody gets to a path or the websocket without a login: a real provider on this machine, a real uvicorn."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import redis
import uvicorn
from joserfc.jwk import OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect as open_socket

from dashboard.__main__ import address_in
from dashboard.door.middleware import Door
from dashboard.door.sessions import User, role_of
from shared.clock import SystemClock
from shared.contract.keys import AUDIT_OUTBOX
from shared.reading.readers.audit import AuditLog
from shared.settings import DashboardSettings, SettingsError, load_settings
from tests.oidc_provider import CLIENT, SECRET, Provider, providing
from tests.system import until

NAMES = ("x-bellwether-user", "x-bellwether-role", "x-bellwether-profile")


async def _seen(request: Request) -> JSONResponse:
    return JSONResponse({name: request.headers.get(name) for name in NAMES})


async def _echo(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_json({name: websocket.headers.get(name) for name in NAMES})
    try:
        while True:
            await websocket.send_text(await websocket.receive_text())
    except WebSocketDisconnect:
        return


@contextmanager
def guarded(redis_url: str, base: str = "", **given: Any) -> Iterator[httpx.Client]:
    """Some application behind the door, and a browser without cookies."""
    with socket.socket() as listening, redis.Redis.from_url(redis_url) as store:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        if "oidc_issuer" in given:
            given = {"oidc_client_id": CLIENT, "oidc_client_secret": SECRET, "url": url + base} | given
        routes = [WebSocketRoute("/{path:path}", _echo), Route("/{path:path}", _seen, methods=["GET", "POST"])]
        inner = Starlette(routes=routes)
        clock = SystemClock()
        door = Door(inner, DashboardSettings(**given), base.strip("/"), clock, lambda: AuditLog(store, clock))
        server = uvicorn.Server(uvicorn.Config(door, log_config=None, timeout_graceful_shutdown=2, lifespan="off"))
        thread = threading.Thread(target=lambda: asyncio.run(server._serve([listening])), daemon=True)
        thread.start()
        until(lambda: server.started)
        with httpx.Client(base_url=url, follow_redirects=True) as browser:
            yield browser
        server.should_exit = True
        thread.join(20)


@pytest.fixture
def provider() -> Iterator[Provider]:
    with providing() as found:
        yield found


PAGE = {"Accept": "text/html"}


def cookies(browser: httpx.Client) -> dict[str, str]:
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}


def ws(browser: httpx.Client) -> str:
    return str(browser.base_url).replace("http", "ws") + "/_stcore/stream"


def test_nothing_is_shown_before_the_login_and_the_user_s_own_after_it(redis_url: str, provider: Provider) -> None:
    with guarded(redis_url, oidc_issuer=provider.url) as browser:
        for path in ("/", "/static/js/x.js", "/_stcore/host-config", "/media/x", "/_stcore/upload_file/x"):
            assert browser.get(path).status_code == 401
            assert browser.post(path).status_code in (401, 405)
        with pytest.raises(InvalidStatus):
            open_socket(ws(browser))
        assert browser.get("/_stcore/health").status_code == 200
        page = browser.get("/?page=Signals&company=AAPL", headers=PAGE)
        assert str(page.url).endswith("/?page=Signals&company=AAPL")
        who = page.json()
        assert (who["x-bellwether-user"], who["x-bellwether-role"]) == ("ada", "analyst")
        assert who["x-bellwether-profile"].startswith("ada-")
        forged = browser.get("/x", headers={"X-Bellwether-Role": "admin", "x-bellwether-user": "eve"}).json()
        assert forged == who
        with open_socket(ws(browser), additional_headers=cookies(browser)) as connection:
            assert '"analyst"' in connection.recv()
            connection.send("x")
            assert connection.recv() == "x"
        with pytest.raises(InvalidStatus):
            open_socket(ws(browser), additional_headers=cookies(browser), origin="https://evil.example")


def test_a_logout_ends_the_session_and_its_open_pages(redis_url: str, provider: Provider) -> None:
    with guarded(redis_url, oidc_issuer=provider.url) as browser:
        browser.get("/", headers=PAGE)
        stolen = cookies(browser)
        with open_socket(ws(browser), additional_headers=stolen) as connection:
            connection.recv()
            assert browser.get("/_door/logout").status_code == 200
            with pytest.raises(ConnectionClosed):
                connection.recv(timeout=10)
        assert httpx.get(f"{browser.base_url}/", headers=stolen).status_code == 401


def test_a_session_ends_by_itself_and_so_do_its_pages(redis_url: str, provider: Provider) -> None:
    with guarded(redis_url, oidc_issuer=provider.url, session_hours=3 / 3600) as browser:
        browser.get("/", headers=PAGE)
        held = cookies(browser)
        with open_socket(ws(browser), additional_headers=held) as connection:
            connection.recv()
            with pytest.raises(ConnectionClosed):
                connection.recv(timeout=20)
        assert httpx.get(f"{browser.base_url}/", headers=held).status_code == 401


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"roles": ["viewer", "admin", "other"]}, 200),
        ({"roles": "viewer"}, 200),
        ({"roles": ["nothing"]}, 403),
        ({"roles": 7}, 403),
        ({"nonce": "another"}, 403),
        ({"aud": "another"}, 403),
        ({"aud": [CLIENT, "another"]}, 403),
        ({"aud": [CLIENT, "another"], "azp": CLIENT}, 200),
        ({"iss": "https://elsewhere.example"}, 403),
        ({"exp": int(time.time()) - 3600}, 403),
        ({"sub": None}, 403),
    ],
)
def test_claims_decide(redis_url: str, provider: Provider, claims: dict[str, Any], status: int) -> None:
    provider.claims |= claims
    with guarded(redis_url, oidc_issuer=provider.url) as browser:
        answer = browser.get("/", headers=PAGE)
        assert answer.status_code == status, answer.text
        assert (browser.get("/x").status_code == 200) == (status == 200)


def test_a_token_that_the_provider_did_not_sign_is_nobody_s(redis_url: str, provider: Provider) -> None:
    with guarded(redis_url, oidc_issuer=provider.url) as browser:
        provider.key = RSAKey.generate_key(2048, {"kid": "one"})
        assert browser.get("/", headers=PAGE).status_code == 403
        provider.key, provider.header = OctKey.import_key(SECRET), {"alg": "HS256"}
        assert browser.get("/", headers=PAGE).status_code == 403


def test_a_login_that_another_browser_began_is_refused(redis_url: str, provider: Provider) -> None:
    with guarded(redis_url, oidc_issuer=provider.url) as browser:
        first = httpx.get(f"{browser.base_url}/_door/login")
        back = httpx.get(first.headers["location"]).headers["location"]
        assert browser.get(back).status_code == 403  # the victim's browser did not begin it
        assert browser.get("/x").status_code == 401


def test_where_to_go_after_the_login_is_a_path_of_ours(redis_url: str, provider: Provider) -> None:
    with guarded(redis_url, oidc_issuer=provider.url) as browser:
        for to in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "/\n/evil"):
            answer = browser.get("/_door/login", params={"to": to})
            assert str(answer.url) == f"{browser.base_url}/", to


def test_below_a_path_of_a_proxy(redis_url: str, provider: Provider) -> None:
    with guarded(redis_url, "/tools/bw", oidc_issuer=provider.url) as browser:
        answer = browser.get("/tools/bw/page", headers=PAGE)
        assert str(answer.url) == f"{browser.base_url}/tools/bw/page"
        assert answer.json()["x-bellwether-user"] == "ada"


def test_logins_are_in_the_audit_log(redis_url: str, provider: Provider) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.delete(AUDIT_OUTBOX)
        with guarded(redis_url, oidc_issuer=provider.url) as browser:
            browser.get("/", headers=PAGE)
            browser.get("/_door/logout")
            provider.claims["roles"] = []
            browser.get("/", headers=PAGE)
        found = [(entry.who, entry.action, entry.outcome) for entry in AuditLog(client, SystemClock()).waiting()]
        assert found == [("ada", "log in", "done"), ("ada", "log out", "done"), ("somebody", "log in", "refused")]
        client.delete(AUDIT_OUTBOX)


def test_a_proxy_s_word_counts_from_where_it_sits_alone(redis_url: str) -> None:
    header = {"X-Forwarded-User": "grace", "X-Groups": "staff, traders"}
    given = {"proxy_user_header": "X-Forwarded-User", "proxy_role_header": "X-Groups", "roles": {"traders": "analyst"}}
    with guarded(redis_url, proxies=("127.0.0.0/8",), **given) as browser:
        assert browser.get("/", headers=header).json()["x-bellwether-role"] == "analyst"
        assert browser.get("/").status_code == 401
        assert browser.get("/", headers={"X-Forwarded-User": "grace"}).status_code == 401
        with open_socket(ws(browser), additional_headers=header) as connection:
            assert "grace" in connection.recv()
    with guarded(redis_url, proxies=("10.0.0.0/8",), **given) as browser:
        assert browser.get("/", headers=header).status_code == 401
        with pytest.raises(InvalidStatus):
            open_socket(ws(browser), additional_headers=header)


def test_every_answer_forbids_framing_and_guessing(redis_url: str) -> None:
    with guarded(redis_url) as browser:
        headers = browser.get("/").headers
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert headers["content-security-policy"] == "frame-ancestors 'self'"
        assert headers["x-content-type-options"] == "nosniff"


def test_profiles_are_one_user_s_each() -> None:
    users = [
        User("ada@x.example", "issuer 1", "viewer"),
        User("ada@y.example", "issuer 2", "viewer"),
        User("é!", "p", "viewer"),
    ]
    assert len({user.profile for user in users}) == 3
    assert users[0].profile.startswith("ada-")
    assert role_of(["a", "b"], {"a": "viewer", "b": "admin"}, "") == "admin"
    assert role_of(["x"], {}, "viewer") == "viewer"
    assert role_of(["x"], {}, "") is None


@pytest.mark.parametrize(
    "given",
    [
        {"oidc_issuer": "https://id.example"},
        {"oidc_issuer": "http://id.example", "oidc_client_id": "x", "url": "https://x.example"},
        {"proxy_user_header": "X-User"},
        {"proxy_user_header": "X-User", "proxies": ["10.0.0.0/8"], "oidc_issuer": "https://id.example"},
    ],
)
def test_half_a_login_is_refused(given: dict[str, Any], tmp_path: Any) -> None:
    with pytest.raises(SettingsError, match="DASHBOARD"):
        load_settings(tmp_path, dashboard=given)


def test_an_open_address_without_a_login_is_refused_unless_said() -> None:
    plain = DashboardSettings()
    assert plain.exposed("127.0.0.1") == "" == plain.exposed("localhost") == plain.exposed("::1")
    for host in ("0.0.0.0", "", "192.0.2.1", "example.com"):
        assert "--insecure" in plain.exposed(host)
        assert DashboardSettings(insecure=True).exposed(host) == ""
    assert DashboardSettings(proxy_user_header="X-User", proxies=("127.0.0.1",)).exposed("0.0.0.0") == ""
    assert address_in(["--server.address", "0.0.0.0"], {}) == "0.0.0.0" == address_in(["--server.address=0.0.0.0"], {})
    assert address_in(["--server.port", "1"], {"STREAMLIT_SERVER_ADDRESS": "::"}) == "::"
    assert address_in([], {}) == ""
