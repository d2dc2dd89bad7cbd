"""`topics resize` on a drained run: the same aggregates to the byte, and the run goes on from there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.model.stub import POISON_MARK
from services.supervisor.processes.endpoints import own_servers
from services.supervisor.topics.listing import create_topics
from services.supervisor.topics.resize import resize_topics
from shared.clients.kafka import TopicMismatch, describe
from shared.clients.redis import connect
from shared.contract.keys import run_key
from shared.contract.topics import Topics
from shared.settings import Settings, load_settings
from tests.system import System, assert_exact, write_documents

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(1200)]
UP = ("up", "--detach", "--no-sample", "--no-dashboard")


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    running = System(tmp_path / "state")
    running.set(BELLWETHER_MODEL__NAME="stub:poison")
    yield running
    running.end()


class Interrupted(RuntimeError):
    """What the test does to a resize half-way."""


def test_empty_topics_are_made_anew_and_their_binding_is_lifted(settings: Settings) -> None:
    topics = Topics.of(settings)
    before = {topic.name: topic for topic in create_topics(settings)}
    with connect(settings.redis) as client:
        bound = {f"partitions.{name}": topic.partitions for name, topic in before.items()}
        client.hset(run_key(settings.run), mapping=bound)
        done = resize_topics(settings, documents=2, opinions=3, tell=lambda _: None)
        held = client.hgetall(run_key(settings.run))
    assert set(done) >= {f"{topics.opinions}: 3 partitions", "set BELLWETHER_KAFKA__DOCUMENT_PARTITIONS=2 from now on"}
    after = describe(settings.kafka, list(before))
    assert {name: topic.partitions for name, topic in after.items()} == {
        topics.documents("news"): 2,
        topics.documents("social"): 2,
        topics.opinions: 3,
        topics.dead: 1,
        topics.signals: 1,
        topics.readings: 2,
        topics.applied: 1,
    }
    kept = {name for name, topic in after.items() if topic.topic_id == before[name].topic_id}
    assert kept == {topics.dead, topics.signals, topics.applied}
    assert set(held) == {f"partitions.{name}".encode() for name in kept}
    with pytest.raises(TopicMismatch, match="topics resize"):
        create_topics(settings)


def test_opinions_of_a_drained_run_get_other_partitions(system: System, tmp_path: Path) -> None:
    documents, opinions = write_documents(tmp_path / "documents.jsonl")
    poison = tmp_path / "poison.jsonl"
    poison.write_text(json.dumps({"text": f"$AAPL {POISON_MARK}", "published_at": "2024-03-02T10:00:00Z"}) + "\n")
    assert "change only while it is empty" in " ".join(system.call("topics", "resize", "--help").split())
    system.call(*UP)
    for path in (tmp_path / "documents.jsonl", poison):
        system.call("ingest", "file", str(path), "--channel", "news")
    assert "stop them first" in system.said_by("topics", "resize", "--opinions", "3")
    system.call("wait", "--drained")
    before = system.call("aggregates", "dump", "--json")
    totals = {name: value for name, value in system.status().items() if name.startswith(("documents_", "opinions_"))}
    assert (totals["documents_scored"], totals["documents_dead"], totals["opinions_applied"]) == (
        documents,
        1,
        opinions,
    )
    system.call("down")

    said = system.said_by("topics", "resize", "--documents", "5")
    assert "documents.news" in said and "--run NAME" in said

    def interrupt(stage: str) -> None:
        if stage.startswith("repartitioning"):
            raise Interrupted

    settings = load_settings(system.state)
    with own_servers(settings.state_dir), pytest.raises(Interrupted):
        resize_topics(settings, documents=None, opinions=3, tell=interrupt)
    assert "finish it" in system.said_by(*UP)
    assert "interrupted" in system.said_by("topics", "resize", "--opinions", "5")
    done = system.call("topics", "resize", "--opinions", "3")
    assert "opinions: 3 partitions" in done and "BELLWETHER_KAFKA__OPINION_PARTITIONS=3" in done
    assert not (system.state / "resize" / "live").exists()

    system.set(BELLWETHER_KAFKA__OPINION_PARTITIONS="3")
    system.call(*UP)
    system.call("wait", "--drained")
    assert system.call("aggregates", "dump", "--json") == before
    assert_exact(system, documents, opinions, dead=1)

    more = tmp_path / "again" / "documents.jsonl"  # the same source: told again, these rows are copies
    more.parent.mkdir()
    rows = (tmp_path / "documents.jsonl").read_text().splitlines()[:50]
    fresh = {"text": "one more on $MSFT", "published_at": "2024-03-07T11:00:00Z", "external_id": "more"}
    more.write_text("\n".join([*rows, json.dumps(fresh)]) + "\n")
    system.call("ingest", "file", str(more), "--channel", "news")
    system.call("wait", "--drained")
    assert_exact(system, documents + 1, opinions + 1, dead=1)
