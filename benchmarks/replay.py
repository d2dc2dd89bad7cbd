"""Aggregation and signals in one process: 1,000,000 opinions against the same sums by pandas, in the same run.

    python benchmarks/replay.py [--opinions 1000000] [--tick-hours 12]

Ours keeps everything that a live worker keeps (marks, duplicates, shares per author and story, documents, signals of
the
default strategy); pandas only adds up the same sums by group-by, from columns that are ready. Opinions are made in
chunks outside both timers. The last line is one JSON object; `ratio` is pandas' seconds over ours.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import resource
import sys
import time
from collections.abc import Iterator

import pandas as pd

from services.aggregation.core.apply import apply
from services.aggregation.core.plan import Decoded, Rules
from services.aggregation.signals.closing import Closer
from services.aggregation.signals.strategy import load_strategy
from services.aggregation.stores.memory import MemoryStore
from shared.clock import DAY, HOUR, SECOND
from shared.contract.aggregates import SECONDS
from shared.contract.events import MICRO, Opinion, Origin, Tick
from shared.contract.weighing import contribution
from shared.settings import AggregationSettings

COMPANIES, DAYS, CHUNK = 500, 90, 20_000
START = 1_400_000_000 * SECOND // DAY * DAY
TOPIC = "benchmark"


def records(count: int, tick_hours: int) -> Iterator[list[Decoded]]:
    """Chunks of opinions in order of time, a tick every `tick_hours` of theirs; a few companies get most of them."""
    draw, step, last, offset = random.Random(7), DAYS * DAY // count, START, 0
    names = [f"C{number:03}" for number in range(COMPANIES)]
    chunk: list[Decoded] = []
    for index in range(count):
        at = START + index * step
        negative = draw.randrange(MICRO)
        neutral = draw.randrange(MICRO - negative + 1)
        opinion = Opinion(
            origin=Origin(TOPIC, 0, index),
            document_id=f"{index:032x}",
            company=names[min(int(draw.expovariate(1 / 80)), COMPANIES - 1)],
            relevance=draw.randrange(MICRO // 2, MICRO),
            channel="news" if draw.random() < 0.3 else "social",
            source=f"source{draw.randrange(8)}",
            author=f"{draw.randrange(20_000):016x}",
            story=f"{draw.randrange(count):016x}",
            published_at=at,
            available_at=at,
            negative=negative,
            neutral=neutral,
            positive=MICRO - negative - neutral,
            event=("earnings", "merger", "")[draw.randrange(3)],
            model="m" * 16,
            companies=1,
        )
        chunk.append((offset, opinion))
        offset += 1
        if at // (tick_hours * HOUR) > last // (tick_hours * HOUR):
            chunk.append((offset, Tick(watermark=at, origin=Origin(TOPIC, 0, index))))
            offset, last = offset + 1, at
        if len(chunk) >= CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def ours(count: int, tick_hours: int, columns: dict[str, list[object]]) -> tuple[float, float, int, int]:
    """Seconds by the clock and of CPU, signals, and the documents counted by day; fills `columns` for the peer, outside
    the timers. Ticks come at the strategy's cadence, as a replay makes them, unless `tick_hours` says otherwise."""
    rules, strategy = Rules.of(AggregationSettings()), load_strategy("pulse")
    store = MemoryStore(1)
    closer = Closer(store, 0, [strategy], frozenset({f"{TOPIC}:0"}), rules)
    seconds, cpu, signals, done = 0.0, 0.0, 0, 0
    gc.disable()
    for chunk in records(count, tick_hours or strategy.cadence_hours):
        started, cpu_started = time.perf_counter(), time.process_time()
        for part in closer.parts(chunk):
            made = apply(store, 0, TOPIC, part, rules)
            if made is not None:
                closer.changed(made)
            signals += len(closer.close())
        seconds += time.perf_counter() - started
        cpu += time.process_time() - cpu_started
        for _, message in chunk:
            if isinstance(message, Opinion):
                done += 1
                share = contribution(message)
                row = (message.company, message.channel, message.available_at // SECOND, message.author, message.story)
                values = (
                    *row,
                    message.source,
                    message.event,
                    share.label,
                    share.weight,
                    share.score,
                    share.score_square,
                )
                for name, value in zip(columns, values, strict=True):
                    columns[name].append(value)
        sys.stderr.write(f"\r{done:,} opinions, {done / seconds:,.0f}/s")
    gc.enable()
    sys.stderr.write("\n")
    counted = sum(row.bucket.documents for row in store.rows(("day",)))
    return seconds, cpu, signals, counted


def pandas_sums(columns: dict[str, list[object]]) -> tuple[float, int]:
    """Seconds for the same sums by group-by, and the documents counted by day."""
    frame = pd.DataFrame(columns)
    started = time.perf_counter()
    counted = 0
    for resolution, size in SECONDS.items():
        keys = [frame["company"], frame["channel"], frame["at"] // size]
        grouped = frame.groupby(keys, sort=True)
        sums = grouped[["weight", "score", "square"]].sum()
        sums["documents"] = grouped.size()
        for name in ("label", "source", "event"):
            frame.groupby([*keys, name]).size()
        if resolution != "minute":
            for name in ("author", "story"):
                frame.groupby([*keys, name])[["weight", "score"]].agg(["sum", "count"])
        counted = int(sums["documents"].sum())
    return time.perf_counter() - started, counted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--opinions", type=int, default=1_000_000)
    parser.add_argument("--tick-hours", type=int, default=0, help="Default: the strategy's cadence, as in a replay.")
    options = parser.parse_args()
    count = options.opinions
    names = ("company", "channel", "at", "author", "story", "source", "event", "label", "weight", "score", "square")
    columns: dict[str, list[object]] = {name: [] for name in names}
    seconds, cpu, signals, counted = ours(count, options.tick_hours, columns)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    peer, peer_counted = pandas_sums(columns)
    assert counted == peer_counted == count, (counted, peer_counted)
    result = {
        "ratio": round(peer / seconds, 3),
        "ours": round(seconds, 2),
        "ours_cpu": round(cpu, 2),
        "peer": round(peer, 2),
        "unit": "seconds",
        "opinions_per_s": round(count / seconds),
        "signals": signals,
        "peak_memory_bytes": peak,
    }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
