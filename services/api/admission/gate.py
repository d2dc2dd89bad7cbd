"""What stands before every route: who asks, how often, how much, and for how long. One ASGI middleware, closed by
default: what is not in the table of roles is answered to nobody.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any, Final

import redis
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.api.admission.rates import Rates
from services.api.admission.roles import OPEN, Rule, rule_of, rules_at
from services.api.door import Caller, Door
from services.api.wire.problems import Problem, unavailable
from shared.addresses import is_loopback
from shared.contract.operation.metrics import API_SECONDS
from shared.measured import MEASURED
from shared.reading.readers.access import AccessKeys, ApiKey, match
from shared.traced import HEADER, TRACES, Span, now, within

KEYS_SECONDS: Final = 1.0  # how long the list of keys may be old: within it a revoked key still works
STREAMS: Final = ("/v1/stream", "/mcp")  # live for as long as the client stays
_LOCAL_NAMES: Final = ("localhost", "127.0.0.1", "[::1]", "::1")
_FIXED: Final = (
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("referrer-policy", "no-referrer"),
)
log = logging.getLogger(__name__)


class Gate:
    """`app` is asked only by those who may."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app, self._door = app, door
        self._settings, self._clock = door.settings.api, door.clock
        self._store = AccessKeys(door.client)
        self._keys: dict[str, ApiKey] = {}
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()
        self._rates = Rates()
        self._busy = 0
        self.counts: dict[str, int] = {"requests": 0, "refused": 0, "errors": 0}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] != "lifespan":
                return await send({"type": "websocket.close", "code": 1008})
            return await self._app(scope, receive, send)
        self.counts["requests"] += 1
        began = time.perf_counter()
        answer = _Answer(send, {})
        context, parent = TRACES.of_request(Headers(scope=scope).get(HEADER)) if TRACES.on else (None, "")
        asked = now()
        try:
            with within(context):
                return await self._answer(scope, receive, answer)
        finally:
            rule = rule_of(scope["method"], scope["path"])
            if rule is None or rule.path not in STREAMS:
                route = ("any", "unknown") if rule is None else (rule.method, rule.path)
                MEASURED.observe(API_SECONDS, *route, answer.status, value=time.perf_counter() - began)
                if context is not None:
                    about = {
                        "http.request.method": scope["method"],
                        "http.route": route[1],
                        "http.response.status_code": int(answer.status),
                    }
                    failed = answer.status.startswith("5")
                    TRACES.add(Span(" ".join(route), "server", context, parent, asked, now(), about, failed))

    async def _answer(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        try:
            rule = await self._admitted(scope, answer.extra)
            await self._served(rule, scope, receive, answer)
        except Problem as problem:
            self.counts["refused"] += 1
            if problem.status in (401, 403):
                await self._note_refusal(scope, problem)
            if not answer.started:
                await problem.response()(scope, receive, answer)
        except Exception:
            self.counts["errors"] += 1
            log.exception("%s %s failed", scope["method"], scope["path"])
            if answer.finished:
                return None
            if answer.started:
                raise
            failed = Problem(
                500, "something went wrong here; it is in the API's log", "try again; if it stays, report it"
            )
            await failed.response()(scope, receive, answer)

    async def _admitted(self, scope: Scope, extra: dict[str, str]) -> Rule:
        """The rule of a request that may go on. Raises Problem."""
        path, headers = scope["path"], Headers(scope=scope)
        address = scope["client"][0] if scope.get("client") else ""
        rule = rule_of(scope["method"], path)
        if path == OPEN and rule is not None:
            return rule
        keys = await self._current_keys()
        caller = Caller(self._key_of(headers, keys) if keys else None, address)
        if not keys:
            _require_local(headers, address)
        rate = (caller.key.rate if caller.key else 0) or self._settings.rate
        extra |= self._rates.take(caller.key.id if caller.key else address, rate, time.monotonic())
        if rule is None:
            allowed = sorted({each.method for each in rules_at(path)})
            if allowed:
                raise Problem(405, f"{scope['method']} is not offered here", headers={"Allow": ", ".join(allowed)})
            raise Problem(404, "there is nothing at this address", "GET /v1/openapi.json lists what there is")
        if caller.key is None and rule.changes:
            raise Problem(401, "this changes something, and nobody without a key may", _CREATE.format("push"))
        state = scope.setdefault("state", {})
        state["caller"], state["allowed"] = caller, lambda: self._still(caller, rule)
        if caller.role not in rule.roles:
            roles = " or ".join(sorted(rule.roles))
            raise Problem(403, f"a key of role {caller.role} may not do this", f"use a key of role {roles}")
        return rule

    def _key_of(self, headers: Headers, keys: Mapping[str, ApiKey]) -> ApiKey:
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        shown = shown.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        if not shown:
            raise _unknown("a key is needed", "send it as Authorization: Bearer KEY")
        key = match(shown, keys)
        if key is None:
            raise _unknown("this key is not known", "it may be revoked; see: bellwether keys list")
        if not key.valid(self._clock.now()):
            raise _unknown("this key has expired", _CREATE.format(key.role))
        return key

    async def _current_keys(self) -> dict[str, ApiKey]:
        async with self._reading:
            if time.monotonic() - self._read_at >= KEYS_SECONDS:
                try:
                    held = await asyncio.to_thread(self._store.all)
                except redis.RedisError:
                    raise unavailable(
                        "Redis does not answer, so nobody can be known", "try again in a moment"
                    ) from None
                self._keys = {key.id: key for key in held}
                self._read_at = time.monotonic()
            return self._keys

    async def _still(self, caller: Caller, rule: Rule) -> bool:
        """Whether a caller whose stream has been open for a while may still have it."""
        try:
            keys = await self._current_keys()
        except Problem:
            return True  # Redis is away: nobody is known, nobody was revoked
        if caller.key is None:
            return not keys
        kept = keys.get(caller.key.id)
        return kept is not None and kept.valid(self._clock.now()) and kept.role in rule.roles

    async def _note_refusal(self, scope: Scope, problem: Problem) -> None:
        caller = scope.get("state", {}).get("caller") or Caller(None, scope["client"][0] if scope.get("client") else "")
        try:
            action = f"{scope['method']} {scope['path']}"
            await asyncio.to_thread(self._door.note, caller, action, "refused", detail=problem.detail)
        except redis.RedisError:
            log.warning("a refusal is not in the audit log: Redis does not answer")

    async def _served(self, rule: Rule, scope: Scope, receive: Receive, answer: _Answer) -> None:
        if rule.path in STREAMS:
            return await self._app(scope, receive, answer)
        if self._busy >= self._settings.max_requests:
            raise unavailable("more requests are being served than this process takes", "try again in a moment")
        self._busy += 1
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                body = await _body(receive, Headers(scope=scope), self._settings.max_body_bytes)
                await self._app(scope, _again(body, receive), answer)
        except TimeoutError:
            seconds = self._settings.timeout_seconds
            raise Problem(504, f"the request took more than {seconds:g} s", "ask for less at once") from None
        finally:
            self._busy -= 1


class _Answer:
    """`send` with the headers of every answer."""

    def __init__(self, send: Send, extra: dict[str, str]) -> None:
        self._send, self.extra = send, extra
        self.started = self.finished = False
        self.status = "500"  # until one is sent

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started, self.status = True, str(message["status"])
            headers = MutableHeaders(scope=message)
            for name, value in (*_FIXED, *self.extra.items()):
                headers.setdefault(name, value)
            headers.setdefault("cache-control", "private, no-cache")
        await self._send(message)
        self.finished = message["type"] == "http.response.body" and not message.get("more_body", False)


_CREATE: Final = "make a key: bellwether keys create NAME --role {}"


def _unknown(what: str, remedy: str) -> Problem:
    return Problem(401, what, remedy, headers={"WWW-Authenticate": 'Bearer realm="bellwether"'})


def _require_local(headers: Headers, address: str) -> None:
    """While no key exists: this machine alone, by a name of its own (a web page cannot ask through the browser by a
    name that it controls), and not through a proxy, whose clients all seem to sit here. Raises Problem."""
    host = headers.get("host", "")
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    proxied = any(each in headers for each in ("x-forwarded-for", "forwarded", "x-real-ip"))
    if not is_loopback(address) or proxied or name.lower() not in _LOCAL_NAMES:
        raise _unknown("no key exists yet, so this machine alone is answered", _CREATE.format("read"))


async def _body(receive: Receive, headers: Headers, most: int) -> bytes:
    """The whole body, so that a route never waits for a client. Raises Problem (413)."""
    declared = headers.get("content-length", "")
    parts: list[bytes] = []
    size = int(declared) if declared.isdigit() else 0
    if size <= most:
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                break
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > most or not message.get("more_body", False):
                break
    if size > most:
        raise Problem(
            413, f"the body is larger than {most:,} bytes", "send it in parts", headers={"Connection": "close"}
        )
    return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> dict[str, Any]:
        nonlocal given
        if given:
            return dict(await receive())
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
