"""The child process that reads feeds: one request after another from stdin, each answered on stdout.

It has little memory, a little time of the processor for each feed, and may write no file. It ends with its parent.
"""

from __future__ import annotations

import resource
import signal
import struct
import sys
from typing import BinaryIO, Final

import msgspec

from services.ingest.sources.syndication.feed_document import FeedDocument, read_feed
from services.ingest.sources.syndication.feed_text import NotAFeed

MEMORY_BYTES: Final = 512 * 1024**2
CPU_SECONDS: Final = 10
_LENGTH: Final = struct.Struct(">I")


class FeedRequest(msgspec.Struct):
    """What is to be read, and what the server said of it."""

    body: bytes
    charset: str
    address: str
    wanted: list[str] = []  # names of further elements that items are asked for


class FeedReply(msgspec.Struct):
    """A feed, or why it is none."""

    feed: FeedDocument | None
    trouble: str = ""


def send(stream: BinaryIO, message: msgspec.Struct) -> None:
    """Write one message, its length first."""
    raw = msgspec.msgpack.encode(message)
    stream.write(_LENGTH.pack(len(raw)) + raw)
    stream.flush()


def receive(stream: BinaryIO) -> bytes | None:
    """One message; None when the other side has gone."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    raw = stream.read(length)
    return raw if len(raw) == length else None


def answer(raw: bytes) -> FeedReply:
    """The reply to one request."""
    request = msgspec.msgpack.decode(raw, type=FeedRequest)
    try:
        return FeedReply(read_feed(request.body, request.charset, request.address, request.wanted))
    except NotAFeed as error:
        return FeedReply(None, str(error))
    except (MemoryError, RecursionError) as error:
        return FeedReply(None, f"more memory than a feed may take ({type(error).__name__})")
    except Exception as error:
        return FeedReply(None, f"{type(error).__name__}: {error}")


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the parent decides
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    for none in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        resource.setrlimit(none, (0, 0))
    while (raw := receive(sys.stdin.buffer)) is not None:
        _allow(CPU_SECONDS)
        send(sys.stdout.buffer, answer(raw))


def _allow(seconds: int) -> None:
    """Time of the processor from now on; beyond it the kernel ends this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(usage.ru_utime + usage.ru_stime) + seconds, most))


if __name__ == "__main__":
    main()
