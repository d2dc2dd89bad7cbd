"""What is deleted at Reddit and Hacker News leaves as a deletion of the very item that went out; StockTwits and GDELT
tell of none, and what they no longer show stays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from services.ingest.delivery.intake import Intake
from services.ingest.delivery.ledger import Ledger
from services.ingest.delivery.rejected import RejectedFile
from services.ingest.documents.companies import CompanyNames
from services.ingest.documents.masker import Masker
from services.ingest.sources.source import Cursor, LiveSource
from shared.clock import ReplayClock, SystemClock
from shared.contract.events import Deletion, Document
from shared.universe.securities import Catalogue
from tests.contract.feed_servers import http_server
from tests.contract.listed import polls, read
from tests.contract.test_gdelt import NOW, Gdelt, row
from tests.contract.test_gdelt import source as gdelt
from tests.contract.test_posts import HackerNews, Reddit, StockTwits, hackernews, post, reddit, stocktwits, story
from tests.unit.ingest.test_intake import Log


class Way:
    """From a source to Kafka, which is a list here: `sent` since the poll before."""

    def __init__(self, state: Path, source: LiveSource, ledger: Ledger) -> None:
        self._log, self._source = Log(), source
        names = CompanyNames(Catalogue.load())
        clock = ReplayClock(max(SystemClock().now(), NOW))
        rejected = RejectedFile(state, "one", clock)
        self._intake = Intake(source.key, source.reading, self._log.send, ledger, Masker(b"k"), rejected, names, clock)  # type: ignore[arg-type]
        self._cursor: Cursor | None = None

    def poll(self, times: int = 1) -> list[Document | Deletion]:
        before = len(self._log.documents)
        for batch in read(self._source, polls(times, self._source), self._cursor):
            self._intake.take(batch)
            self._cursor = batch.reached
        self._intake.finish()
        return list(self._log.documents[before:])


@contextmanager
def way(state: Path, source: Any) -> Iterator[Way]:
    with Ledger(state / "ledger", "topic", {"news": "topic", "social": "posts"}) as ledger:
        yield Way(state, source, ledger)


def items_of(sent: list[Document | Deletion]) -> list[tuple[str, str, str]]:
    return [(type(each).__name__, each.item, each.channel) for each in sent]


def test_reddit(tmp_path: Path) -> None:
    there = Reddit([1001, 1002])
    with http_server(there.respond) as server, way(tmp_path, reddit(server)) as one:
        first, second = one.poll()
        there.posts[1001] = post(1001, author="[deleted]", selftext="[deleted]")
        assert items_of(one.poll()) == [("Deletion", first.item, "social")]
        assert one.poll(2) == []  # once
        there.posts[1002] = post(1002, removed_by_category="moderator")
        assert items_of(one.poll()) == [("Deletion", second.item, "social")]


def test_hacker_news(tmp_path: Path) -> None:
    there = HackerNews({1: story(1), 2: story(2)})
    with http_server(there.respond) as server, way(tmp_path, hackernews(server)) as one:
        first, second = one.poll()
        there.stories[1], there.changed = story(1, "Microsoft ships late"), [1]
        (edited,) = one.poll()
        assert isinstance(edited, Document) and edited.item == first.item
        there.stories[1] = {"id": 1, "deleted": True, "type": "story"}
        assert items_of(one.poll()) == [("Deletion", first.item, "social")]
        there.changed = []
        there.stories[2] = story(2, dead=True)
        assert items_of(one.poll()) == [("Deletion", second.item, "social")]
        assert one.poll(2) == []


def test_stocktwits_tells_of_none(tmp_path: Path) -> None:
    there = StockTwits(AAPL=[300, 301])
    with http_server(there.respond) as server, way(tmp_path, stocktwits(server, "AAPL")) as one:
        assert len(one.poll()) == 2
        there.numbers["AAPL"] = [301, 302]
        (later,) = one.poll()
        assert isinstance(later, Document) and one.poll(2) == []


def test_gdelt_tells_of_none(tmp_path: Path) -> None:
    there = Gdelt()
    there.put(0, row("Microsoft agrees"))
    with http_server(there.respond) as server, way(tmp_path, gdelt(server)) as one:
        assert len(one.poll()) == 1
        there.put(1, row("Microsoft says more", "https://paper.example/2"))
        (later,) = one.poll()
        assert isinstance(later, Document) and later.title == "Microsoft says more"
