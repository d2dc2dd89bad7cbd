"""An OpenTelemetry collector on this machine: OTLP over HTTP in JSON, as the protocol has it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Collector:
    """`spans` are those received so far, each with `service`; `status` is what it answers."""

    def __init__(self) -> None:
        self.spans: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.status = 200
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                collector.headers.append({"path": self.path, **dict(self.headers.items())})
                if collector.status == 200:
                    collector.take(body)
                self.send_response(collector.status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, body: dict[str, Any]) -> None:
        for resource in body["resourceSpans"]:
            about = attributes(resource["resource"])
            for scope in resource["scopeSpans"]:
                self.spans += [each | {"service": about["service.name"]} for each in scope["spans"]]

    def of(self, trace: str, name: str) -> list[dict[str, Any]]:
        return [each for each in self.spans if (each["traceId"], each["name"]) == (trace, name)]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def attributes(held: dict[str, Any]) -> dict[str, Any]:
    return {each["key"]: next(iter(each["value"].values())) for each in held["attributes"]}


@contextmanager
def collecting() -> Iterator[Collector]:
    collector = Collector()
    try:
        yield collector
    finally:
        collector.close()
