"""The middleware: nobody gets past it, to a path or the websocket, without a session or a proxy's word; sessions end,
and their websockets with them. Every answer forbids framing by others and guessing of types.
"""

from __future__ import annotations

import asyncio
import html
import ipaddress
import logging
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qs, quote, urlsplit

import redis
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.door.names import PROFILE_HEADER, ROLE_HEADER, USER_HEADER
from dashboard.door.oidc import LoginFailed, Provider
from dashboard.door.sessions import Session, Sessions, User, role_of
from shared.clock import SECOND, Clock
from shared.reading.readers.audit import AuditLog
from shared.settings import DashboardSettings

_OURS: Final = tuple(name.encode() for name in (USER_HEADER, ROLE_HEADER, PROFILE_HEADER))
COOKIE: Final = "bellwether_session"
LOGIN_COOKIE: Final = "bellwether_login"
LOOK_SECONDS: Final = 1.0  # how long a websocket may outlive its session
_PAGES: Final = "/_door/"
_HEALTH: Final = "/_stcore/health"  # says "ok" and nothing else: the supervisor and containers ask it
_HEADERS: Final = (
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "SAMEORIGIN"),
    ("content-security-policy", "frame-ancestors 'self'"),
    ("referrer-policy", "same-origin"),
)
log = logging.getLogger(__name__)


class Door:
    """`audit` is called for the log when it is first needed."""

    def __init__(
        self, app: ASGIApp, settings: DashboardSettings, base: str, clock: Clock, audit: Callable[[], AuditLog]
    ) -> None:
        self._app, self._settings, self._clock, self._audit = app, settings, clock, audit
        self._base = f"/{base}" if base else ""
        self._sessions = Sessions(settings.session_hours * 3600)
        self._proxies = [ipaddress.ip_network(each, strict=False) for each in settings.proxies]
        self._provider = None
        if settings.oidc_issuer:
            self._provider = Provider(settings, settings.url.rstrip("/") + f"{_PAGES}callback")

    def _now(self) -> float:
        return self._clock.now() / SECOND

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: PLR0911  one a case
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        scope["headers"] = [pair for pair in scope["headers"] if pair[0].lower() not in _OURS]
        sending = _guarded(send)
        if not self._settings.has_login or (scope["type"] == "http" and scope["path"] == self._base + _HEALTH):
            return await self._app(scope, receive, sending)
        if scope["path"].startswith(self._base + _PAGES) and scope["type"] == "http":
            answer = await self._own_page(scope["path"].removeprefix(self._base + _PAGES), scope)
            return await answer(scope, receive, sending)
        session, user = self._who(scope)
        if user is None:
            return await self._refuse(scope, receive, sending)
        named = [(USER_HEADER, user.name), (ROLE_HEADER, user.role), (PROFILE_HEADER, user.profile)]
        scope["headers"] += [(name.encode(), value.encode("ascii", "replace")) for name, value in named]
        if scope["type"] == "http" or session is None:
            return await self._app(scope, receive, sending)
        if not self._same_origin(scope):
            return await send({"type": "websocket.close", "code": 1008, "reason": "another site's page"})
        await self._while_it_lasts(session, scope, receive, send)
        return None

    # -- who
    def _who(self, scope: Scope) -> tuple[Session | None, User | None]:
        if self._settings.proxy_user_header:
            return None, self._by_proxy(scope)
        session = self._sessions.find(_cookie(scope, COOKIE), self._now())
        return session, session.user if session else None

    def _by_proxy(self, scope: Scope) -> User | None:
        """The user whom a named proxy has asked."""
        address = scope["client"][0] if scope.get("client") else ""
        try:
            asked_from = ipaddress.ip_address(address)
        except ValueError:
            return None
        if not any(asked_from in network for network in self._proxies):
            return None
        headers = Headers(scope=scope)
        names = headers.getlist(self._settings.proxy_user_header)
        if len(names) != 1 or not names[0].strip():
            return None
        listed = headers.get(self._settings.proxy_role_header, "") if self._settings.proxy_role_header else ""
        role = role_of([each.strip() for each in listed.split(",")], self._settings.roles, self._settings.default_role)
        return User(names[0].strip()[:100], f"proxy {names[0].strip()}", role) if role else None

    def _same_origin(self, scope: Scope) -> bool:
        """A page of another site would send the cookie along where a browser lets it."""
        headers = Headers(scope=scope)
        origin = urlsplit(headers.get("origin", "")).netloc
        return not origin or origin in (headers.get("host", ""), urlsplit(self._settings.url).netloc)

    # -- what the door itself shows
    async def _own_page(self, name: str, scope: Scope) -> Response:
        asked = {key: values[0] for key, values in parse_qs(scope["query_string"].decode("latin-1")).items()}
        if self._provider is None:
            return PlainTextResponse("there is nothing here", 404)
        try:
            if name == "login" and scope["method"] == "GET":
                return await self._begin(_own_path(asked.get("to", ""), self._base))
            if name == "callback" and scope["method"] == "GET":
                return await self._finish(asked, scope)
            if name == "logout" and scope["method"] in ("GET", "POST"):
                return await self._log_out(scope)
        except LoginFailed as failed:
            await self._note(scope, "somebody", "", "log in", "refused", str(failed))
            return self._said("You could not be logged in", str(failed), 403)
        return PlainTextResponse("there is nothing here", 404)

    async def _begin(self, to: str) -> Response:
        assert self._provider is not None
        state, page = await asyncio.to_thread(self._provider.begin, to, self._now())
        answer = RedirectResponse(page, 303)
        self._keep(answer, LOGIN_COOKIE, state, 600)
        return answer

    async def _finish(self, asked: dict[str, str], scope: Scope) -> Response:
        assert self._provider is not None
        state = asked.get("state", "")
        if not state or state != _cookie(scope, LOGIN_COOKIE):  # a login that somebody else began
            raise LoginFailed("this login was begun in another browser; try again")
        if "code" not in asked:
            raise LoginFailed("the provider refused: " + asked.get("error", "no reason given")[:100])
        user, to = await asyncio.to_thread(self._provider.finish, state, asked["code"], self._now())
        session = self._sessions.begin(user, self._now())
        await self._note(scope, user.name, user.role, "log in", "done")
        answer = RedirectResponse(to or f"{self._base}/", 303)
        self._keep(answer, COOKIE, session.id, int(self._settings.session_hours * 3600))
        answer.delete_cookie(LOGIN_COOKIE, path=f"{self._base}/")
        return answer

    async def _log_out(self, scope: Scope) -> Response:
        session = self._sessions.find(_cookie(scope, COOKIE), self._now())
        if session is not None and self._same_origin(scope):
            self._sessions.end(session.id)
            await self._note(scope, session.user.name, session.user.role, "log out", "done")
        answer = self._said("You are logged out", "", 200)
        answer.delete_cookie(COOKIE, path=f"{self._base}/")
        return answer

    def _keep(self, answer: Response, name: str, value: str, seconds: int) -> None:
        secure = self._settings.url.startswith("https://")
        answer.set_cookie(
            name, value, max_age=seconds, path=f"{self._base}/", secure=secure, httponly=True, samesite="lax"
        )

    def _said(self, title: str, text: str, status: int) -> Response:
        link = f'<p><a href="{self._base}/_door/login">Log in</a></p>'
        head = "<!doctype html><meta charset=utf-8><title>Bellwether</title>"
        return HTMLResponse(
            f"{head}<h1>{title}</h1><p>{html.escape(text)}</p>{link}", status, headers={"cache-control": "no-store"}
        )

    # -- no, and no longer
    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            return await send({"type": "websocket.close", "code": 1008, "reason": "log in first"})
        answer: Response
        wants_page = scope["method"] == "GET" and "text/html" in Headers(scope=scope).get("accept", "")
        if self._provider is not None and wants_page:
            query = scope["query_string"].decode("latin-1")
            to = quote(scope["path"] + (f"?{query}" if query else ""), safe="")
            answer = RedirectResponse(f"{self._base}/_door/login?to={to}", 303)
        else:
            answer = PlainTextResponse("log in first", 401)
        answer.headers["cache-control"] = "no-store"
        await answer(scope, receive, send)
        return None

    async def _while_it_lasts(self, session: Session, scope: Scope, receive: Receive, send: Send) -> None:
        """A websocket that ends with its session."""
        serving = asyncio.ensure_future(self._app(scope, receive, send))
        try:
            while not serving.done() and self._sessions.find(session.id, self._now()) is not None:
                await asyncio.wait({serving}, timeout=LOOK_SECONDS)
            if serving.done():
                return serving.result()
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
        try:
            await send({"type": "websocket.close", "code": 1008, "reason": "the session has ended"})
        except RuntimeError:  # it was closed already
            log.debug("a websocket was closed before its session ended")
        return None

    async def _note(self, scope: Scope, who: str, role: str, action: str, outcome: str, detail: str = "") -> None:
        address = scope["client"][0] if scope.get("client") else ""

        def write() -> None:
            audit = self._audit()
            audit.note(audit.entry(who, "dashboard", action, outcome, role=role, address=address, detail=detail))

        try:
            await asyncio.to_thread(write)
        except redis.RedisError:
            log.warning("%s of %s is not in the audit log: Redis does not answer", action, who)


def _guarded(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS:
                headers.setdefault(name, value)
        await send(message)

    return with_headers


def _cookie(scope: Scope, name: str) -> str:
    try:
        jar = SimpleCookie(Headers(scope=scope).get("cookie", ""))
    except CookieError:
        return ""
    return jar[name].value if name in jar else ""


def _own_path(to: str, base: str) -> str:
    """Where to go after the login, if it is one of our paths: never another site."""
    plain = to.startswith(f"{base}/") and not to.startswith("//") and "\\" not in to and to.isprintable()
    return to if plain and not urlsplit(to).netloc else f"{base}/"
