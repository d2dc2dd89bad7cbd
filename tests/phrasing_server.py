"""An OpenAI-compatible server on this machine that says what a test has it say, or misbehaves."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pydantic import SecretStr

from shared.settings import PhrasingSettings

HANGS = 3.0  # seconds


class Model:
    """`act` answers; `asked` is what it was asked: path, headers, body."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.act: Callable[[BaseHTTPRequestHandler], None] = lambda handler: completed(handler, "")
        model = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                model.asked.append((self.path, dict(self.headers), json.loads(body)))
                try:
                    model.act(self)
                except OSError:
                    return  # whoever asked has gone

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def settings(self) -> PhrasingSettings:
        url = f"http://127.0.0.1:{self.server.server_port}/v1/"
        return PhrasingSettings(url=url, model="teller", key=SecretStr("sk-secret"), seconds=1.0)


def answered(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, kind: str = "application/json") -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def completed(handler: BaseHTTPRequestHandler, text: str) -> None:
    message = {"role": "assistant", "content": text}
    answered(handler, json.dumps({"id": "x", "choices": [{"index": 0, "message": message}]}).encode())


def hangs(_: BaseHTTPRequestHandler) -> None:
    time.sleep(HANGS)


def drips(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(30):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.1)


def streams(handler: BaseHTTPRequestHandler) -> None:
    answered(
        handler, b'data: {"choices":[{"delta":{"content":"Boeing"}}]}\n\ndata: [DONE]\n\n', kind="text/event-stream"
    )


def swells(handler: BaseHTTPRequestHandler) -> None:
    answered(handler, b'{"choices": [{"message": {"content": "' + b"a" * 2_000_000 + b'"}}]}')


def redirects(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(307)
    handler.send_header("Location", "http://169.254.169.254/latest")
    handler.send_header("Content-Length", "0")
    handler.end_headers()
