"""The aggregation worker against a real Kafka and a real Redis."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.aggregation.admin.dump import dump
from shared.contract.events import encode
from shared.contract.keys import run_key
from shared.contract.topics import partition_for
from tests.integration.aggregation.harness import OpinionsRun
from tests.unit.aggregation.opinions import Opinion, Tick, history, merge, opinion
from tests.worker_process import wait_until

pytestmark = pytest.mark.kafka


@pytest.fixture
def run(tmp_path: Path, kafka: dict[str, Any], redis_url: str, run_name: str) -> Iterator[OpinionsRun]:
    yield OpinionsRun(tmp_path, run_name, kafka, redis_url)


def spread(run: OpinionsRun, seed: int, documents: int, resend: float = 0.1) -> None:
    """A history, each opinion on its company's partition and each tick on all of them."""
    draw = random.Random(seed)
    records = merge(draw, history(seed, 3, documents, first=1000 * seed), resend)
    for slot in range(run.slots):
        mine = [
            (offset, message)
            for offset, message in records
            if isinstance(message, Tick)
            or (isinstance(message, Opinion) and partition_for(message.company, run.slots) == slot)
        ]
        run.produce(slot, mine)


def test_everything_is_applied_exactly_and_again_after_a_restart(run: OpinionsRun) -> None:
    spread(run, 1, 400)
    worker = run.worker()
    worker.start()
    wait_until(run.applied, 60, worker.output)
    assert worker.stop() == 0
    spread(run, 2, 100)
    worker.start()
    wait_until(run.applied, 60, worker.output)
    assert worker.stop() == 0
    reference = run.reference()
    assert dump(run.store()) == dump(reference) != b""
    for slot in range(run.slots):
        assert run.store().totals(slot) == reference.totals(slot)


def test_two_workers_share_the_slots_and_one_takes_over(run: OpinionsRun) -> None:
    spread(run, 3, 300)
    workers = [run.worker("1"), run.worker("2")]
    for worker in workers:
        worker.start()
    wait_until(run.applied, 60, workers[0].output)
    workers[0].kill()
    spread(run, 4, 300)
    wait_until(run.applied, 40, workers[1].output)
    assert workers[1].stop() == 0
    assert dump(run.store()) == dump(run.reference())


def test_records_that_are_no_message_are_counted_and_passed(run: OpinionsRun) -> None:
    run.produce(0, [(0, None)], raw=b"\xff not ours")
    run.produce(0, [(0, opinion(0))])
    worker = run.worker()
    worker.start()
    wait_until(run.applied, 60, worker.output)
    assert worker.stop() == 0
    totals = run.store().totals(0)
    assert (totals.invalid, totals.opinions_applied) == (1, 1)


def test_a_newer_schema_stops_the_worker(run: OpinionsRun) -> None:
    newer = encode(opinion(0)).replace(b'"type":"opinion"', b'"type":"opinion","schema":99', 1)
    run.produce(0, [(0, None)], raw=newer)
    worker = run.worker()
    worker.start()
    assert worker.wait(60) == 3
    assert "schema 99 is newer" in worker.output()
    assert run.store().position(0) is None


def test_a_position_outside_the_log_stops_the_worker_and_names_the_gap(run: OpinionsRun) -> None:
    run.produce(1, [(0, opinion(0))])
    run.client.set(run.store().keys.position(1), f"{run.topic_id()}:7")
    worker = run.worker()
    worker.start()
    assert worker.wait(60) == 5
    assert "opinions[1]" in worker.output() and "7" in worker.output() and "ends at 1" in worker.output()


@pytest.mark.parametrize("field", ["topic_id", "partitions", "cluster_id"])
def test_a_run_bound_to_something_else_is_refused(run: OpinionsRun, field: str) -> None:
    name = field if field == "cluster_id" else f"{field}.{run.topics.opinions}"
    run.client.hset(run_key(run.run), name, "999")
    worker = run.worker()
    worker.start()
    assert worker.wait(60) == 3
    assert field in worker.output()


def test_a_redis_put_back_under_a_living_worker(run: OpinionsRun) -> None:
    """The position goes back while the worker lives, as when a replica that lacks a tail is promoted, and nothing comes
    by which it would be noticed: the worker notices all the same, and its successor reads again."""
    spread(run, 5, 60)
    worker = run.worker()
    worker.start()
    wait_until(run.applied, 60, worker.output)
    keys = [key for key in run.client.scan_iter(f"bw:{{{run.run}.*") if run.client.type(key)]
    older = {key: run.client.dump(key) for key in keys}
    spread(run, 6, 60)
    wait_until(run.applied, 60, worker.output)
    for key in run.client.scan_iter(f"bw:{{{run.run}.*"):
        run.client.unlink(key)
    for key, raw in older.items():
        run.client.restore(key, 0, raw)
    assert worker.wait(60) == 75
    assert "Redis lost what was written last" in worker.output()
    worker.start()
    wait_until(run.applied, 60, worker.output)
    assert worker.stop() == 0
    assert dump(run.store()) == dump(run.reference())
