"""The one way in which servers of others are read and written to: one exchange, bounded in time and in bytes.

Time: one deadline around all of it. Bytes: counted as they come, inflated once and with a bound. Redirects: each hop is
judged (destinations.py), and none leads from https to http. Used by feeds, streams, price providers and webhooks.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Self

import httpx

from shared.clients.destinations import Destinations
from shared.clients.timed_network import Deadline, TimedTransport
from shared.clock import SECOND, to_micros
from shared.links import web_host

MOST_REDIRECTS: Final = 5
USER_AGENT: Final = "Bellwether/0.1"
_WINDOW: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}  # zlib's wbits
_MAGIC: Final = b"\x1f\x8b"


class WebError(RuntimeError):
    """An exchange that gave nothing to read; the text does not hold the address."""


class TooLarge(WebError):
    """More bytes than are read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said in the end. `body` is empty unless the status is 200. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    address: str  # behind the redirects


class WebClient:
    """Asks the addresses that a person configured: those that its methods are given. Not for several threads, `cut`
    excepted."""

    def __init__(
        self,
        *,
        seconds: float,
        max_bytes: int,
        inside: Iterable[str] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._deadline = Deadline()
        self._destinations = Destinations([], inside)
        self._transport = TimedTransport(self._deadline, self._destinations)
        self._client = httpx.Client(
            transport=self._transport, timeout=None, headers={"User-Agent": USER_AGENT, **(headers or {})}
        )

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Follow redirects and read the whole body. Raises WebError."""
        with self._open(url, {"Accept-Encoding": "gzip", **(headers or {})}) as response:
            return self._answer(response, str(response.url))

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send `body`; redirects are not followed, the answer's body is not read. Raises WebError."""
        self._begin(url)
        with _as_web_error(), self._client.stream("POST", url, content=body, headers=dict(headers)) as response:
            return Answer(response.status_code, _lower(response), b"", url)

    def ask(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send `body` and read the answer's; redirects are not followed. Raises WebError."""
        self._begin(url)
        asked = {"Accept-Encoding": "gzip", **headers}
        with _as_web_error(), self._client.stream("POST", url, content=body, headers=asked) as response:
            return self._answer(response, url)

    @contextmanager
    def stream(self, url: str, headers: Mapping[str, str], silence: float) -> Iterator[Iterator[bytes]]:
        """The chunks of a body that has no end, each within `silence` seconds. Raises WebError."""
        with self._open(url, {"Accept-Encoding": "identity", **headers}) as response:
            if response.status_code != httpx.codes.OK:
                raise WebError(f"HTTP {response.status_code}")
            if response.headers.get("content-encoding", "identity") != "identity":
                raise WebError("a stream with a Content-Encoding is not read")
            yield self._chunks(response, silence)

    def cut(self) -> None:
        """Make a blocked exchange fail. Called from another thread."""
        self._transport.cut()

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self, url: str) -> None:
        self._deadline.set(self._seconds)
        self._destinations.configure(web_host(url))

    @contextmanager
    def _open(self, url: str, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        self._begin(url)
        with _as_web_error():
            request = self._client.build_request("GET", url, headers=dict(headers))
            for _ in range(MOST_REDIRECTS + 1):
                response = self._client.send(request, stream=True)
                try:
                    following = response.next_request
                    if following is None:
                        yield response
                        return
                    _check_hop(request.url, following.url)
                    request = following
                finally:
                    response.close()
            raise WebError(f"TooManyRedirects: more than {MOST_REDIRECTS}")

    def _answer(self, response: httpx.Response, address: str) -> Answer:
        found = response.status_code == httpx.codes.OK
        body = whole_body(response, self._max_bytes) if found else b""
        return Answer(response.status_code, _lower(response), body, address)

    def _chunks(self, response: httpx.Response, silence: float) -> Iterator[bytes]:
        with _as_web_error():
            self._deadline.set(silence)
            for chunk in response.iter_raw():
                self._deadline.set(silence)
                yield chunk


def whole_body(response: httpx.Response, most: int) -> bytes:
    """The body, inflated where it is encoded once; neither the packed nor the plain one passes `most` bytes."""
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in {"", "identity", *_WINDOW}:
        raise WebError(f"Content-Encoding {encoding[:60]!r} is not read; gzip, once, is")
    parts: list[bytes] = []
    size = 0
    for part in response.iter_raw(65_536):
        size += len(part)
        if size > most:
            raise TooLarge(f"more than {most:,} bytes")
        parts.append(part)
    body = b"".join(parts)
    if encoding in _WINDOW:
        return inflate(body, most, encoding)
    return inflate(body, most) if body.startswith(_MAGIC) else body  # a .gz behind a plain server


def inflate(packed: bytes, most: int, encoding: str = "gzip") -> bytes:
    """What `packed` holds. Raises TooLarge at the first byte beyond `most`, WebError when it is damaged."""
    raw = encoding == "deflate" and (len(packed) < 2 or packed[0] & 15 != 8 or int.from_bytes(packed[:2]) % 31)
    parts: list[bytes] = []
    left = most
    try:
        while packed:
            decoder = zlib.decompressobj(-15 if raw else _WINDOW[encoding])
            part = decoder.decompress(packed, left + 1)
            left -= len(part)
            if left < 0:
                raise TooLarge(f"more than {most:,} bytes when inflated")
            if not decoder.eof:
                raise WebError("a compressed body that is cut off")
            parts.append(part)
            packed = decoder.unused_data if decoder.unused_data.startswith(_MAGIC) else b""
    except zlib.error as error:
        raise WebError(f"a compressed body that is damaged: {error}") from None
    return b"".join(parts)


def asked_wait(retry_after: str, now: int) -> float:
    """Seconds that a Retry-After asks for, as a number or a date (without a zone: UTC); 0 when it cannot be read."""
    text = retry_after.strip()
    try:
        if text.isascii() and text.isdigit():
            seconds = float(text)
        else:
            moment = parsedate_to_datetime(text)
            seconds = (to_micros(moment if moment.tzinfo else _utc(moment)) - now) / SECOND
    except (ValueError, OverflowError, TypeError, IndexError):
        return 0.0
    return max(0.0, seconds) if math.isfinite(seconds) else 0.0


def _check_hop(origin: httpx.URL, target: httpx.URL) -> None:
    if target.scheme not in {"http", "https"} or (origin.scheme, target.scheme) == ("https", "http"):
        raise WebError(f"a redirect from {origin.scheme} to {target.scheme} is not followed")


def _lower(response: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)


@contextmanager
def _as_web_error() -> Iterator[None]:
    try:
        yield
    except httpx.LocalProtocolError as error:  # its text repeats the header, and with it a key
        raise WebError("a header cannot be sent; a key or password holds a line break or another odd sign") from error
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
        raise WebError(f"{type(error).__name__}: {error}") from error
