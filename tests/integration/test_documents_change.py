"""A text that is updated and then deleted, from the push to every door: numbers stay, words go."""

from __future__ import annotations

import json
import time

import pytest

from services.aggregation.admin.export import read_opinions
from services.ingest.push import PushDoor
from shared.clients.redis import connect
from shared.clock import SystemClock
from shared.contract.aggregates import RecentDocument
from shared.contract.keys import Keys
from shared.reading.run import RunView
from shared.reading.values.documents import EVER
from shared.settings import Settings
from tests.integration.worker_process import Worker, make_topics, wait_for

pytestmark = pytest.mark.kafka
SECRET = "quarterly figures that were never meant to be out"


def shown(view: RunView) -> list[RecentDocument]:
    return view.documents.between(["AAPL"], *EVER)


def test_an_update_and_a_deletion_reach_every_door(settings: Settings) -> None:
    make_topics(settings)
    workers = [Worker(settings, role=role) for role in ("scoring", "aggregation")]
    door = PushDoor(settings, SystemClock())
    client = connect(settings.redis)
    view = RunView(client, Keys(settings.run, settings.kafka.opinion_partitions))
    try:
        first = {"title": "Apple rises", "text": f"{SECRET} $AAPL", "external_id": "1", "author": "ann",
                 "url": "https://x.example/1"}  # fmt: skip
        assert door.push("desk", [first, {"text": "Other news on $AAPL", "external_id": "2"}])[0].what == "taken"
        assert door.push("desk", [first | {"title": "Apple falls: correction"}])[0].what == "update"
        wait_for(lambda: view.totals().opinions_applied == 3, *workers)
        newest, _ = sorted(shown(view), key=lambda each: not each.updated)
        assert (newest.title, newest.updated) == ("Apple falls: correction", True)
        assert len({each.story for each in read_opinions(settings) if each.title.startswith("Apple")}) == 1
        before = view.totals()
        began = time.monotonic()
        assert door.push("desk", [{"external_id": "1", "deleted": True}])[0].what == "deleted"
        wait_for(lambda: view.totals().retracted == 1 and any(each.deleted for each in shown(view)), *workers)
        assert time.monotonic() - began < 60
        gone = next(each for each in shown(view) if each.deleted)
        assert (gone.title, gone.excerpt, gone.url, gone.author) == ("", "", "", "")
        assert gone.positive == newest.positive and gone.weight == newest.weight
        exported = [json.dumps([each.title, each.excerpt, each.url, each.author]) for each in read_opinions(settings)]
        assert len(exported) == 3 and not any(SECRET in each or "Apple" in each for each in exported)
        after = view.totals()
        assert (after.opinions_applied, after.documents_scored) == (before.opinions_applied, before.documents_scored)
        kill_and_restart(settings, workers)
        assert door.push("desk", [{"external_id": "1", "deleted": True}])[0].what == "copy"
        assert door.push("desk", [{"text": "$AAPL after the restart", "external_id": "3"}])[0].what == "taken"
        wait_for(lambda: view.totals().opinions_applied == 4, *workers)
        assert view.totals().retracted == 1
    finally:
        door.close()
        for worker in workers:
            worker.close()


def kill_and_restart(settings: Settings, workers: list[Worker]) -> None:
    for place, worker in enumerate(workers):
        worker.kill()
        worker.close()
        workers[place] = Worker(settings, role=worker.role)
