"""Spans to an OpenTelemetry collector: OTLP over HTTP in JSON (the protocol's own encoding), from a thread of its own.

Nobody waits for it: a collector that is away costs the spans of that time, which are counted, and one line in the log.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from shared.clients.web import WebClient, WebError
from shared.traced import TRACES, Span, Traces, Value

EVERY_SECONDS: Final = 1.0
MOST_AT_ONCE: Final = 512
TIMEOUT_SECONDS: Final = 5.0
_KINDS: Final = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}
_ERROR: Final = 2
log = logging.getLogger(__name__)


def encoded(spans: Sequence[Span], resource: Mapping[str, Value]) -> bytes:
    """An ExportTraceServiceRequest."""
    scope = {"scope": {"name": "bellwether"}, "spans": [_span(each) for each in spans]}
    request = {"resourceSpans": [{"resource": {"attributes": _attributes(resource)}, "scopeSpans": [scope]}]}
    return json.dumps(request, ensure_ascii=False, separators=(",", ":")).encode()


def _span(span: Span) -> dict[str, Any]:
    made: dict[str, Any] = {
        "traceId": span.context.trace,
        "spanId": span.context.span,
        "name": span.name,
        "kind": _KINDS[span.kind],
        "startTimeUnixNano": str(span.began),
        "endTimeUnixNano": str(max(span.began, span.ended)),
        "attributes": _attributes(span.attributes),
        "flags": 1,
    }
    if span.parent:
        made["parentSpanId"] = span.parent
    if span.failed:
        made["status"] = {"code": _ERROR}
    return made


def _attributes(values: Mapping[str, Value]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(value)} for name, value in values.items()]


def _value(value: Value) -> dict[str, Any]:
    if isinstance(value, str):
        return {"stringValue": value}
    return {"intValue": str(value)} if isinstance(value, int) else {"doubleValue": value}


class Exporter:
    """Sends what `traces` holds every second to ENDPOINT/v1/traces."""

    def __init__(self, endpoint: str, resource: Mapping[str, Value], token: str = "", traces: Traces = TRACES) -> None:
        self._address, self._resource, self._traces = f"{endpoint.rstrip('/')}/v1/traces", dict(resource), traces
        self._headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._ending = threading.Event()
        self._away = False
        self.sent = self.lost = 0
        self._thread = threading.Thread(target=self._run, name="traces", daemon=True)
        self._thread.start()
        traces.closer = self.close

    def close(self, seconds: float = 2.0) -> None:
        """Send what waits, for so long at most."""
        self._traces.end()
        self._ending.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        while not self._ending.wait(EVERY_SECONDS):
            self._send_all()
        self._send_all()

    def _send_all(self) -> None:
        while spans := self._traces.take(MOST_AT_ONCE):
            reason = self._send(spans)
            if reason:
                self.lost += len(spans)
                if not self._away:
                    log.warning("traces do not reach the collector, and are dropped until they do: %s", reason)
            else:
                self.sent += len(spans)
            self._away = bool(reason)

    def _send(self, spans: Sequence[Span]) -> str:
        """Why it failed; "" when it did not."""
        with suppress(UnicodeEncodeError):
            body = encoded(spans, self._resource)
            try:
                with WebClient(seconds=TIMEOUT_SECONDS, max_bytes=0) as client:
                    answer = client.post(self._address, body, self._headers)
            except WebError as error:
                return str(error)
            return "" if answer.status < 300 else f"HTTP {answer.status}"
        return "a text that is not Unicode"
