"""Local servers that speak the feeds' protocols: RSS by HTTP, Jetstream by websocket, Mastodon by SSE and pages."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

Respond = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def http_server(respond: Respond) -> Iterator[str]:
    """Serves GET and POST by `respond`; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            try:
                respond(self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def answer(request: BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str) -> None:
    """One complete response."""
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name.replace("_", "-"), value)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


class Jetstream:
    """Plays a list of events from the cursor on, then closes each connection after `per_connection` events."""

    def __init__(self, events: list[dict[str, Any] | str], per_connection: int = 10**9) -> None:
        self.events = events
        self.per_connection = per_connection
        self.requests: list[dict[str, list[str]]] = []
        self._over = threading.Event()

    def handle(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        query = parse_qs(urlsplit(connection.request.path).query)
        self.requests.append(query)
        cursor = int(query.get("cursor", ["0"])[0])
        due = [event for event in self.events if isinstance(event, str) or event["time_us"] >= cursor]
        due = self.events if "all" in query else due
        try:
            for event in due[: self.per_connection]:
                connection.send(event if isinstance(event, str) else json.dumps(event))
            if len(due) <= self.per_connection:
                self._over.wait(30)
        except ConnectionClosed:
            pass

    @contextmanager
    def running(self) -> Iterator[str]:
        with serve(self.handle, "127.0.0.1", 0) as server:
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            try:
                yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/subscribe"
            finally:
                self._over.set()
                server.shutdown()
                thread.join(5)


class Mastodon:
    """An instance with statuses 1..n; the stream shows those of `streamed`, the timeline's pages show all."""

    def __init__(
        self, statuses: list[dict[str, Any]], streamed: list[int], ignores_min_id: bool = False, page: bytes = b""
    ) -> None:
        self.ignores_min_id, self.page = ignores_min_id, page
        self.statuses = statuses
        self.streamed = streamed
        self.authorizations: list[str | None] = []
        self.connections = 0
        self._over = threading.Event()

    def respond(self, request: BaseHTTPRequestHandler) -> None:
        self.authorizations.append(request.headers.get("Authorization"))
        address = urlsplit(request.path)
        if address.path == "/api/v1/timelines/public":
            query = parse_qs(address.query)
            after, limit = int(query["min_id"][0]), int(query["limit"][0])
            page = [status for status in self.statuses if _is_behind(status["id"], after)][:limit]
            if self.ignores_min_id:
                page = self.statuses[-limit:]
            answer(request, 200, self.page or json.dumps(page[::-1]).encode(), Content_Type="application/json")
        elif address.path == "/api/v1/streaming/public":
            self._stream(request)
        else:
            answer(request, 404)

    def _stream(self, request: BaseHTTPRequestHandler) -> None:
        self.connections += 1
        request.send_response(200)
        request.send_header("Content-Type", "text/event-stream")
        request.send_header("Connection", "close")
        request.end_headers()
        request.wfile.write(b":)\n:thump\n\nevent: delete\ndata: 17\n\n")
        for number in self.streamed if self.connections == 1 else []:
            data = json.dumps(self.statuses[number - 1])
            half = len(data) // 2
            request.wfile.write(f"event: update\r\ndata: {data[:half]}".encode())
            request.wfile.flush()
            request.wfile.write(f"{data[half:]}\r\n\r\n".encode())
        if self.connections > 1:
            self._over.wait(30)

    @contextmanager
    def running(self) -> Iterator[str]:
        with http_server(self.respond) as address:
            try:
                yield f"{address}/api/v1/streaming/public"
            finally:
                self._over.set()


def _is_behind(number: object, after: int) -> bool:
    return isinstance(number, str) and number.isascii() and number.isdigit() and int(number) > after
