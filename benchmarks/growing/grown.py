"""A simulated run: the worker's code on a Redis of its own, beside an archive that keeps up."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, cast

import redis

from benchmarks.growing.drawn import STREAM, Drawn
from services.aggregation.core.apply import apply
from services.aggregation.core.plan import Decoded, Rules
from services.aggregation.main import strategies_of
from services.aggregation.signals.closing import Closer, boundary
from services.aggregation.stores.redis_store import RedisStore
from services.archive.rows import Rows, tables_of
from services.archive.tables import Tables
from services.runtime.record import Recorded
from shared.contract.archive import OPINIONS
from shared.contract.events import Tick, encode
from shared.contract.keys import archived_key
from shared.contract.topics import Topics
from shared.reading.archive.tables import ArchiveTables
from shared.settings import AggregationSettings

RUN: Final = "growth"
BATCH: Final = 1_000
AT_ONCE: Final = 20_000  # records that are archived together
KINDS: Final = 5_000  # keys that are asked for at once


class Grown:
    """`pack`: whether ended days are packed, and words of old documents leave."""

    def __init__(self, client: redis.Redis, rules: Rules, drawn: Drawn, *, pack: bool = True) -> None:
        client.flushall()
        self._client, self._rules, self._drawn, self._pack = client, rules, drawn, pack
        self._store = RedisStore(client, RUN, 1)
        self._closer = Closer(self._store, 0, strategies_of(AggregationSettings()), frozenset({STREAM}), rules)
        self._told = False  # whether the day before had opinions
        self._empty = 0
        self._empty = self.bytes()
        self.ticks: list[float] = []  # seconds in which an hour was closed and its signals were made

    def bytes(self) -> int:
        """Of data and its overhead; what Redis notes of slow commands, on a busy machine, is neither."""
        self._client.slowlog_reset()
        return int(cast("dict[str, int]", self._client.info("memory"))["used_memory"]) - self._empty

    def outside(self) -> dict[str, int]:
        """Bytes of `used_memory` that are no key's: tables of keys, clients, scripts and so on, as Redis names them."""
        stats = cast("dict[bytes | str, Any]", self._client.memory_stats())
        found = {_name(name): value for name, value in stats.items()}
        tables = {_name(name): value for name, value in found.pop("db.0", {}).items()}
        return {name: int(value) for name, value in (found | tables).items() if isinstance(value, int)}

    def live(self, day: int, opinions: int) -> list[Decoded]:
        """One day; its records."""
        records = list(self._drawn.day(day, opinions))
        self.feed(records)
        if self._pack:
            self._client.hset(archived_key(RUN), "0", f"O:{records[-1][0] + 1}")
        if opinions or self._told:  # what ends or grows old does so by opinions, and is packed when a day has passed
            until = boundary(self._store.state(0, set()).watermarks, frozenset({STREAM}), self._rules.lateness)
            while self._pack and until is not None and self._store.pack(0, until):
                pass
        self._told = bool(opinions)
        self._client.delete(self._store.keys.outbox(0))  # as if Kafka had them
        return records

    def feed(self, records: Sequence[Decoded]) -> None:
        """Records as the worker applies them."""
        for first in range(0, len(records), BATCH):
            for part in self._closer.parts(records[first : first + BATCH]):
                made = apply(self._store, 0, "O", part, self._rules)
                if made is not None:
                    self._closer.changed(made)
                began = time.perf_counter()
                self._closer.close()
                if isinstance(part[-1][1], Tick):
                    self.ticks.append(time.perf_counter() - began)

    def by_kind(self) -> dict[str, int]:
        """Bytes of the keys by what they hold, the largest first."""
        sizes: dict[str, int] = defaultdict(int)
        for page in _pages(self._client):
            pipeline = self._client.pipeline(transaction=False)
            for key in page:
                pipeline.memory_usage(key, samples=0)
            for key, size in zip(page, pipeline.execute(), strict=True):
                sizes[key.decode().split("}:", 1)[1].split(":")[0]] += size or 0
        return dict(sorted(sizes.items(), key=lambda each: -each[1]))


def _name(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name


def _pages(client: redis.Redis) -> Iterator[list[bytes]]:
    page: list[bytes] = []
    for key in client.scan_iter(count=KINDS):
        page.append(key)
        if len(page) == KINDS:
            yield page
            page = []
    yield page


class Archived:
    """The archive of a run's opinions. `folder` is empty."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._tables, self._waiting = folder, Tables(ArchiveTables(str(folder))), list[Decoded]()

    def add(self, records: Sequence[Decoded]) -> None:
        self._waiting += records
        if len(self._waiting) >= AT_ONCE:
            self._write()

    def bytes(self) -> int:
        """Of everything that was added, compacted."""
        self._write()
        self._tables[OPINIONS].optimize()
        return sum(file.stat().st_size for file in self._folder.rglob("*") if file.is_file())

    def _write(self) -> None:
        topics = Topics()
        log = [Recorded(topics.opinions, 0, offset, b"key", encode(each)) for offset, each in self._waiting if each]
        table_of = tables_of(topics)
        self._tables.add(Rows(table_of, dict.fromkeys(table_of, "T")).of(log))
        self._waiting = []
