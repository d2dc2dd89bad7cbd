"""How a polled source asks its server: introduced, bounded in time, bytes and rate, and told what it did wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

import msgspec

from services.ingest.sources.polling import PollFailed
from services.ingest.sources.user_agent import user_agent
from shared.clients.web import Answer, TooLarge, WebClient, WebError, asked_wait
from shared.clock import Clock
from shared.settings import IngestSettings

OK: Final = 200
NOT_MODIFIED: Final = 304
NOT_FOUND: Final = 404
LIMITED: Final = 429


class Rate:
    """At most so many requests a second, evenly."""

    def __init__(self, per_second: float) -> None:
        self._gap = 1.0 / per_second
        self._next = 0.0

    def wait(self, stop: threading.Event) -> None:
        """Until the next one may go; at once when `stop` is set."""
        now = time.monotonic()
        if self._next > now:
            stop.wait(self._next - now)
        self._next = max(now, self._next) + self._gap


class Asker:
    """Asks addresses of one source. Not for several threads."""

    def __init__(
        self,
        settings: IngestSettings,
        clock: Clock,
        *,
        per_second: float = 2.0,
        max_bytes: int = 0,
        accept: str = "application/json",
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._rate = Rate(per_second)
        self._max_bytes = max_bytes or settings.max_response_bytes
        self._headers = {"User-Agent": user_agent(settings), "Accept": accept}

    def get(
        self,
        url: str,
        stop: threading.Event,
        headers: Mapping[str, str] | None = None,
        also: Collection[int] = (),
    ) -> Answer:
        """The answer, of status 200 or one of `also`. Raises PollFailed, with the wait that the server asks for."""
        return self._exchange(lambda client: client.get(url, {**self._headers, **(headers or {})}), stop, also)

    def post(self, url: str, body: bytes, stop: threading.Event, headers: Mapping[str, str]) -> Answer:
        """The same for a request with a body."""
        return self._exchange(lambda client: client.ask(url, body, {**self._headers, **headers}), stop, ())

    def _exchange(
        self, exchange: Callable[[WebClient], Answer], stop: threading.Event, also: Collection[int]
    ) -> Answer:
        self._rate.wait(stop)
        if stop.is_set():
            raise PollFailed("stopped")
        answer = exchanged(self._settings, exchange, self._max_bytes)
        check_status(answer, self._clock, also)
        return answer


def exchanged(
    settings: IngestSettings, exchange: Callable[[WebClient], Answer], max_bytes: int, bound: str = ""
) -> Answer:
    """One exchange, within the settings' time; `bound` says what else bounds its bytes. Raises PollFailed."""
    try:
        with WebClient(
            seconds=settings.timeout_seconds, max_bytes=max_bytes, inside=settings.redirects_inside
        ) as client:
            return exchange(client)
    except TooLarge as error:
        raise PollFailed(f"{error} (ingest.max_response_bytes{bound})", too_large=True) from error
    except WebError as error:
        raise PollFailed(str(error)) from error


def check_status(answer: Answer, clock: Clock, also: Collection[int] = ()) -> None:
    """Raises PollFailed, with the wait that the server asks for, unless its status is 200 or one of `also`."""
    if answer.status != OK and answer.status not in also:
        wait = asked_wait(answer.headers.get("retry-after", ""), clock.now())
        raise PollFailed(f"HTTP {answer.status}", wait, status=answer.status)


def json_of(body: bytes) -> Any:
    """What the body says. Raises PollFailed for what is no JSON in UTF-8, or nested beyond what people write."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise PollFailed(f"the answer is not JSON: {error}"[:200]) from None
