"""How Redis and the archive grow with opinions: bytes an opinion, and the slope once retention is full.

    python -m benchmarks.growth [--short] [--opinions 1000000] [--companies 5000] [--picture FILE.svg] [--plain]

Two simulated years, of which every tenth day has opinions (one in 73 of a million a day, on 5,000 companies), and the
others pass with a tick: invented opinions are applied by the worker's code, signals, packing and what leaves for the
archive included, to a Redis of their own. Beside it an hour at the full rate, with what its tick takes; and two years
with hours kept for 20 days and days for 40, of which the second shows the slope. `--plain` packs nothing and leaves
every word in Redis, for comparison. `--short` takes minutes. Ends with one JSON object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final, NamedTuple

import redis

from benchmarks.growing.drawn import Drawn
from benchmarks.growing.grown import Archived, Grown
from services.aggregation.core.plan import Rules
from services.archive.tables import modest
from services.embedded.redis import EmbeddedRedis
from shared.clients.redis import connect
from shared.clock import DAY
from shared.settings import AggregationSettings, RedisSettings

YEARS: Final = 730  # days
EVERY: Final = 10  # days, one of which is drawn
FULL_RATE: Final = 1_000_000  # opinions a day
SHORT: Final = {"minute": 3 * DAY, "hour": 20 * DAY, "day": 40 * DAY}
FULL: Final = 365  # day from which on the short retention forgets as much as it learns, sixty signals of quiet ones too


class Size(NamedTuple):
    """How much is simulated."""

    opinions: int
    companies: int
    hour: int  # opinions of the hour at the full rate
    a_day: int  # of the run that shows the slope, with a hundredth of the companies


def bytes_an_opinion(client: redis.Redis, folder: Path, size: Size, *, pack: bool) -> dict[str, Any]:
    """With the settings' own retention."""
    drawn = Drawn(size.companies)
    grown, archived = Grown(client, Rules.of(AggregationSettings()), drawn, pack=pack), Archived(folder)
    for day in range(YEARS):
        archived.add(grown.live(day, size.opinions * EVERY // YEARS if day % EVERY == 0 else 0))
        if day % 100 == 0:
            _say(f"day {day}: {drawn.opinions:,} opinions, {grown.bytes() / 1e6:.0f} MB")
    redis_bytes, kinds = grown.bytes(), grown.by_kind()
    found = {
        "opinions": drawn.opinions,
        "companies": size.companies,
        "redis_mb": round(redis_bytes / 1e6, 1),
        "redis_bytes_by_kind": {kind: round(each / drawn.opinions, 1) for kind, each in kinds.items() if each > 10_000},
        "redis_bytes_per_opinion": round(redis_bytes / drawn.opinions),
        "archive_bytes_per_opinion": round(archived.bytes() / drawn.opinions),
    }
    return found | _at_full_rate(grown, drawn, size.hour)


def _at_full_rate(grown: Grown, drawn: Drawn, opinions: int) -> dict[str, Any]:
    """The first hour of a day of a million, and the tick behind it."""
    records = []
    for record in drawn.day(YEARS, opinions * 24):
        records.append(record)
        if len(records) > opinions:
            break
    grown.ticks.clear()
    began = time.perf_counter()
    grown.feed(records)
    closing = list(drawn.day(YEARS + 1, 0))
    passed = time.perf_counter() - began
    grown.ticks.clear()
    grown.feed(closing)
    return {"hour_opinions": len(records), "hour_seconds": round(passed, 1), "tick_seconds": round(sum(grown.ticks), 2)}


def slope(client: redis.Redis, size: Size, picture: Path | None, *, pack: bool) -> dict[str, Any]:
    """Growth of Redis a year as a share of the plateau, with short retention, in the second year."""
    rules = Rules(SHORT, 7 * DAY, Rules.of(AggregationSettings()).lateness)  # type: ignore[arg-type]
    # a hundred offsets an opinion: ids are kept for two chunks of 65,536 offsets, which pass in ten days
    grown = Grown(client, rules, Drawn(max(size.companies // 100, 5), 100), pack=pack)
    points, kinds = [], []
    for day in range(YEARS):
        grown.live(day, size.a_day)
        points += [(day, grown.bytes())] if day >= FULL else []
        kinds += [(day, grown.by_kind())] if picture is not None and day % 10 == 9 else []
    middle = statistics.fmean(day for day, _ in points)
    plateau = statistics.fmean(each for _, each in points)
    line = statistics.linear_regression(*zip(*points, strict=True))
    spread = sum((day - middle) ** 2 for day, _ in points)
    off = sum((each - line.intercept - line.slope * day) ** 2 for day, each in points) / (len(points) - 2)
    if picture is not None:
        from benchmarks.growing.picture import drawn

        drawn(kinds, FULL, picture)
    return {
        "plateau_mb": round(plateau / 1e6, 2),
        "redis_slope_per_year": round(line.slope * 365 / plateau, 4),
        "slope_standard_error": round((off / spread) ** 0.5 * 365 / plateau, 4),
    }


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="50,000 opinions on 250 companies; minutes")
    parser.add_argument("--opinions", type=int, default=1_000_000)
    parser.add_argument("--companies", type=int, default=5_000)
    parser.add_argument("--picture", type=Path, help="where the picture of the two years is drawn, SVG")
    parser.add_argument("--plain", action="store_true", help="pack nothing")
    given = parser.parse_args()
    pack = not given.plain
    size = Size(given.opinions, given.companies, FULL_RATE // 24, 100)
    if given.short:
        size = Size(50_000, 250, 2_000, 50)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="bellwether-growth-") as folder:
        server = EmbeddedRedis(Path(folder) / "redis")
        server.start()  # before LanceDB has threads
        modest()
        try:
            archive = Path(folder) / "archive"
            archive.mkdir()
            with connect(RedisSettings(url=server.url)) as client:
                found = bytes_an_opinion(client, archive, size, pack=pack)
            _say(json.dumps(found))
        finally:
            server.kill()
        server = EmbeddedRedis(Path(folder) / "second")  # what a former life of the memory left is nobody's growth
        server.start()
        try:
            with connect(RedisSettings(url=server.url)) as client:
                found |= slope(client, size, given.picture, pack=pack)
        finally:
            server.kill()
    found |= {"packed": pack, "seconds": round(time.perf_counter() - began, 1)}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
