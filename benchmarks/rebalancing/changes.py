"""How long a partition's documents wait when one worker of several dies, joins, is started again or takes over."""

from __future__ import annotations

import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from benchmarks.rebalancing.workers import Workers, wait_for
from benchmarks.takeover import Feed
from shared.settings import Settings

CALM_SECONDS: Final = 3.0  # before and behind each change


@dataclass(slots=True)
class Gaps:
    """Longest times without an opinion, seconds, over all repeats of one change."""

    moved: list[float] = field(default_factory=list)  # one a partition that has another owner, or that one anew
    stayed: list[float] = field(default_factory=list)  # one of each other partition
    none: list[float] = field(default_factory=list)  # one a repeat: in which no partition moved on

    def row(self) -> dict[str, float]:
        every = self.moved + self.stayed
        return {
            "p50_s": _rounded(statistics.median(every)),
            "max_s": _rounded(max(every)),
            "moved_p50_s": _rounded(statistics.median(self.moved)) if self.moved else 0.0,
            "moved_max_s": _rounded(max(self.moved, default=0.0)),
            "stayed_p50_s": _rounded(statistics.median(self.stayed)) if self.stayed else 0.0,
            "stayed_max_s": _rounded(max(self.stayed, default=0.0)),
            "nothing_at_all_max_s": _rounded(max(self.none)),
            "moved_partitions": _rounded(len(self.moved) / len(self.none)),
        }


def measured(settings: Settings, count: int, repeats: int) -> dict[str, Gaps]:
    """Change -> its gaps. Documents come evenly on every partition all the while."""
    workers = Workers(settings, count)
    feed = Feed(settings, workers.topics)
    feed.start()
    found: dict[str, Gaps] = defaultdict(Gaps)
    try:
        wait_for("the workers share the partitions", workers.assigned)
        for number in range(repeats):
            for name, change in _changes(workers):
                _around(workers, found[name], change)
                gaps = found[name]
                sys.stderr.write(f"{number} {name}: {gaps.row()}\n")
    finally:
        feed.ending.set()
        workers.end()
    return dict(found)


def _changes(workers: Workers) -> Sequence[tuple[str, Callable[[], str]]]:
    """In an order in which their number is the same at the end; each tells whose partitions it is about."""

    def oldest() -> str:
        return next(iter(workers.running))

    def dies() -> str:
        name = oldest()
        workers.kill(name)
        return name

    def started_again() -> str:
        name = oldest()
        workers.stop(name)
        workers.again(name)
        return name

    def leaves() -> str:
        name = oldest()
        workers.stop(name)
        return name

    return [
        ("nothing", lambda: time.sleep(CALM_SECONDS) or ""),  # type: ignore[func-returns-value]
        ("killed", dies),
        ("joins", workers.add),
        ("started again", started_again),
        ("joins", workers.add),  # a rolling update of pods: the new one first,
        ("stopped", leaves),  # then the old one
    ]


def _around(workers: Workers, gaps: Gaps, change: Callable[[], str]) -> None:
    """Make the change among calm seconds and note the gap of each partition that ends behind its begin."""
    since, before = workers.now(), workers.owners()
    time.sleep(CALM_SECONDS)
    began = time.time()
    whose = change()
    wait_for("the workers share the partitions again", workers.assigned)
    settled = time.time()
    time.sleep(CALM_SECONDS)
    after = workers.owners()
    times: dict[str, list[float]] = {}

    def all_went_on() -> bool:
        times.update(workers.times(since))
        return all(times.get(stream, [0.0])[-1] > settled for stream in before)

    wait_for("opinions of every partition", all_went_on, every=1.0)
    for stream, owner in before.items():
        moved = owner == whose or after.get(stream) != owner
        (gaps.moved if moved else gaps.stayed).append(longest(times[stream], began))
    gaps.none.append(longest(sorted(at for each in times.values() for at in each), began))


def longest(times: Sequence[float], since: float) -> float:
    """The longest time between two neighbours of which the later is behind `since`; 0 without any."""
    return max((after - before for before, after in pairwise(times) if after >= since), default=0.0)


def _rounded(value: float) -> float:
    return round(value, 2)
