"""`bellwether erase --author`: what an author wrote goes from every door, what others wrote stays, numbers stay."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Any

import pytest
from typer.testing import CliRunner

from services.aggregation.admin.export import read_opinions
from services.commands.main import app
from services.ingest.delivery.rejected import read_rejected
from services.ingest.push import PushDoor
from shared.clients.redis import connect
from shared.clock import SystemClock
from shared.contract.aggregates import RecentDocument
from shared.contract.keys import Keys
from shared.reading.run import RunView
from shared.reading.values.documents import EVER
from shared.settings import Settings
from tests.integration.worker_process import Worker, make_topics, wait_for, write_settings

pytestmark = pytest.mark.kafka
ROWS: list[Any] = [
    {"text": "$AAPL secretly up", "external_id": "1", "author": "@Ann", "channel": "social", "url": "https://x.ex/1"},
    {"text": "$AAPL is a bubble", "external_id": "2", "author": "ann", "channel": "news"},
    {"text": "$AAPL grows", "external_id": "3", "author": "annabel", "channel": "social"},
    {"text": "", "external_id": "4", "author": "ann"},
    {"text": "", "external_id": "5", "author": "bob", "title": " ", "url": "https://x.ex/?to=@ANN"},
    {"text": "", "external_id": "6", "author": "annabel"},
]


def called(settings: Settings, *arguments: str, answer: str = "") -> Any:
    return CliRunner().invoke(
        app, ["erase", *arguments, "--state", str(settings.state_dir), "--run", settings.run], input=answer
    )


def shown(view: RunView) -> list[RecentDocument]:
    return sorted(view.documents.between(["AAPL"], *EVER), key=lambda each: each.title or each.excerpt)


def test_an_author_is_erased_and_nobody_else(settings: Settings) -> None:
    make_topics(settings)
    write_settings(settings)
    door = PushDoor(settings, SystemClock())
    workers = [closing(Worker(settings, role=role)) for role in ("scoring", "aggregation")]
    with closing(door), workers[0] as scoring, workers[1] as applying, connect(settings.redis) as client:
        view = RunView(client, Keys(settings.run, settings.kafka.opinion_partitions))
        assert [each.what for each in door.push("desk", ROWS)] == ["taken"] * 3 + ["refused"] * 3
        wait_for(lambda: view.totals().opinions_applied == 3, scoring, applying)
        before = view.totals()

        refused = called(settings, "--author", "ann", answer="n\n")
        assert refused.exit_code == 1 and "2 documents" in refused.output
        assert called(settings, "--author", " @ ", "--yes").exit_code != 0
        assert len(list(read_rejected(settings.state_dir))) == 3

        done = called(settings, "--author", "-", "--yes", "--json", answer="@ANN\n")
        assert done.exit_code == 0, done.output
        told = json.loads(done.stdout.splitlines()[-1])
        assert (told["documents"], told["deletions_sent"], told["rejected_erased"]) == (2, 2, 2)
        wait_for(lambda: view.totals().retracted == 2, scoring, applying)
        assert [each.excerpt for each in shown(view)] == ["", "", "$AAPL grows"]
        assert [bool(each.author) for each in shown(view)] == [False, False, True]
        assert sorted(each.excerpt for each in read_opinions(settings)) == ["", "", "$AAPL grows"]
        assert ["annabel" in each.original for each in read_rejected(settings.state_dir)] == [True]
        after = view.totals()
        assert (after.opinions_applied, after.documents_scored) == (before.opinions_applied, before.documents_scored)

        again = json.loads(called(settings, "--author", "ann", "--yes", "--json").stdout.splitlines()[-1])
        assert (again["documents"], again["deletions_sent"], again["rejected_erased"]) == (2, 0, 0)
        assert [each.what for each in door.push("desk", ROWS[:2])] == ["copy", "copy"]  # the source shows it again
        heard = CliRunner().invoke(app, ["audit", "list", "--state", str(settings.state_dir)]).output
        assert "erase author" in heard and "ann" not in heard.replace("annabel", "").lower().split()


def test_nobody_of_that_name(settings: Settings) -> None:
    make_topics(settings)
    write_settings(settings)
    done = called(settings, "--author", "nobody", "--yes")
    assert done.exit_code == 0 and "nothing of this author was found" in done.output
    assert "not reached" in done.output
