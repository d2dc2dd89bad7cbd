"""A clock that a former version let a record move ahead: it is named, and a reset puts it right for good."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.aggregation.admin.backup import reset
from services.aggregation.admin.dump import dump
from services.aggregation.core.apply import apply
from services.aggregation.core.decoding import not_ahead
from services.aggregation.core.plan import Decoded
from services.aggregation.stores.memory import MemoryStore
from services.runtime.binding import bind, read_cluster
from services.supervisor.status.ahead import moved_ahead
from shared.clock import DAY, HOUR, SystemClock
from shared.contract.events import InvalidMessage, Origin
from shared.reading.run import RunView
from tests.integration.aggregation.harness import RULES, OpinionsRun
from tests.unit.aggregation.opinions import TOPIC_ID, Tick, opinion
from tests.worker_process import wait_until


@pytest.fixture
def run(tmp_path: Path, kafka: dict[str, Any], redis_url: str, run_name: str) -> Iterator[OpinionsRun]:
    yield OpinionsRun(tmp_path, run_name, kafka, redis_url)


@pytest.mark.kafka
def test_a_clock_that_was_moved_ahead_is_named_and_a_reset_puts_it_right(run: OpinionsRun) -> None:
    now = SystemClock().now()
    ahead = now + 26_000 * DAY
    origin = Origin(TOPIC_ID, 0, 0)
    records: list[Decoded] = [
        (0, opinion(0, available_at=now - 2 * DAY)),
        (1, opinion(1, available_at=ahead)),
        (2, Tick(watermark=ahead, origin=origin)),
        (3, opinion(3, available_at=now - HOUR)),
        (4, Tick(watermark=now, origin=origin)),
    ]
    run.produce(0, records)
    bind(run.client, run.run, read_cluster(run.kafka, [topic.name for topic in run.topics.all()]).fields())
    apply(run.store(), 0, run.topic_id(), records, RULES, gapless=True)  # as the former version did
    view = RunView(run.client, run.store().keys)
    assert view.newest() == {"AAPL": ahead}
    assert moved_ahead(view, now).startswith("company AAPL: a record that a former version took is dated 2098-")
    assert "bellwether reset" in moved_ahead(view, now)
    lost = run.store().totals(0).late
    assert lost == 1  # what came since counts as old

    reset(run.client, run.run)
    worker = run.worker()
    worker.start()
    wait_until(run.applied, 60, worker.output)
    assert worker.stop() == 0
    right = MemoryStore(run.slots)
    left_out = [(offset, None if offset in (1, 2) else message) for offset, message in records]
    apply(right, 0, run.topic_id(), left_out, RULES, gapless=True)
    assert dump(run.store()) == dump(right) != b""
    totals = run.store().totals(0)
    assert (totals.opinions_applied, totals.invalid, totals.late) == (2, 2, 0)
    assert view.newest() == {"AAPL": now - HOUR}
    assert view.watermarks() == {origin.stream: now}
    assert moved_ahead(view, now) == ""


def test_what_is_dated_ahead_is_told_from_what_may_be() -> None:
    taken = 1_700_000_000
    at = taken * 1_000_000
    late = opinion(available_at=at + HOUR + 1)
    with pytest.raises(InvalidMessage, match="more than an hour ahead of 2023-11-14T22:13:20"):
        not_ahead(late, taken)
    assert not_ahead(late, 0) is late  # nobody knows when it was taken
    near = opinion(available_at=at + HOUR)
    assert not_ahead(near, taken) is near
    promise = Tick(watermark=at + 2 * DAY, closing=True)  # the end of a range that is known whole
    assert not_ahead(promise, taken) is promise
    with pytest.raises(InvalidMessage):
        not_ahead(Tick(watermark=at + 2 * DAY), taken)
