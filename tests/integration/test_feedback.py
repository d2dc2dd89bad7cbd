"""From reviewers' answers to a model that is refused: commands on a real Kafka, Redis and archive, as typed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis

from services.api.feedback import FeedbackMover
from services.model.engine import build_engine
from services.runtime.binding import MODEL_ID
from shared.clients.kafka import ensure_topics
from shared.clients.redis import connect
from shared.clock import SystemClock
from shared.contract import keys as names
from shared.contract.events import Document
from shared.contract.topics import Topics
from shared.reading.archive.tables import ArchiveTables
from shared.reading.readers.audit import AuditLog
from shared.reading.readers.labels import Labels
from shared.reading.review.answering import Reviewer, label_of
from shared.reading.review.questions import Question, questions_of, read_of
from shared.settings import Settings
from shared.universe.securities import Catalogue
from tests import two_days
from tests.archived_run import fill
from tests.integration.worker_process import write_settings
from tests.system import System

pytestmark = pytest.mark.kafka
OWN = (names.AUDIT_OUTBOX, names.FEEDBACK_OUTBOX, names.FEEDBACK_LABELS, names.FEEDBACK_POSITION)
COPIES = 5  # of the two days, each in other words, so that there are answers enough


@pytest.fixture
def client(settings: Settings) -> Iterator[redis.Redis]:
    with connect(settings.redis) as found:
        found.delete(*OWN)
        yield found
        found.delete(*OWN)


@pytest.fixture
def system(settings: Settings, client: redis.Redis) -> System:
    """Two days told many times, archived; the commands read its state folder."""
    del client
    write_settings(settings)
    return System(settings.state_dir, run=settings.run)


def last(text: str) -> Any:
    return json.loads(text.splitlines()[-1])


def test_a_question_is_listed_answered_and_exported(
    settings: Settings, client: redis.Redis, system: System, tmp_path: Path
) -> None:
    fill(settings, client, two_days.documents(), build_engine(settings.model))
    listed = last(system.call("review", "list", "--aspect", "sentiment", "--reviewer", "ada", "--json"))
    first = listed[0]
    arguments = ("review", "answer", first["document_id"], "sentiment")
    about = ("--company", first["company"])
    told = last(system.call(*arguments, "right", *about, "--reviewer", "ada", "--json"))
    assert (told["state"], told["answer"]) == ("once", first["said"])
    other = "positive" if first["said"] != "positive" else "negative"
    assert "disputed: a third has to decide" in system.call(*arguments, other, *about, "--reviewer", "bo")
    assert f"decided: {other}" in system.call(*arguments, other, *about, "--reviewer", "cy")
    again = last(system.call("review", "list", "--aspect", "sentiment", "--reviewer", "ada", "--json"))
    assert all(row["document_id"] != first["document_id"] or row["company"] != first["company"] for row in again)
    assert "use right, negative" in system.said_by(*arguments, "great", *about)
    assert "no document" in system.said_by("review", "answer", "nosuch", "event", "right")
    noted = [each for each in AuditLog(client, SystemClock()).waiting() if each.action == "review answer"]
    assert len(noted) == 3 and noted[1].detail == f"{first['said']} -> {other}, as bo"

    waiting = last(system.call("feedback", "list", "--json"))
    mover = FeedbackMover(Labels(client, AuditLog(client, SystemClock())), settings.kafka)
    assert mover.move() == 3
    mover.close()
    client.delete(*OWN)  # the topic is what is exported
    assert [each for each in last(system.call("feedback", "list", "--json")) if each in waiting] == waiting
    exported = last(system.call("feedback", "export", "--out", str(tmp_path / "out"), "--json"))
    assert sum(exported["rows"].values()) >= 1
    written = "".join(path.read_text() for path in (tmp_path / "out" / "feedback_companies").glob("*.csv"))
    assert first["document_id"] in written and ",decided,3," in written


def test_a_model_that_is_worse_on_what_was_held_back_is_refused(
    settings: Settings, client: redis.Redis, system: System, tmp_path: Path
) -> None:
    """Somebody says that a stub's answers, drawn from a hash, are right: a model that reads is worse by that."""
    ensure_topics(settings.kafka, Topics.of(settings).all())
    before = build_engine(settings.model)
    documents = [retold(each, number) for number in range(COPIES) for each in two_days.documents()]
    fill(settings, client, documents, before)
    client.hset(names.run_key(settings.run), MODEL_ID, before.model_id)  # what fills it binds it to a made-up one
    client.delete(*client.scan_iter(names.worker_key(settings.run, "*", "*")))  # and reports workers that are none
    questions = [
        question
        for name, read in read_of(ArchiveTables.of(settings), [each.id for each in documents]).items()
        for question in questions_of(name, read)
    ]
    assert len(questions) > 250
    switch = ("model", "switch", "--labelled", str(tmp_path / "nosuch"))
    say_right(settings, client, questions[:150])
    said = system.run(*switch, "--model", "stub:records")
    # the topic is every run's: what another test said is among them
    assert re.search(r"not compared: 1[5-9]\d answers of reviewers; from 200 on", said.stderr) and said.returncode == 0
    client.hset(names.run_key(settings.run), MODEL_ID, before.model_id)

    say_right(settings, client, questions[150:])
    refused = system.said_by(*switch, "--model", "bellwether-mini")
    assert "the new model is worse on held-back feedback" in refused and "95 % [-" in refused
    assert "bellwether model switch --model bellwether-mini --force" in refused and "nosuch has no dev sets" in refused
    assert client.hget(names.run_key(settings.run), MODEL_ID) == before.model_id.encode()
    done = last(system.call(*switch, "--model", "bellwether-mini", "--force", "--json"))
    assert done["before"] == before.model_id and done["compared"] == []

    assert "is bound to" in system.said_by(*switch, "--model", "stub")  # configured is the stub: with what to compare?
    (compared,) = last(system.call(*switch, "--model", "stub", "--against", "bellwether-mini", "--json"))["compared"]
    assert compared["name"] == "held-back feedback" and compared["after"] > compared["before"]
    noted = [each.detail for each in AuditLog(client, SystemClock()).waiting() if each.action == "model switch"]
    assert [each.endswith(", forced") for each in noted] == [False, True, False]


def retold(document: Document, number: int) -> Document:
    """Another story in other words."""
    name = hashlib.blake2b(f"{document.id}{number}".encode(), digest_size=16).hexdigest()
    title = f"{document.title} for the {number}th time" if document.title else ""
    text = f"{document.text} So it was told {number} times."
    return msgspec.structs.replace(document, id=name, item=name, title=title, text=text)


def say_right(settings: Settings, client: redis.Redis, questions: list[Question]) -> None:
    log = AuditLog(client, SystemClock())
    labels, catalogue = Labels(client, log), Catalogue.load()
    for question in questions:
        reviewer = Reviewer("ada", "command", settings.run)
        label = label_of(question, "right", reviewer, catalogue, SystemClock().now())
        labels.add(label, log.entry("ada", "command", "review answer", "done"))
