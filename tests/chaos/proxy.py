"""A TCP proxy that can hold, drop, or swallow answers: sends that time out, fail, or succeed without anyone knowing."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress

_RESET = struct.pack("ii", 1, 0)


class TcpProxy:
    """Forwards 127.0.0.1:`port` to 127.0.0.1:`target`, which may come and go."""

    def __init__(self, target: int) -> None:
        self.target = target
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self._listener.getsockname()[1])
        self._open = threading.Event()
        self._open.set()
        self._swallow = threading.Event()
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def hold(self) -> None:
        """Pass nothing on until `release`; connections stay."""
        self._open.clear()

    def release(self) -> None:
        """Pass everything on, in order."""
        self._swallow.clear()
        self._open.set()

    def drop(self) -> None:
        """Reset every connection there is."""
        with self._lock:
            sockets, self._sockets = self._sockets, set()
        for each in sockets:
            _reset(each)

    def swallow(self) -> None:
        """Until `release`: requests still arrive, but a connection is reset when its answer comes."""
        self._swallow.set()

    def close(self) -> None:
        """Stop listening, and reset everything."""
        self._listener.close()
        self.release()
        self.drop()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target), 5)
            except OSError:
                _reset(client)
                continue
            server.settimeout(None)
            with self._lock:
                self._sockets |= {client, server}
            threading.Thread(target=self._pump, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, True), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._open.wait()
                if answers and self._swallow.is_set():
                    break
                sink.sendall(data)
        with self._lock:
            self._sockets -= {source, sink}
        _reset(source)
        _reset(sink)


def _reset(each: socket.socket) -> None:
    with suppress(OSError):
        each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()
