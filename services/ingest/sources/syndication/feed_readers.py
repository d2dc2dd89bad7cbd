"""A few child processes that read feeds for all sources: started when needed, kept, ended when one does not answer.

A feed that is made to be slow costs its own poll and one child; the others read on.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from functools import cache
from typing import Final

import msgspec

from services.ingest.sources.syndication.feed_child import FeedReply, FeedRequest, receive, send
from services.ingest.sources.syndication.feed_document import FeedDocument
from services.ingest.sources.syndication.feed_text import NotAFeed

MOST: Final = 4  # children, about 30 MB each; one does where no feed is slow
SECONDS: Final = 10.0  # for one feed
_PATIENCE: Final = 3 * SECONDS  # for a child to be free
_COMMAND: Final = (sys.executable, "-m", "services.ingest.sources.syndication.feed_child")


class FeedReaders:
    """Safe to use from several threads."""

    def __init__(self, most: int = MOST, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._free = threading.BoundedSemaphore(most)
        self._lock = threading.Lock()
        self._idle: list[subprocess.Popen[bytes]] = []

    def read(self, body: bytes, charset: str = "", address: str = "", wanted: Sequence[str] = ()) -> FeedDocument:
        """The feed in `body`, read in a child; `wanted` names further elements of its items. Raises NotAFeed."""
        if not self._free.acquire(timeout=_PATIENCE):
            raise NotAFeed("every reader of feeds is busy with others")
        try:
            with self._lock:
                child = self._idle.pop() if self._idle else None
            return self._read(child or _start(), FeedRequest(body, charset, address, list(wanted)))
        finally:
            self._free.release()

    def close(self) -> None:
        """End the children that wait."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            _end(child)

    def _read(self, child: subprocess.Popen[bytes], request: FeedRequest) -> FeedDocument:
        watch = threading.Timer(self._seconds, child.kill)
        watch.daemon = True
        watch.start()
        try:
            reply = _ask(child, request)
        finally:
            watch.cancel()
        if reply is None:
            code = _end(child)
            raise NotAFeed(f"it cannot be read within {self._seconds:g} s and the memory for it (reader ended: {code})")
        with self._lock:
            self._idle.append(child)
        if reply.feed is None:
            raise NotAFeed(reply.trouble)
        return reply.feed


@cache
def feed_readers() -> FeedReaders:
    """Those of this process."""
    readers = FeedReaders()
    atexit.register(readers.close)
    return readers


def _start() -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BELLWETHER_")}
    return subprocess.Popen(
        _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    )


def _ask(child: subprocess.Popen[bytes], request: FeedRequest) -> FeedReply | None:
    """None when the child ended instead of answering."""
    assert child.stdin is not None and child.stdout is not None
    try:
        send(child.stdin, request)  # type: ignore[arg-type]
        raw = receive(child.stdout)  # type: ignore[arg-type]
        return None if raw is None else msgspec.msgpack.decode(raw, type=FeedReply)
    except (OSError, ValueError, msgspec.MsgspecError):
        return None


def _end(child: subprocess.Popen[bytes]) -> int:
    child.kill()
    for stream in (child.stdin, child.stdout):
        if stream is not None:
            try:
                stream.close()
            except OSError:  # what it did not read any more
                continue
    return child.wait()
