"""Real servers on 127.0.0.1 that alerts are sent to: HTTP and SMTP, with the failures that a test asks for."""

from __future__ import annotations

import base64
import json
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(slots=True)
class Request:
    """One POST as it came, and how it was answered."""

    path: str
    headers: dict[str, str]
    raw: bytes
    answered: int

    @property
    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.raw)
        return found


class _Background:
    """A server that answers in a thread of its own within the `with`."""

    def _serve(self, server: ThreadingHTTPServer | socketserver.ThreadingTCPServer) -> None:
        server.daemon_threads = True
        self._server, self.port = server, int(server.server_address[1])
        self._thread = threading.Thread(target=lambda: server.serve_forever(0.02), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class WebServer(_Background):
    """Answers POSTs: the codes of `answers` first, then 200. `hold`: called before answering."""

    def __init__(
        self, answers: list[int] | None = None, hold: Callable[[], object] | None = None, port: int = 0
    ) -> None:
        self.requests: list[Request] = []
        self.answers = list(answers or [])
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                code = outer.answers.pop(0) if outer.answers else 200
                outer.requests.append(Request(self.path, dict(self.headers), raw, code))
                if hold is not None:
                    hold()
                self.send_response(code)
                if code == 429:
                    self.send_header("Retry-After", "7")
                if code in (301, 302):
                    self.send_header("Location", "http://127.0.0.1:1/elsewhere")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Silent."""

        self._serve(ThreadingHTTPServer(("127.0.0.1", port), Handler))
        self.url = f"http://127.0.0.1:{self.port}"

    @property
    def taken(self) -> list[Request]:
        """Those answered with 200."""
        return [request for request in self.requests if request.answered == 200]


@dataclass(slots=True)
class Mail:
    """One mail that the server took."""

    sender: str
    to: list[str]
    data: bytes
    encrypted: bool
    user: str


@dataclass(slots=True)
class SmtpSettings:
    """What a server offers, and what it refuses. `refuse`: command -> answers given before it works."""

    context: ssl.SSLContext | None = None
    implicit: bool = False  # encrypted from the first byte on, as on port 465
    users: dict[str, str] = field(default_factory=dict)
    refuse: dict[str, list[str]] = field(default_factory=dict)


class SmtpServer(_Background):
    """Enough of RFC 5321, STARTTLS and AUTH PLAIN to take a mail."""

    def __init__(self, settings: SmtpSettings | None = None) -> None:
        self.mails: list[Mail] = []
        outer, offered = self, settings or SmtpSettings()

        class Session(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with suppress(OSError):  # a client that does not trust us hangs up
                    connection = self.request
                    if offered.context and offered.implicit:
                        connection = offered.context.wrap_socket(connection, server_side=True)
                    _Session(connection, outer.mails, offered).talk()

        self._serve(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session))


class _Session:
    def __init__(self, connection: socket.socket, mails: list[Mail], offered: SmtpSettings) -> None:
        self._connection, self._mails, self._offered = connection, mails, offered
        self._file = connection.makefile("rb")
        self._encrypted, self._user = offered.implicit, ""
        self._sender, self._to = "", list[str]()

    def talk(self) -> None:
        self._say("220 here")
        try:
            while line := self._file.readline().decode().strip():
                if not self._answer(line):
                    break
        except OSError:
            pass
        finally:
            self._file.close()
            self._connection.close()

    def _answer(self, line: str) -> bool:
        word, _, rest = line.partition(" ")
        word = word.upper()
        refused = self._offered.refuse.get(word)
        if refused:
            self._say(refused.pop(0))
        elif word == "EHLO":
            offers = ["STARTTLS"] if self._offered.context and not self._encrypted else []
            offers += ["AUTH PLAIN"] if self._offered.users else []
            lines = ["here", *offers]
            self._say("\r\n".join(f"250{'-' if i < len(lines) - 1 else ' '}{text}" for i, text in enumerate(lines)))
        elif word == "STARTTLS" and self._offered.context:
            self._say("220 go on")
            self._file.close()
            self._connection = self._offered.context.wrap_socket(self._connection, server_side=True)
            self._file, self._encrypted = self._connection.makefile("rb"), True
        elif word == "AUTH":
            _, user, password = base64.b64decode(rest.split()[-1]).decode().split("\0")
            known = self._offered.users.get(user) == password
            self._user = user if known else ""
            self._say("235 welcome" if known else "535 no")
        elif word == "MAIL":
            self._sender = rest.partition("<")[2].partition(">")[0]
            self._say("250 ok")
        elif word == "RCPT":
            self._to.append(rest.partition("<")[2].partition(">")[0])
            self._say("250 ok")
        elif word == "DATA":
            self._say("354 go on")
            self._take()
        else:
            self._say("221 bye" if word == "QUIT" else "250 ok")
        return word != "QUIT"

    def _take(self) -> None:
        lines = []
        while (line := self._file.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        self._mails.append(Mail(self._sender, list(self._to), b"".join(lines), self._encrypted, self._user))
        self._to.clear()
        self._say("250 taken")

    def _say(self, text: str) -> None:
        self._connection.sendall(text.encode() + b"\r\n")


@contextmanager
def raw_server(answer: bytes, drop: bytes = b"") -> Iterator[str]:
    """Answers every connection with these bytes, and then drips `drop`, for as long as somebody reads."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65_536)
            with suppress(OSError):
                self.request.sendall(answer)
                while drop and not over.wait(0.05):
                    self.request.sendall(drop)

    over = threading.Event()
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=lambda: server.serve_forever(0.02), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()
