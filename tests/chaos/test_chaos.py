"""Kill, suspend, cut off and put back whatever there is, while documents flow; every count and sum stays exact.

The short version runs by default; `BELLWETHER_CHAOS=long` feeds 20,000 documents through at least 40 kills, `medium` a
quarter of that, both with two workers of each kind. A failure prints the seed; `BELLWETHER_CHAOS_SEED` repeats the
choices (not the timing).
"""

from __future__ import annotations

import logging
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from kafka import KafkaProducer
from redis.exceptions import RedisError

from services.aggregation.admin.dump import dump
from services.aggregation.core.store import StoreLost
from services.archive.as_of.checkpointing import Checkpointing
from services.archive.as_of.moments import NotKnown
from services.archive.as_of.past import PastRuns
from shared.clients.kafka import client_config
from shared.clients.redis import connect
from shared.contract.keys import Keys
from shared.contract.topics import Topics
from shared.reading.run import RunView
from shared.reading.values.binding import UnknownRun
from shared.settings import RedisSettings
from tests.chaos.archived import is_the_log
from tests.chaos.documents import SETTLED, write_parts, write_settling_part
from tests.chaos.outcomes import (
    kept_documents,
    last_words,
    settled,
    signals_in_redis,
    signals_of_the_log,
    signals_on_topic,
)
from tests.chaos.recount import recount
from tests.chaos.world import SLOTS, Disturbances, Feeding, Run, World
from tests.probes import Probe, equal, probe
from tests.worker_process import wait_until

log = logging.getLogger(__name__)
pytestmark = [pytest.mark.chaos, pytest.mark.kafka]

SCALE = os.environ.get("BELLWETHER_CHAOS") or "short"
LONG = SCALE == "long"
DRAIN_SECONDS = 900.0  # on a machine that does much else; a quiet one needs a few
PART_SECONDS = 60.0  # a part is a process of its own: 3 s on a quiet machine
FLOW_SECONDS = 60.0


@dataclass(frozen=True)
class Scale:
    """How much is fed and what is done meanwhile."""

    parts: int
    size: int
    workers: int
    steps: tuple[str, ...]
    pause: float


_SHORT = (
    "kill_scoring", "kill_aggregation", "copy_redis", "kill_archive", "kill_ingest", "swallow_redis", "swallow_kafka",
    "restart_redis", "restart_kafka",
    "kill_aggregation", "suspend_aggregation", "put_back_redis", "kill_scoring", "kill_archive", "hold_redis",
    "drop_kafka",
)  # fmt: skip
_OFTEN = ("kill_ingest", "kill_scoring", "kill_aggregation", "kill_archive")
_ALSO = (
    "rebalance", "suspend_scoring", "suspend_aggregation", "suspend_archive", "swallow_kafka", "swallow_redis",
    "hold_redis", "hold_kafka", "drop_kafka", "drop_redis",
)  # fmt: skip


def _scale(seed: int) -> Scale:
    """Every kind often enough; a copy of Redis at a third of the way, put back at two thirds."""
    if SCALE == "short":
        return Scale(len(_SHORT) + 1, 80, 1, _SHORT, 0.5)
    draw = random.Random(seed)
    kills, others, restarts = (15, 2, 2) if LONG else (4, 1, 1)
    steps = [*_OFTEN * kills, *_ALSO * others, *("restart_kafka", "restart_redis") * restarts, "time_out_kafka"]
    draw.shuffle(steps)
    steps.insert(len(steps) // 3, "copy_redis")
    steps.insert(2 * len(steps) // 3, "put_back_redis")
    documents = 20_400 if LONG else 5_000
    return Scale(len(steps) + 1, documents // len(steps) + 1, 2, tuple(steps), 2.0)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.end()


@pytest.mark.timeout(3000 if SCALE == "short" else 10_800)
def test_chaos_changes_no_byte(world: World, tmp_path: Path) -> None:
    seed = int(os.environ.get("BELLWETHER_CHAOS_SEED") or random.randrange(2**32))
    scale = _scale(seed)
    log.warning(f"chaos seed {seed}, {scale.parts * scale.size} documents, {len(scale.steps)} disturbances")
    parts = write_parts(tmp_path / "parts", scale.parts, scale.size, seed)
    parts.append(write_settling_part(tmp_path / "parts"))

    disturbed = world.run("chaos", scale.workers)
    counts = _disturb(world, disturbed, parts, scale, seed)
    calm = world.run("calm", 1)
    _feed(world, calm, parts)

    url = world.redis.url
    (bytes_disturbed, totals_disturbed), (bytes_calm, totals_calm) = disturbed.dump(url), calm.dump(url)
    log.warning(f"{counts}; starts: {[(w.role, w.name, w.starts, w.exit_codes) for w in disturbed.workers]}")
    assert totals_calm.documents_scored > 0.9 * scale.parts * scale.size
    assert totals_calm.documents_dead >= 3
    assert {-9, 75} <= {
        code for worker in disturbed.workers if worker.role == "aggregation" for code in worker.exit_codes
    }
    assert totals_disturbed == totals_calm
    assert bytes_disturbed == bytes_calm
    assert dump(recount(world.kafka_settings(), "calm", SLOTS)) == bytes_calm
    assert dump(recount(world.kafka_settings(), "chaos", SLOTS)) == bytes_calm
    _same_documents_and_signals(url, disturbed, calm)
    if LONG:
        assert sum(counts[name] for name in _OFTEN) >= 40


def _same_documents_and_signals(url: str, disturbed: Run, calm: Run) -> None:
    """Kept documents to the byte; signals to the byte against the run's own log, and their last words across runs."""
    with connect(RedisSettings(url=url)) as client:
        documents, words = [], []
        for run in (disturbed, calm):
            keys = Keys(run.settings.run, SLOTS)
            given = signals_of_the_log(run.settings, SLOTS)
            assert signals_on_topic(run.settings) == {name: {value} for name, value in given.items()}
            held = signals_in_redis(client, keys, run.settings)
            assert held.items() <= given.items()
            assert len(held) > 100
            documents.append(kept_documents(client, keys, run.settings))
            words.append(last_words(given))
    assert documents[0] == documents[1]
    assert words[0] == words[1]
    assert len(words[0]) > 100
    assert sum(len(held) for held in documents[0].values()) > 500


def _disturb(world: World, run: Run, parts: list[tuple[Path, str]], scale: Scale, seed: int) -> dict[str, int]:
    run.start()
    feeding = Feeding(run.state, parts)
    try:
        _garbage(world, run)
        feeding.allow(1)
        wait_until(lambda: run.applied(world.redis.url) > 0, 240, _words(run))
        disturbances = Disturbances(world, run, feeding, seed)
        draw, flowing, probes = random.Random(seed + 1), Flow(world, run), list[Probe]()
        for number, name in enumerate(scale.steps):
            feeding.allow(2 + number * len(parts) // len(scale.steps))
            flowing.wait(FLOW_SECONDS)  # else a busy machine is disturbed while nothing happens
            time.sleep(draw.uniform(0.0, scale.pause))
            probes += _probed(world, run, draw)
            disturbances.do(name)
            probes += _probed(world, run, draw)
            assert not run.refused, run.refused
        feeding.allow(len(parts))
        said = run.state / "ingest.out"
        wait_until(lambda: feeding.done == len(parts), PART_SECONDS * len(parts), lambda: said.read_text()[-2000:])
        _end_of(world, run)
        _as_of_is_what_was_said(world, run, probes, draw)
        return disturbances.counts
    finally:
        feeding.end()
        run.end()


def _probed(world: World, run: Run, draw: random.Random) -> list[Probe]:
    """What the run says of some companies now; nothing while Redis, whose own port is asked, is away."""
    try:
        with connect(RedisSettings(url=world.redis.url, timeout_seconds=3.0)) as client:
            companies = sorted(RunView.open(client, run.settings.run).newest())
            some = draw.sample(companies, min(3, len(companies)))
            return [found for company in some if (found := probe(client, run.settings, company)) is not None]
    except (StoreLost, RedisError, UnknownRun, NotKnown):
        return []


def _as_of_is_what_was_said(world: World, run: Run, probes: list[Probe], draw: random.Random) -> None:
    """Of moments between the disturbances; half of the answers begin at a checkpoint."""
    with connect(RedisSettings(url=world.redis.url)) as client:
        compared = equal(PastRuns(run.settings, client), probes, draw, 10)
        made = Checkpointing(run.settings, client, every=100).round(most=1_000)
        compared += equal(PastRuns(run.settings, client), probes, draw, 10)
    log.warning(f"{len(probes)} probes, {compared} compared with the answers as of their moments, {made} checkpoints")
    assert made >= 1
    assert compared >= 4


class Flow:
    """Whether opinions are being applied."""

    def __init__(self, world: World, run: Run) -> None:
        self._applied = lambda: run.applied(world.redis.url)
        self._last = -1

    def wait(self, seconds: float) -> None:
        """Return when more has been applied than at the last call, or the time is over (all is applied, say)."""
        deadline = time.monotonic() + seconds
        while (applied := self._applied()) <= self._last and time.monotonic() < deadline:
            time.sleep(0.05)
        self._last = applied


def _feed(world: World, run: Run, parts: list[tuple[Path, str]]) -> None:
    """The same input with nothing done to it."""
    run.start()
    feeding = Feeding(run.state, parts)
    try:
        _garbage(world, run)
        feeding.allow(len(parts))
        wait_until(lambda: feeding.done == len(parts), PART_SECONDS * len(parts), _words(run))
        _end_of(world, run)
        assert feeding.failures == 0
        assert all(worker.starts == 1 for worker in run.workers), _words(run)()
    finally:
        feeding.end()
        run.end()


def _end_of(world: World, run: Run) -> None:
    """All is applied, and every signal that is owed has been given out and sent."""
    assert run.drain(DRAIN_SECONDS), _words(run)()
    keys, until = Keys(run.settings.run, SLOTS), int((SETTLED - timedelta(hours=2)).timestamp())
    with connect(RedisSettings(url=world.redis.url)) as client:
        wait_until(lambda: settled(client, keys, until), 240, _words(run))
    wait_until(lambda: is_the_log(run.settings), 240, _words(run))
    assert not run.refused, run.refused


def _garbage(world: World, run: Run) -> None:
    """Records that no schema reads, straight on the topic: three dead letters."""
    producer = KafkaProducer(**client_config(world.kafka_settings()))
    for number in range(3):
        topic = Topics.of(run.settings).documents("news")
        producer.send(topic, key=f"{number:032x}".encode(), value=b"\xff\x00 garbage").get(30)
    producer.close()


def _words(run: Run) -> Callable[[], str]:
    def words() -> str:
        parts = [f"{w.role}-{w.name} {w.exit_codes}: {w.output()[-1500:]}" for w in run.workers]
        return "\n".join([*parts, (run.state / "ingest.out").read_text()[-1500:]])

    return words
