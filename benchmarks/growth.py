"""How Redis and the archive grow with opinions: bytes an opinion, and the slope once retention is full.

    python -m benchmarks.growth [--short] [--opinions 60000] [--days 270] [--companies 500] [--plain]

Opinions are drawn (companies by Zipf's law, titles and excerpts of invented words) and applied by the worker's code,
signals and packing included, to a Redis of their own. A second run, with hours kept for 20 days and days for 40, goes
on long after retention is full. `--plain` packs nothing, for comparison. Ends with one JSON object.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any, Final, cast

import redis

from services.aggregation.core.apply import apply
from services.aggregation.core.plan import Decoded, Rules
from services.aggregation.main import strategies_of
from services.aggregation.signals.closing import Closer, boundary
from services.aggregation.stores.redis_store import RedisStore
from services.archive.rows import Rows, tables_of
from services.archive.tables import Tables, modest
from services.embedded.redis import EmbeddedRedis
from services.runtime.record import Recorded
from shared.clients.redis import connect
from shared.clock import DAY, HOUR
from shared.contract.archive import OPINIONS
from shared.contract.events import CHANNELS, MICRO, Opinion, Origin, Tick, encode
from shared.contract.keys import archived_key
from shared.contract.topics import Topics
from shared.reading.archive.tables import ArchiveTables
from shared.settings import AggregationSettings, RedisSettings

START: Final = 1_700_006_400_000_000 // DAY * DAY
RUN: Final = "growth"
BATCH: Final = 1_000
FULL: Final = 90  # days after which the second run forgets as much as it learns: sixty daily signals, and some more
EVENTS: Final = ("earnings", "analyst_rating", "general_news", "legal_regulation", "")
STREAM: Final = "T:0"


class Drawn:
    """Opinions of one slot in the order of their times, with a tick behind every hour."""

    def __init__(self, companies: int, a_day: int, stride: int = 1) -> None:
        """`stride`: offsets of the origin from one record to the next."""
        self._draw = random.Random(7)
        self._companies = [f"C{number}" for number in range(companies)]
        self._weights = list(accumulate(1 / (rank + 5) for rank in range(companies)))
        self._words = [f"{self._draw.randrange(10**7):x}" for _ in range(5_000)]
        self._a_day, self._offset, self.opinions, self._stride = a_day, 0, 0, stride

    def day(self, number: int) -> Iterator[Decoded]:
        """One day's records."""
        begin = START + number * DAY
        times = sorted(self._draw.randrange(DAY) for _ in range(self._a_day))
        hour = 0
        for at in times:
            while at >= (hour + 1) * HOUR:
                hour += 1
                yield self._next(Tick(watermark=begin + hour * HOUR, origin=Origin("T", 0, self._offset)))
            yield self._next(self._opinion(begin + at))
        yield self._next(Tick(watermark=begin + DAY, origin=Origin("T", 0, self._offset)))

    def _next(self, message: Opinion | Tick) -> Decoded:
        self._offset += 1
        self.opinions += isinstance(message, Opinion)
        return self._offset - 1, message

    def _opinion(self, at: int) -> Opinion:
        draw, number = self._draw, self._offset
        origin = Origin("T", 0, number * self._stride)
        positive = draw.randrange(MICRO + 1)
        channel = draw.choice(CHANNELS)
        return Opinion(
            origin=origin, document_id=f"{draw.getrandbits(128):032x}",
            company=draw.choices(self._companies, cum_weights=self._weights)[0], relevance=MICRO, channel=channel,
            source=f"rss:source{draw.randrange(40)}", title=self._text(10), excerpt=self._text(40),
            url=f"https://example.org/{number:x}/{self._text(1)}",
            author=f"{draw.randrange(3_000) * 7919:016x}" if channel == "social" else "",
            story=f"{draw.getrandbits(64) if draw.random() < 0.7 else draw.randrange(500):016x}", published_at=at,
            available_at=at, negative=(MICRO - positive) // 2, neutral=MICRO - positive - (MICRO - positive) // 2,
            positive=positive, event=draw.choice(EVENTS), model="m" * 16, companies=1,
            item=f"{draw.getrandbits(128):032x}",
        )  # fmt: skip

    def _text(self, words: int) -> str:
        return " ".join(self._draw.choices(self._words, k=words))


class Grown:
    """One simulated run. `pack`: whether ended days are packed."""

    def __init__(self, client: redis.Redis, rules: Rules, drawn: Drawn, pack: bool) -> None:
        client.flushall()
        self._client, self._rules, self._drawn, self._pack = client, rules, drawn, pack
        self._store = RedisStore(client, RUN, 1)
        strategies = strategies_of(AggregationSettings())
        self._closer = Closer(self._store, 0, strategies, frozenset({STREAM}), rules)
        self._empty = self.bytes()

    def bytes(self) -> int:
        """Of data and its overhead."""
        return int(cast("dict[str, int]", self._client.info("memory"))["used_memory"]) - getattr(self, "_empty", 0)

    def live(self, day: int) -> list[Decoded]:
        """One day; its records."""
        records = list(self._drawn.day(day))
        for first in range(0, len(records), BATCH):
            for part in self._closer.parts(records[first : first + BATCH]):
                made = apply(self._store, 0, "O", part, self._rules)
                if made is not None:
                    self._closer.changed(made)
                self._closer.close()
        if self._pack:  # an archive that keeps up
            self._client.hset(archived_key(RUN), "0", f"O:{records[-1][0] + 1}")
        until = boundary(self._store.state(0, set()).watermarks, frozenset({STREAM}), self._rules.lateness)
        while self._pack and until is not None and self._store.pack(0, until):
            pass
        self._client.delete(self._store.keys.outbox(0))  # as if Kafka had them
        return records

    def by_kind(self) -> dict[str, int]:
        """Bytes of the keys by what they hold."""
        sizes: dict[str, int] = defaultdict(int)
        for page in _pages(self._client):
            pipeline = self._client.pipeline(transaction=False)
            for key in page:
                pipeline.memory_usage(key, samples=0)
            for key, size in zip(page, pipeline.execute(), strict=True):
                sizes[key.decode().split("}:", 1)[1].split(":")[0]] += size or 0
        return dict(sorted(sizes.items(), key=lambda each: -each[1]))


def _pages(client: redis.Redis) -> Iterator[list[bytes]]:
    page: list[bytes] = []
    for key in client.scan_iter(count=5_000):
        page.append(key)
        if len(page) == 5_000:
            yield page
            page = []
    yield page


def _archived(records: list[Decoded], tables: Tables) -> None:
    topics = Topics()
    log = [Recorded(topics.opinions, 0, offset, b"key", encode(message)) for offset, message in records if message]
    tables.add(Rows(tables_of(topics), dict.fromkeys(tables_of(topics), "T")).of(log))


def bytes_an_opinion(client: redis.Redis, folder: Path, days: int, companies: int, opinions: int, pack: bool) -> Any:
    """With the settings' own retention."""
    drawn = Drawn(companies, opinions // days)
    grown, tables = Grown(client, Rules.of(AggregationSettings()), drawn, pack), Tables(ArchiveTables(str(folder)))
    kept: list[Decoded] = []
    for day in range(days):
        kept += grown.live(day)
        if len(kept) > 20_000 or day == days - 1:
            _archived(kept, tables)
            kept = []
    tables[OPINIONS].optimize()
    archive = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return {
        "opinions": drawn.opinions,
        "redis_mb": round(grown.bytes() / 1e6, 1),
        "redis_keys": client.dbsize(),
        "redis_mb_by_kind": {kind: round(size / 1e6, 2) for kind, size in grown.by_kind().items()},
        "redis_bytes_per_opinion": round(grown.bytes() / drawn.opinions),
        "archive_bytes_per_opinion": round(archive / drawn.opinions),
    }


def slope(client: redis.Redis, days: int, companies: int, a_day: int, pack: bool) -> dict[str, Any]:
    """Growth of Redis a year as a share of the plateau, with short retention, from the day on when it is full."""
    keep = {"minute": 3 * DAY, "hour": 20 * DAY, "day": 40 * DAY}
    rules = Rules(keep, 7 * DAY, Rules.of(AggregationSettings()).lateness)  # type: ignore[arg-type]
    # a hundred offsets an opinion: ids are kept for two chunks of 65,536 offsets, which pass in ten days
    grown = Grown(client, rules, Drawn(companies, a_day, 100), pack)
    points = []
    for day in range(days):
        grown.live(day)
        if day >= FULL:
            points.append((day, grown.bytes()))
    middle = sum(day for day, _ in points) / len(points)
    plateau = sum(size for _, size in points) / len(points)
    up = sum((day - middle) * (size - plateau) for day, size in points) / sum((day - middle) ** 2 for day, _ in points)
    return {"plateau_mb": round(plateau / 1e6, 2), "redis_slope_per_year": round(up * 365 / plateau, 4)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="20,000 opinions and 150 days; minutes")
    parser.add_argument("--opinions", type=int, default=60_000)
    parser.add_argument("--days", type=int, default=270)
    parser.add_argument("--companies", type=int, default=500)
    parser.add_argument("--plain", action="store_true", help="pack nothing")
    given = parser.parse_args()
    opinions, days, long = (20_000, 90, 150) if given.short else (given.opinions, given.days, 250)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="bellwether-growth-") as folder:
        server = EmbeddedRedis(Path(folder) / "redis")
        server.start()  # before LanceDB has threads
        modest()
        try:
            with connect(RedisSettings(url=server.url)) as client:
                archive = Path(folder) / "archive"
                archive.mkdir()
                found = bytes_an_opinion(client, archive, days, given.companies, opinions, not given.plain)
                found |= slope(client, long, max(given.companies // 10, 5), 100, not given.plain)
        finally:
            server.kill()
    found |= {"days": days, "packed": not given.plain, "seconds": round(time.perf_counter() - began, 1)}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
