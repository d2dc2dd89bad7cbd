"""Traces of this process: W3C Trace Context, OpenTelemetry's spans. Off until `begin`, then of a share of documents.

A document's trace has the document's own id, so whoever has one finds the other. Which documents are traced is decided
by the id, once, where they come in: from there on a `traceparent` among a record's headers says so. Spans wait here,
few enough to be forgotten without harm, for whoever sends them (shared/clients/otlp.py).
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

HEADER: Final = "traceparent"
MOST_SPANS: Final = 10_000  # that wait to be sent; what comes beyond is dropped and counted
_FORM: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_ID: Final = re.compile(r"(?!0{32})[0-9a-f]{32}")
_SAMPLED: Final = 1
Kind = Literal["internal", "server", "client", "producer", "consumer"]
Value = str | int | float


class Context(NamedTuple):
    """Where in a trace something happens: 32 hex digits, and the 16 of the span."""

    trace: str
    span: str

    def header(self) -> str:
        """As `traceparent`, sampled."""
        return f"00-{self.trace}-{self.span}-01"

    def child(self) -> Context:
        return Context(self.trace, secrets.token_hex(8))


def context_of(header: str | bytes | None) -> Context | None:
    """What a `traceparent` says; None of one that is missing, malformed, or not sampled."""
    if not header:
        return None
    text = header.decode("latin-1") if isinstance(header, bytes) else header
    found = _FORM.fullmatch(text.strip())
    if found is None or (text.startswith("00") and found[4]) or not int(found[3], 16) & _SAMPLED:
        return None
    return Context(found[1], found[2])


def context_among(headers: Iterable[tuple[str, bytes | None]]) -> Context | None:
    """Of a record's headers."""
    return next((context_of(value) for name, value in headers if name == HEADER), None)


@dataclass(frozen=True, slots=True)
class Span:
    """Something that took from `began` to `ended`, nanoseconds since 1970."""

    name: str
    kind: Kind
    context: Context
    parent: str  # span id; "" for the first of a trace
    began: int
    ended: int
    attributes: Mapping[str, Value] = field(default_factory=dict)
    failed: bool = False


class Traces:
    """Thread-safe. While it is off every method returns at once and nothing is kept."""

    def __init__(self) -> None:
        self._share = 0.0
        self._spans: deque[Span] = deque()
        self._lock = threading.Lock()
        self.dropped = 0
        self.closer: Callable[[], None] = self.end  # of whoever sends them

    @property
    def on(self) -> bool:
        return self._share > 0

    def begin(self, share: float) -> None:
        """Trace this share (0 to 1] of documents and of requests that bring no trace of their own."""
        self._share = share

    def end(self) -> None:
        self._share = 0.0

    def close(self) -> None:
        """At the end of the process: send what waits."""
        self.closer()

    def of_document(self, id: str) -> Context | None:
        """The first context of a document's trace; None where it is not among the share, or its id is no trace's."""
        if not self.on or not _ID.fullmatch(id) or int(id[-8:], 16) >= self._share * 2**32:
            return None
        return Context(id, secrets.token_hex(8))

    def of_request(self, header: str | None) -> tuple[Context | None, str]:
        """A request's own context, and its parent's span ("": none)."""
        if not self.on:
            return None, ""
        if (asked := context_of(header)) is not None:
            return asked.child(), asked.span
        if secrets.randbelow(2**32) >= self._share * 2**32:
            return None, ""
        return Context(secrets.token_hex(16), secrets.token_hex(8)), ""

    def add(self, span: Span) -> None:
        if not self.on:
            return
        with self._lock:
            if len(self._spans) < MOST_SPANS:
                self._spans.append(span)
            else:
                self.dropped += 1

    def take(self, most: int) -> list[Span]:
        """The oldest that wait, and they wait no longer."""
        with self._lock:
            return [self._spans.popleft() for _ in range(min(most, len(self._spans)))]


TRACES: Final = Traces()  # of this process
CURRENT: Final[ContextVar[str]] = ContextVar("trace", default="")  # whose trace it is now: log lines carry it


@contextmanager
def within(context: Context | None) -> Iterator[None]:
    """Log lines of the block carry the trace's id; None changes nothing."""
    if context is None:
        yield
        return
    token = CURRENT.set(context.trace)
    try:
        yield
    finally:
        CURRENT.reset(token)


def now() -> int:
    """Nanoseconds since 1970, as spans have them."""
    return time.time_ns()
