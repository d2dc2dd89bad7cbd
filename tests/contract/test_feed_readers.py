"""The children that read feeds: one that is slow, or takes too much, ends alone."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import msgspec
import pytest

from services.ingest.sources.syndication.feed_child import FeedRequest, answer
from services.ingest.sources.syndication.feed_readers import FeedReaders
from services.ingest.sources.syndication.feed_text import NotAFeed

GOOD = b'<rss version="2.0"><channel><title>W</title><item><title>Good</title></item></channel></rss>'
SLOW = b"<rss><item><title>&" + b"<b>" * 190_000  # not well-formed, and costly for the lenient parser behind expat


@pytest.fixture
def readers() -> Iterator[FeedReaders]:
    pool = FeedReaders(2, seconds=0.7)
    pool.read(GOOD)  # the time to start a child is not measured
    yield pool
    pool.close()


def test_one_child_reads_feed_after_feed(readers: FeedReaders) -> None:
    (child,) = readers._idle
    for _ in range(20):
        assert [item.title for item in readers.read(GOOD).items] == ["Good"]
    assert readers._idle == [child]


def test_a_slow_feed_is_ended_and_holds_up_no_other(readers: FeedReaders) -> None:
    (busy,) = readers._idle
    os.kill(busy.pid, signal.SIGSTOP)  # as slow as can be
    trouble: list[str] = []

    def read() -> None:
        with pytest.raises(NotAFeed) as told:
            readers.read(GOOD)
        trouble.append(str(told.value))

    stuck = threading.Thread(target=read)
    stuck.start()
    deadline = time.monotonic() + 5
    while readers._idle and time.monotonic() < deadline:
        time.sleep(0.005)
    assert readers.read(GOOD).items and stuck.is_alive()
    stuck.join(5)
    assert "cannot be read within 0.7 s" in trouble[0] and busy.poll() == -signal.SIGKILL
    assert readers.read(GOOD).items


def test_a_child_that_dies_is_replaced(readers: FeedReaders) -> None:
    (child,) = readers._idle
    child.kill()
    child.wait()
    with pytest.raises(NotAFeed, match="cannot be read"):
        readers.read(GOOD)
    assert readers.read(GOOD).items


def test_what_the_parser_takes_long_for_ends_at_the_limit(readers: FeedReaders) -> None:
    readers._seconds = 0.1
    with pytest.raises(NotAFeed, match="cannot be read within"):
        readers.read(SLOW)


def test_a_request_is_answered_with_a_feed_or_a_reason() -> None:
    raw = msgspec.msgpack.encode(FeedRequest(GOOD, "", ""))
    assert (reply := answer(raw)).feed is not None and reply.trouble == ""
    assert answer(msgspec.msgpack.encode(FeedRequest(b"", "", ""))).trouble == "an empty answer"
