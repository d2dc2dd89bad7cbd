"""`topics forget` on a system that lived: no file keeps a word of what was deleted, and every number is as before."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.commands.main import app
from services.forgetting.cutting import plan
from services.ingest.push import PushDoor
from shared.clients.redis import connect
from shared.clock import SystemClock
from shared.contract.keys import Keys
from shared.reading.run import RunView
from shared.reading.values.workers import Workers
from shared.settings import Settings
from tests.integration.worker_process import Worker, make_topics, records, wait_for, write_settings
from tests.system import System, assert_exact, until, write_documents

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(1200)]
UP = ("up", "--detach", "--no-sample", "--no-dashboard", "--no-api")
SECRET = "zqxjkvplum"
TEXTS = 40


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    running = System(tmp_path / "state")
    running.set(BELLWETHER_ARCHIVE__UPKEEP_SECONDS="600")  # this test compacts itself
    yield running
    running.end()


def write_posts(path: Path) -> None:
    """Posts of two authors, of which ann's hold the word."""
    with path.open("w") as out:
        for number in range(TEXTS):
            mine = number % 2 == 0
            row = {"author": "ann" if mine else "bob", "external_id": f"post-{number}"}
            row |= {"title": f"{SECRET} title {number}" if mine else f"a title {number}"}
            row |= {"text": f"{SECRET} {number} on $AAPL and $MSFT" if mine else f"other words {number} on $AAPL"}
            out.write(json.dumps(row | {"published_at": f"2024-03-05T1{number % 9}:00:00Z"}) + "\n")


def holding(state: Path) -> list[str]:
    """Files that hold the word as it is, or as the archive compresses it (what it deletes is told by its own tests)."""
    found = []
    for part in ("kafka", "redis"):
        for path in (state / part).rglob("*"):
            if path.is_file() and SECRET.encode() in path.read_bytes():
                found.append(str(path.relative_to(state)))
    return sorted(found)


def test_words_leave_every_file_and_numbers_stay(system: System, tmp_path: Path) -> None:
    documents, opinions = write_documents(tmp_path / "documents.jsonl")
    write_posts(tmp_path / "posts.jsonl")
    system.call(*UP)
    system.call("ingest", "file", str(tmp_path / "documents.jsonl"), "--channel", "news")
    system.call("ingest", "file", str(tmp_path / "posts.jsonl"), "--channel", "social")
    system.call("wait", "--drained")
    documents, opinions = documents + TEXTS, opinions + TEXTS // 2 * 3
    assert_exact(system, documents, opinions)
    before = system.call("aggregates", "dump", "--json")
    system.call("erase", "--author", "ann", "--yes")
    until(lambda: system.status()["retracted"] == TEXTS // 2)
    assert "the system is up" in system.said_by("topics", "forget", "--yes")
    system.call("down")
    assert any(name.startswith("kafka/data/documents.social") for name in holding(system.state))
    assert any(name.startswith("kafka/data/opinions") for name in holding(system.state))

    told = json.loads(system.call("topics", "forget", "--yes", "--json").splitlines()[-1])
    assert told["topics"] == {"documents.social": TEXTS // 2, "opinions": TEXTS}
    assert told["store"]["live"] > 0
    assert holding(system.state) == []
    assert json.loads(system.call("topics", "forget", "--yes", "--json").splitlines()[-1])["topics"] == {}

    system.call(*UP)
    assert_exact(system, documents, opinions)
    assert system.call("aggregates", "dump", "--json") == before
    more = tmp_path / "more.jsonl"
    more.write_text(json.dumps({"text": "one more on $MSFT", "published_at": "2024-03-07T11:00:00Z"}) + "\n")
    system.call("ingest", "file", str(more), "--channel", "news")
    system.call("ingest", "file", str(tmp_path / "posts.jsonl"), "--channel", "social")  # copies, all of them
    system.call("wait", "--drained")
    assert_exact(system, documents + 1, opinions + 1)
    after = system.call("aggregates", "dump", "--json")
    system.call("reset", "--yes")  # counted again from the log that was written anew
    system.call("wait", "--drained")
    until(lambda: system.status()["opinions_applied"] == opinions + 1)
    assert system.call("aggregates", "dump", "--json") == after
    assert system.status()["retracted"] == TEXTS // 2
    system.call("archive", "rebuild", "--yes")
    assert SECRET not in system.call("search", SECRET, expect=None)
    assert holding(system.state) == []


def test_a_foreign_log_is_cut_up_to_the_last_such_word(settings: Settings) -> None:
    topics = make_topics(settings)
    write_settings(settings)
    place = ["--state", str(settings.state_dir), "--run", settings.run]
    workers = [closing(Worker(settings, role=role)) for role in ("scoring", "aggregation")]
    rows = [{"text": f"{SECRET} on $AAPL", "external_id": "1"}, {"text": "others on $AAPL", "external_id": "2"}]
    door = PushDoor(settings, SystemClock())
    with closing(door), connect(settings.redis) as client:
        view = RunView(client, Keys(settings.run, settings.kafka.opinion_partitions))
        with workers[0] as scoring, workers[1] as applying:
            assert [each.what for each in door.push("desk", rows)] == ["taken"] * 2
            door.push("desk", [{"external_id": "1", "deleted": True}])
            wait_for(lambda: view.totals().retracted == 1, scoring, applying)
            refused = CliRunner().invoke(app, ["topics", "forget", "--yes", *place])
            assert "--cut" in str(refused.exception)
            asked = CliRunner().invoke(app, ["topics", "forget", "--cut", *place], input="n\n")
            assert asked.exit_code == 1 and "of them with such words" in asked.output
            wait_for(lambda: Cuttable(settings, view).everything, scoring, applying)
        late = {"text": f"{SECRET} later on $AAPL", "external_id": "3"}
        assert door.push("desk", [late])[0].what == "taken"
        door.push("desk", [{"external_id": "3", "deleted": True}])  # nobody scores it any more
        wait_for(lambda: not Workers(client, settings.run).all_reports())
        done = CliRunner().invoke(app, ["topics", "forget", "--cut", "--yes", "--json", *place])
        assert done.exit_code == 0, done.output
        told = json.loads(done.stdout.splitlines()[-1])
        assert set(told["topics"]) == {topics.documents("news"), topics.opinions}
        assert told["kept"] == {topics.documents("news"): 1}
        assert told["store"] == {settings.run: 2}  # among the latest, and among the hour's heaviest
        left = [r.value for r in records(settings, topics.documents("news")) if SECRET.encode() in (r.value or b"")]
        assert len(left) == 1 and b"later" in left[0]
        assert not any(SECRET.encode() in (r.value or b"") for r in records(settings, topics.opinions))


class Cuttable:
    """Whether all that is to go has had its effect."""

    def __init__(self, settings: Settings, view: RunView) -> None:
        self.everything = all(not each.left for each in plan(settings, {}, view.positions()))
