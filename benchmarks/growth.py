"""How Redis and the archive grow with opinions: bytes an opinion, and the slope once retention is full.

    python -m benchmarks.growth [--short] [--opinions 1000000] [--companies 5000] [--picture FILE.svg] [--plain]
        [--slope] [--log FILE]

Two simulated years, of which every tenth day has opinions (one in 73 of a million a day, on 5,000 companies), and the
others pass with a tick: invented opinions are applied by the worker's code, signals, packing and what leaves for the
archive included, to a Redis of their own. Beside it an hour at the full rate, with what its tick takes; and two years
with hours kept for 20 days and days for 40, of which the second shows the slope: the same sixty days over and over,
with ids, stories and authors that are always new, so that chance is no growth. `--plain` packs nothing and leaves
every word in Redis, for comparison. `--short` takes minutes. `--log` adds what is known so far to a file, a JSON object
a line, so that a run that is cut leaves it. Ends with one JSON object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
FULL: Final = 360  # day from which on the short retention forgets as much as it learns, sixty signals of quiet ones too
ROUND: Final = 60  # days after which the same is drawn again: longer than the short retention
ROUNDS: Final = 6  # of which the slope is taken


class Size(NamedTuple):
    """How much is simulated."""

    opinions: int
    companies: int
    hour: int  # opinions of the hour at the full rate
    a_day: int  # of the run that shows the slope, with a hundredth of the companies


class Log:
    """What is known so far: a line on the terminal, and one of JSON in a file, if there is one."""

    def __init__(self, path: Path | None) -> None:
        self._path, self._began = path, time.perf_counter()

    def note(self, part: str, day: int, opinions: int, grown: Grown, *, kinds: bool) -> None:
        taken = grown.bytes()
        each = taken / max(opinions, 1)
        _say(f"{part}, day {day}: {opinions:,} opinions, {taken / 1e6:.1f} MB, {each:.0f} bytes an opinion")
        if self._path is None:
            return
        found = {"part": part, "day": day, "opinions": opinions, "redis_bytes": taken}
        found |= {"seconds": round(time.perf_counter() - self._began), "cpu_seconds": round(time.process_time())}
        if kinds:
            found |= {"kinds": grown.by_kind(), "outside": grown.outside()}
        with self._path.open("a") as file:
            file.write(json.dumps(found) + "\n")


def bytes_an_opinion(client: redis.Redis, folder: Path, size: Size, log: Log, *, pack: bool) -> dict[str, Any]:
    """With the settings' own retention."""
    drawn = Drawn(size.companies)
    grown, archived = Grown(client, Rules.of(AggregationSettings()), drawn, pack=pack), Archived(folder)
    for day in range(YEARS):
        archived.add(grown.live(day, size.opinions * EVERY // YEARS if day % EVERY == 0 else 0))
        if day % 20 == 0:
            log.note("bytes", day, drawn.opinions, grown, kinds=day % 100 == 0)
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


def slope(client: redis.Redis, size: Size, picture: Path | None, log: Log, *, pack: bool) -> dict[str, Any]:
    """Growth of Redis a year as a share of the plateau, with short retention, in the second year."""
    rules = Rules(SHORT, 7 * DAY, Rules.of(AggregationSettings()).lateness)  # type: ignore[arg-type]
    # a hundred offsets an opinion: ids are kept for two chunks of 65,536 offsets, which pass in ten days
    opinions = Drawn(max(size.companies // 100, 5), 100, ROUND)
    grown = Grown(client, rules, opinions, pack=pack)
    used, kinds = list[int](), list[tuple[int, dict[str, int]]]()
    for day in range(FULL + ROUNDS * ROUND):
        grown.live(day, size.a_day)
        if day >= FULL:
            used.append(grown.bytes())
        if day % 10 == 9:
            kinds.append((day, grown.by_kind()))
        if day % 30 == 0:
            log.note("slope", day, opinions.opinions, grown, kinds=True)
    first = [sizes for day, sizes in kinds if FULL <= day < FULL + ROUND]
    last = [sizes for day, sizes in kinds if day >= FULL + (ROUNDS - 1) * ROUND]
    years = (ROUNDS - 1) * ROUND / 365
    held = [sum(sizes.values()) for day, sizes in kinds if day >= FULL]
    if picture is not None:
        from benchmarks.growing.picture import drawn

        drawn(kinds, FULL, picture)
    plateau = statistics.fmean(used)
    by_used, error = yearly(used, ROUND)
    return {
        "plateau_mb": round(plateau / 1e6, 2),
        "redis_slope_per_year": round(by_used, 4),
        "slope_standard_error": round(error, 4),
        "keys_slope_per_year": round(yearly(held, ROUND // 10)[0], 4),
        "slope_by_kind": {
            kind: round((_mean(last, kind) - _mean(first, kind)) / years / plateau, 4)
            for kind in kinds[-1][1]
            if max(_mean(last, kind), _mean(first, kind)) > plateau / 1000
        },
    }


def yearly(sizes: Sequence[int], a_round: int) -> tuple[float, float]:
    """Growth a year as a share of the mean, and its standard error. `sizes`: as many at even distances as make some
    whole rounds of ROUND days, of `a_round` each. The rounds are alike, so their means show what stays for good."""
    means = [statistics.fmean(sizes[first : first + a_round]) for first in range(0, len(sizes), a_round)]
    line = statistics.linear_regression(range(len(means)), means)
    off = sum((each - line.intercept - line.slope * place) ** 2 for place, each in enumerate(means))
    spread = statistics.pvariance(range(len(means))) * len(means)
    a_year = 365 / ROUND / statistics.fmean(means)
    return line.slope * a_year, (off / (len(means) - 2) / spread) ** 0.5 * a_year


def _mean(sizes: Sequence[dict[str, int]], kind: str) -> float:
    return statistics.fmean(each.get(kind, 0) for each in sizes)


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


@contextmanager
def _redis(folder: Path) -> Iterator[redis.Redis]:
    server = EmbeddedRedis(folder)
    server.start()
    try:
        with connect(RedisSettings(url=server.url)) as client:
            yield client
    finally:
        server.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="50,000 opinions on 250 companies; minutes")
    parser.add_argument("--opinions", type=int, default=1_000_000)
    parser.add_argument("--companies", type=int, default=5_000)
    parser.add_argument("--picture", type=Path, help="where the picture of the two years is drawn, SVG")
    parser.add_argument("--plain", action="store_true", help="pack nothing")
    parser.add_argument("--slope", action="store_true", help="the slope alone")
    parser.add_argument("--log", type=Path, help="where to add what is known so far, a JSON object a line")
    given = parser.parse_args()
    pack = not given.plain
    size = Size(given.opinions, given.companies, FULL_RATE // 24, 100)
    if given.short:
        size = Size(50_000, 250, 2_000, 50)
    began, log = time.perf_counter(), Log(given.log)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="bellwether-growth-") as folder:
        if not given.slope:
            archive = Path(folder) / "archive"
            archive.mkdir()
            with _redis(Path(folder) / "redis") as client:
                modest()  # LanceDB has threads: Redis is started before
                found = bytes_an_opinion(client, archive, size, log, pack=pack)
            _say(json.dumps(found))
        with _redis(Path(folder) / "second") as client:  # what a former life of the memory left is nobody's growth
            found |= slope(client, size, given.picture, log, pack=pack)
    found |= {"packed": pack, "seconds": round(time.perf_counter() - began, 1)}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
