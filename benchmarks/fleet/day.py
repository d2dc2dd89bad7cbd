"""A day, second by second: documents arrive on partitions, workers share these, and everything waits its turn. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.fleet.scaler import Figures

SECONDS: Final = 86_400
Curve = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class World:
    """What the fleet meets, and what a worker is like."""

    documents: int = 4_000_000  # of the day, without the spike
    spike: float = 6.0  # times what arrives then on other days
    spike_at: int = 14 * 3600 + 1800
    spike_seconds: int = 1_800
    partitions: int = 48
    speed: float = 50.0  # documents/s of one worker: an assumption
    start: int = 60  # seconds from the wish for a worker to its first document: pod, libraries, model
    pause: int = 3  # seconds in which nobody scores when one joins or leaves
    window: int = 300  # seconds over which the pace is taken: rate(…[5m])
    lag: int = 15  # age of the figures that the scaler sees: scraping
    blind: tuple[int, int] = (SECONDS, SECONDS)  # seconds in which Prometheus does not answer

    def arrivals(self) -> Curve:
        """Documents by second: a quiet night, two humps of the day, and the spike with a short rise and a long tail."""
        hours = np.arange(SECONDS) / 3600
        shape = 0.25 + np.exp(-(((hours - 9.5) / 2.2) ** 2)) + 1.2 * np.exp(-(((hours - 15.5) / 2.6) ** 2))
        usual = shape / shape.sum() * self.documents
        since = np.arange(SECONDS) - self.spike_at
        rise = np.clip(since / 120, 0, 1)
        tail = np.where(since > self.spike_seconds, np.exp(-(since - self.spike_seconds) / 900), 1.0)
        more: Curve = usual * (1 + (self.spike - 1) * rise * tail)
        return more


@dataclass(slots=True)
class Played:
    """By second: workers wanted and paid for, workers that score, documents that wait, age of the oldest."""

    replicas: list[int] = field(default_factory=list)
    serving: list[int] = field(default_factory=list)
    waiting: list[float] = field(default_factory=list)
    behind: list[float] = field(default_factory=list)
    arrived: float = 0.0
    scored: float = 0.0

    def worker_hours(self) -> float:
        return sum(self.replicas) / 3600

    def row(self) -> dict[str, float]:
        behind = np.array(self.behind)
        return {
            "worker_hours": round(self.worker_hours(), 1),
            "most_workers": max(self.replicas),
            "most_waiting": round(max(self.waiting)),
            "behind_p50_s": round(float(np.percentile(behind, 50)), 1),
            "behind_p99_s": round(float(np.percentile(behind, 99)), 1),
            "behind_max_s": round(float(behind.max()), 1),
            "minutes_over_60_s": round(float((behind > 60).sum()) / 60, 1),
        }


Wish = Callable[[int, Figures | None], int]  # (second, what is known) -> replicas to have


def play(world: World, wish: Wish, every: int, first: int) -> Played:
    """The day of a fleet that begins with `first` workers and asks `wish` every so many seconds."""
    arrivals = world.arrivals() / world.partitions  # alike on all of them: keys are hashed
    total = np.concatenate(([0.0], np.cumsum(arrivals)))
    served = np.zeros(world.partitions)
    played, coming, replicas, serving, paused = Played(), [], first, first, 0
    for second in range(SECONDS):
        if second % every == 0 and second >= world.lag:
            at = second - world.lag
            blind = world.blind[0] <= second < world.blind[1]
            wanted = wish(second, None if blind else _figures(world, played, total, at))
            coming += [second + world.start] * max(0, wanted - replicas)
            coming = coming[: max(0, len(coming) - max(0, replicas - wanted))]
            replicas = wanted
        ready = min(replicas, serving + sum(due <= second for due in coming))
        coming = [due for due in coming if due > second]
        if ready != serving:
            serving, paused = ready, second + world.pause
        if second >= paused:
            served = np.minimum(total[second + 1], served + _shares(serving, world))
        else:
            served = np.minimum(total[second + 1], served)
        played.replicas.append(replicas)
        played.serving.append(serving)
        played.waiting.append(float((total[second + 1] - served).sum()))
        played.behind.append(_behind(total, float(served.min()), second))
    played.arrived, played.scored = float(total[-1] * world.partitions), float(served.sum())
    return played


def _figures(world: World, played: Played, total: Curve, at: int) -> Figures:
    """As they were at a second."""
    before = max(0, at - world.window)
    arrived = (total[at + 1] - total[before + 1]) * world.partitions
    scored = arrived - (played.waiting[at] - played.waiting[before])
    pace = scored / max(1, at - before)
    return Figures(played.waiting[at], played.behind[at], float(pace), played.serving[at])


@cache
def _shares(workers: int, world: World) -> Curve:
    """Documents a second on each partition: a worker divides its speed among its partitions."""
    held = np.array([math.ceil((world.partitions - first) / workers) for first in range(workers)])
    return np.repeat(world.speed / held, held)


def _behind(total: Curve, served: float, second: int) -> float:
    """Age of the oldest that waits on the partition that is furthest behind; 0 where nothing waits."""
    if total[second + 1] - served < 1e-6:
        return 0.0
    return float(second - (int(np.searchsorted(total, served + 1e-6)) - 1))
