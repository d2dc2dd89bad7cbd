"""Review over HTTP on a real Kafka, Redis and archive: the queue, answers, what they come to, and the topic."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
import redis

from services.api.feedback import FeedbackMover
from services.model.engine import build_engine
from shared.clients.kafka import read_log
from shared.clients.redis import connect
from shared.clock import SystemClock
from shared.contract import keys as names
from shared.contract.feedback.label import decode_label
from shared.contract.topics import FEEDBACK
from shared.reading.readers.access import AccessKeys
from shared.reading.readers.audit import AuditLog
from shared.reading.readers.labels import Labels
from shared.settings import Settings
from tests import two_days
from tests.api_server import served
from tests.archived_run import fill
from tests.redis_contents import contents_sha256

pytestmark = pytest.mark.kafka
OWN = (names.API_KEYS, names.AUDIT_OUTBOX, names.FEEDBACK_OUTBOX, names.FEEDBACK_LABELS, names.FEEDBACK_POSITION)
PEOPLE = ("ada", "bo", "cy")


@pytest.fixture
def client(settings: Settings) -> Iterator[redis.Redis]:
    with connect(settings.redis) as found:
        found.delete(*OWN)
        yield found
        found.delete(*OWN)


@pytest.fixture
def people(settings: Settings, client: redis.Redis) -> Iterator[dict[str, httpx.Client]]:
    """Clients with a key of role label each, and one that may only read."""
    fill(settings, client, two_days.documents(), build_engine(settings.model))
    store, now = AccessKeys(client), SystemClock().now()
    keys = {name: store.create(name, "label", now)[0] for name in PEOPLE} | {"eve": store.create("eve", "read", now)[0]}
    with served(settings) as api:
        made = {name: httpx.Client(base_url=api.base_url, headers={"X-Api-Key": key}) for name, key in keys.items()}
        yield made
        for each in made.values():
            each.close()


def labels_of(client: redis.Redis) -> Labels:
    return Labels(client, AuditLog(client, SystemClock()))


def counts(client: redis.Redis, run: str) -> str:
    """A digest of all that the run's aggregates hold."""
    return contents_sha256(client, f"bw:{{{run}.*")


def asked(api: httpx.Client, **parameters: str) -> list[dict[str, str]]:
    answer = api.get("/v1/review", params=parameters)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"])


def give(api: httpx.Client, row: dict[str, str], said: str) -> httpx.Response:
    body = {name: row[name] for name in ("document_id", "aspect", "company")}
    return api.post("/v1/feedback", json=body | {"answer": said})


def test_two_differ_and_a_third_decides(
    people: dict[str, httpx.Client], client: redis.Redis, settings: Settings
) -> None:
    before = counts(client, settings.run)
    first = asked(people["ada"], aspect="sentiment")[0]
    other = next(each for each in ("negative", "positive") if each != first["said"])
    of_first = ("document_id", "aspect", "company")
    assert give(people["ada"], first, "right").json()["data"]["state"] == "once"
    assert all(any(row[name] != first[name] for name in of_first) for row in asked(people["ada"]))
    answered = give(people["bo"], first, other).json()["data"]
    assert (answered["state"], answered["answer"]) == ("disputed", None)
    third = asked(people["cy"], aspect="sentiment")[0]
    assert [third[name] for name in (*of_first, "state")] == [*(first[name] for name in of_first), "disputed"]
    answered = give(people["cy"], first, other).json()["data"]
    assert (answered["state"], answered["answer"]) == ("decided", other)
    assert answered["votes"] == [
        {"reviewer": "ada", "answer": first["said"]}, {"reviewer": "bo", "answer": other},
        {"reviewer": "cy", "answer": other},
    ]  # fmt: skip
    assert people["eve"].get("/v1/feedback").json()["data"] == [answered]
    assert counts(client, settings.run) == before
    noted = [each for each in AuditLog(client, SystemClock()).waiting() if each.action == "POST /v1/feedback"]
    assert [(each.who, each.role, each.outcome) for each in noted] == [(name, "label", "done") for name in PEOPLE]
    assert noted[1].detail == f"{first['said']} -> {other}"


def test_labels_reach_the_topic_and_come_back_from_it(
    people: dict[str, httpx.Client], client: redis.Redis, settings: Settings
) -> None:
    for row in asked(people["ada"], limit="5"):
        assert give(people["ada"], row, "right").status_code == 200
    labels = labels_of(client)
    known = labels.all()
    mover = FeedbackMover(labels, settings.kafka)
    assert mover.move() == len(known) == 5
    assert labels.waiting() == [] and labels.all() == known
    records = list(read_log(settings.kafka, {FEEDBACK.name: FEEDBACK.partitions}))[-5:]
    assert [decode_label(each.value) for each in records] == known
    assert [each.key.decode() for each in records] == [each.document_id for each in known]

    client.delete(names.FEEDBACK_LABELS, names.FEEDBACK_POSITION)  # a Redis that has lost what it had
    assert labels.all() == []
    assert mover.move() == 0
    assert [each for each in labels.all() if each in known] == known
    client.rpush(names.FEEDBACK_OUTBOX, records[0].value)  # one that was sent, when the process was killed
    assert FeedbackMover(labels, settings.kafka).move() == 1
    assert [each for each in labels.all() if each in known] == known
    mover.close()


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"answer": "great"}, 422, "no sentiment"),
        ({"answer": ""}, 422, "answer"),
        ({"document_id": "nosuch"}, 404, "no document"),
        ({"company": "nosuchcompany"}, 404, "no company"),
        ({"company": "MSFT"}, 404, "it answered: sentiment BA"),
        ({"aspect": "mood"}, 422, "aspect"),
        ({"extra": "1"}, 422, "extra"),
        ({"aspect": "link", "answer": "nosuchcompany"}, 422, "no company is known"),
    ],
)
def test_what_cannot_be_answered_is_refused(
    people: dict[str, httpx.Client], client: redis.Redis, change: dict[str, str], status: int, said: str
) -> None:
    row = next(row for row in asked(people["ada"], company="BA") if row["aspect"] == "sentiment")
    body = {name: row[name] for name in ("document_id", "aspect", "company")} | {"answer": "right"} | change
    answer = people["ada"].post("/v1/feedback", json=body)
    assert (answer.status_code, said in answer.text) == (status, True), answer.text
    assert labels_of(client).all() == []


def test_who_may_only_read_answers_nothing(people: dict[str, httpx.Client], client: redis.Redis) -> None:
    row = asked(people["eve"])[0]
    refused = give(people["eve"], row, "right")
    assert refused.status_code == 403 and "label" in json.dumps(refused.json())
    assert labels_of(client).all() == []


def test_other_answers_are_taken_as_they_are_meant(people: dict[str, httpx.Client]) -> None:
    row = next(row for row in asked(people["ada"], company="BA", limit="50") if row["aspect"] == "sentiment")
    link = row | {"aspect": "link"}
    assert give(people["ada"], link, "Lockheed Martin").json()["data"]["answer"] == "LMT"
    assert give(people["ada"], link, "none").json()["data"]["answer"] == "none"  # the later one of hers
    assert give(people["ada"], link, "unsure").json()["data"]["state"] == "open"
    assert give(people["bo"], row, "unsure").json()["data"]["votes"] == [{"reviewer": "bo", "answer": None}]
