"""Server-sent events out of chunks of bytes. Protocol: html.spec.whatwg.org, "server-sent events"."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from services.ingest.sources.streams.streaming import ConnectionLost

SILENCE_SECONDS: Final = 60.0  # a heartbeat comes every 15 s
_EVENT_SECONDS: Final = 60.0  # from an event's first byte to its last


def server_sent(chunks: Iterator[bytes], most: int) -> Iterator[tuple[str, bytes]]:
    """(event name, data); comments (":thump") are heartbeats.

    Raises ConnectionLost when an event has more than `most` bytes, before it is all here, and when it drips.
    """
    event = _Event()
    rest = b""
    size, began = 0, time.monotonic()
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        size += len(chunk)
        for line in whole:
            if (found := event.take(line.removesuffix(b"\r"))) is not None:
                yield found
            if event.is_new:
                size, began = 0, time.monotonic()
        if not rest and event.is_new:
            size, began = 0, time.monotonic()
        if max(size, len(rest)) > most:
            raise ConnectionLost(f"an event of more than {most} bytes")
        if time.monotonic() - began > _EVENT_SECONDS:
            raise ConnectionLost(f"an event that is not complete after {_EVENT_SECONDS:.0f} s")


class _Event:
    """The event whose lines come now."""

    def __init__(self) -> None:
        self._name = ""
        self._data: list[bytes] = []
        self.is_new = True

    def take(self, line: bytes) -> tuple[str, bytes] | None:
        """The event, when this line ends it."""
        if not line:
            found = (self._name or "message", b"\n".join(self._data)) if self._data else None
            self._name, self._data, self.is_new = "", [], True
            return found
        if line.startswith(b"event:"):
            self._name, self.is_new = line[6:].strip().decode("utf-8", "replace"), False
        elif line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
            self.is_new = False
        return None
