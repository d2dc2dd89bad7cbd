"""POST over HTTP on a real Kafka and Redis: scores are the worker's bits, pushed rows are what Kafka has, done once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import redis

from services.api.audit import AuditMover
from services.ingest.documents.language import guess_language
from services.model.engine import build_engine
from services.scoring.on_demand.score_texts import Given, score_texts
from services.scoring.rules.rule_file import rules_of
from services.scoring.rules.speaking import Speakers
from services.scoring.unread import Readable
from shared.clients.redis import connect
from shared.clock import SystemClock
from shared.contract.keys import API_KEYS, AUDIT_OUTBOX, AUDIT_RECENT
from shared.reading.audit_topic import entries
from shared.reading.readers.access import AccessKeys
from shared.reading.readers.audit import AuditLog
from shared.settings import Settings, load_settings
from shared.universe.securities import Catalogue
from tests.api_server import served
from tests.integration.ingest.reading import read_documents

pytestmark = pytest.mark.kafka


@pytest.fixture
def keys(settings: Settings) -> Iterator[dict[str, str]]:
    """A key of each role, on the session's Redis."""
    with connect(settings.redis) as client:
        client.delete(API_KEYS, AUDIT_OUTBOX, AUDIT_RECENT)
        store, now = AccessKeys(client), SystemClock().now()
        yield {role: store.create(f"my-{role}", role, now)[0] for role in ("read", "push", "admin")}
        client.delete(API_KEYS)


@pytest.fixture
def api(settings: Settings, keys: dict[str, str]) -> Iterator[httpx.Client]:
    with served(settings) as client:
        client.headers["Authorization"] = f"Bearer {keys['push']}"
        yield client


@pytest.fixture
def reader(api: httpx.Client, keys: dict[str, str]) -> httpx.Client:
    api.headers["Authorization"] = f"Bearer {keys['read']}"
    return api


TEXTS = ["$AAPL beats, $MSFT misses", "Nothing of note.", "深圳", "Tesla recalls cars"]


def test_scores_are_those_of_the_worker(settings: Settings, reader: httpx.Client) -> None:
    answer = reader.post("/v1/score", json={"texts": TEXTS})
    assert answer.status_code == 200, answer.text
    rules = Speakers(rules_of(settings))
    expected = list(score_texts(map(Given, TEXTS), build_engine(settings.model), Catalogue.load(), rules=rules))
    rows = answer.json()["data"]
    assert [row.pop("text") for row in rows] == [0, 1, 2, 3]
    assert rows == json.loads(json.dumps(expected))
    assert answer.json()["model"] == expected[0]["model_id"]
    assert {row["rules_digest"] for row in rows} == {rules.digest}
    about = {"texts": ["Good morning everyone! $AAPL"], "channel": "social"}
    (ruled,) = reader.post("/v1/score", json=about).json()["data"]
    assert (ruled["rules"], ruled["companies"][0]["dropped"]) == (["greetings"], True)
    (plain,) = reader.post("/v1/score", json=about | {"rules": False}).json()["data"]
    assert "rules_digest" not in plain


FOREIGN = {
    1: ("Der Konzern hat die Prognose für das Jahr nach dem Quartal gesenkt", "de"),
    3: ("苹果公司公布创纪录的季度业绩", "zh"),
}


def test_what_no_model_reads_is_unscored_as_at_the_command(settings: Settings, keys: dict[str, str]) -> None:
    model = settings.model.model_copy(update={"languages": ("en",)})
    english = settings.model_copy(update={"model": model})
    texts = ["$AAPL beats, $MSFT misses", FOREIGN[1][0], "Tesla recalls cars", FOREIGN[3][0]]
    with served(english) as client:
        headers = {"Authorization": f"Bearer {keys['read']}"}
        told = client.post("/v1/score", json={"texts": texts}, headers=headers).json()
        table = client.post("/v1/score?format=csv", json={"texts": texts}, headers=headers)
    engine = build_engine(model)
    given = [Given(text, language=guess_language(text)) for text in texts]
    rules = Speakers(rules_of(settings))
    expected = list(score_texts(given, engine, Catalogue.load(), readable=Readable(model, engine), rules=rules))
    for place, row in enumerate(told["data"]):
        assert row.pop("text") == place
        assert row == json.loads(json.dumps(expected[place]))
        assert row.get("unscored") == FOREIGN.get(place, ("", None))[1]
        assert (row["document"] is None) == (place in FOREIGN)
    assert told["model"] == engine.model_id  # that of what was read
    assert table.status_code == 200 and len(table.text.splitlines()) == 5


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/score", {"texts": []}, 422),
        ("/v1/score", {"texts": ["x"] * 257}, 422),
        ("/v1/score", {"texts": ["x" * 100_001]}, 422),
        ("/v1/score", {"texts": [""]}, 422),
        ("/v1/score", {"texts": [7]}, 422),
        ("/v1/score", {"text": "x"}, 422),
        ("/v1/explain", {"texts": ["x"] * 9}, 422),
        ("/v1/explain", {"texts": ["x"]}, 422),  # the stub has no words to show
    ],
)
def test_what_cannot_be_scored_is_refused(reader: httpx.Client, path: str, body: Any, status: int) -> None:
    answer = reader.post(path, json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_half_a_surrogate_pair_is_no_text(reader: httpx.Client) -> None:
    raw = b'{"texts": ["\\ud800"]}'
    assert reader.post("/v1/score", content=raw, headers={"Content-Type": "application/json"}).status_code == 422


def test_a_body_that_is_too_large_is_refused_before_it_is_read(settings: Settings, keys: dict[str, str]) -> None:
    small = settings.model_copy(update={"api": settings.api.model_copy(update={"max_body_bytes": 2000})})
    with served(small) as client:
        headers = {"Authorization": f"Bearer {keys['read']}"}
        assert client.post("/v1/score", content=b"x" * 2001, headers=headers).status_code == 413
        assert client.post("/v1/score", content=iter([b"x" * 1500] * 2), headers=headers).status_code == 413


def test_scoring_that_is_switched_off_says_so(settings: Settings, keys: dict[str, str]) -> None:
    off = settings.model_copy(update={"api": settings.api.model_copy(update={"score": False})})
    with served(off) as client:
        answer = client.post("/v1/score", json={"texts": ["x"]}, headers={"Authorization": f"Bearer {keys['read']}"})
        assert answer.status_code == 503
        assert "api.score" in answer.json()["remedy"]


FIRST = {"title": "Apple beats", "external_id": "a", "published_at": "2026-01-02T14:00:00Z"}


def test_pushed_rows_are_what_kafka_has(settings: Settings, api: httpx.Client) -> None:
    answer = api.post(
        "/v1/documents", json=[FIRST, {"text": "Tesla falls", "channel": "social"}, 7, {"text": " "}, FIRST]
    )
    assert answer.status_code == 200, answer.text
    rows = answer.json()["data"]
    assert [row["outcome"] for row in rows] == ["taken", "taken", "refused", "refused", "copy"]
    assert rows[2]["reason"] and rows[3]["detail"]
    found = read_documents(settings).documents
    assert {document.id for document in found} == {rows[0]["id"], rows[1]["id"]}
    assert {document.source for document in found} == {"push:my-push"}
    lines = b'{"text": "One", "external_id": "1"}\n\n{broken\n{"title": "Apple beats again", "external_id": "a"}\n'
    again = api.post("/v1/documents", content=lines, headers={"Content-Type": "application/x-ndjson"})
    assert [row["outcome"] for row in again.json()["data"]] == ["taken", "refused", "update"]


def test_an_idempotency_key_does_once_and_answers_alike(settings: Settings, api: httpx.Client) -> None:
    headers = {"Idempotency-Key": "b7c1"}
    first = api.post("/v1/documents", json=FIRST, headers=headers)
    again = api.post("/v1/documents", json=FIRST, headers=headers)
    assert first.json()["data"] == again.json()["data"]
    assert first.json()["data"][0]["outcome"] == "taken"
    other = api.post("/v1/documents", json={"text": "other"}, headers=headers)
    assert other.status_code == 422
    assert len(read_documents(settings).documents) == 1


def test_the_same_request_from_many_at_once_is_done_once(settings: Settings, api: httpx.Client) -> None:
    answers: list[httpx.Response] = []

    def ask() -> None:
        answers.append(api.post("/v1/documents", json=FIRST, headers={"Idempotency-Key": "c"}))

    callers = [threading.Thread(target=ask) for _ in range(6)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert {answer.status_code for answer in answers} <= {200, 409}
    taken = [answer.json()["data"][0]["outcome"] for answer in answers if answer.status_code == 200]
    assert set(taken) == {"taken"}
    assert len(read_documents(settings).documents) == 1


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"", "application/json", 400),
        (b"[]", "application/json", 422),
        (b"\n\n", "application/x-ndjson", 422),
        (b"x", "text/plain", 415),
        (b"[" + b"{},".join([b""] * 1001) + b"{}]", "application/json", 413),
        (b"\xff\xfe", "application/json", 400),
    ],
)
def test_a_body_that_is_no_documents_is_refused(api: httpx.Client, content: bytes, kind: str, status: int) -> None:
    answer = api.post("/v1/documents", content=content, headers={"Content-Type": kind})
    assert answer.status_code == status, answer.text


def test_nothing_is_acknowledged_that_kafka_does_not_have(settings: Settings, keys: dict[str, str]) -> None:
    away = load_settings(
        settings.state_dir, run=settings.run, redis=settings.redis, kafka={"bootstrap_servers": "127.0.0.1:1"}
    )
    with served(away) as client:
        headers = {"Authorization": f"Bearer {keys['push']}", "Idempotency-Key": "later"}
        answer = client.post("/v1/documents", json=FIRST, headers=headers)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    with served(settings) as client:  # and it may be sent again
        assert client.post("/v1/documents", json=FIRST, headers=headers).json()["data"][0]["outcome"] == "taken"


def test_who_did_what_is_in_the_topic_once_and_without_secrets(
    settings: Settings, api: httpx.Client, keys: dict[str, str]
) -> None:
    api.post("/v1/documents", json=FIRST)
    assert api.get("/v1/market").status_code == 403  # push may not read
    assert api.get("/v1/market", headers={"Authorization": "Bearer nonsense"}).status_code == 401
    with connect(settings.redis) as client:
        log = AuditLog(client, SystemClock())
        waiting = [(entry.who, entry.action, entry.outcome) for entry in log.waiting()]
        pushed = ("my-push", "POST /v1/documents", "done")
        assert waiting == [pushed, ("my-push", "GET /v1/market", "refused"), ("local", "GET /v1/market", "refused")]
        ids = {entry.id for entry in log.waiting()}
        mover = AuditMover(log, settings.kafka)
        while mover.move():
            pass
        mover.close()
        assert log.waiting() == []
        assert {entry.id for entry in log.recent()} == ids
    found = [entry for entry in entries(settings.kafka) if entry.id in ids]
    assert [(entry.who, entry.action, entry.outcome) for entry in found] == waiting
    assert found[0].address == "127.0.0.1" and found[0].detail == "1 taken"
    told = json.dumps([str(entry) for entry in found])
    assert not any(key in told for key in keys.values())


def test_refusals_do_not_fill_redis(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.reading.readers.audit.MOST_REFUSALS", 3)
    with connect(settings.redis) as client:
        client.delete(AUDIT_OUTBOX)
        log = AuditLog(client, SystemClock())
        for _ in range(5):
            log.note(log.entry("somebody", "api", "GET /", "refused"))
        log.note(log.entry("somebody", "api", "POST /", "done"))
        assert (len(log.waiting()), log.skipped) == (4, 2)
        client.delete(AUDIT_OUTBOX)


def test_a_mover_that_dies_after_sending_loses_nothing(settings: Settings) -> None:
    with connect(settings.redis) as client:
        client.delete(AUDIT_OUTBOX)
        log = AuditLog(client, SystemClock())
        for number in range(4):
            log.note(log.entry("somebody", "command", f"act {number}", "done"))
        some = log.outbox(2)
        log.sent(some)
        log.sent(some)  # a second one that moved the same
        assert [entry.action for entry in log.waiting()] == ["act 2", "act 3"]
        assert isinstance(client, redis.Redis)
        client.delete(AUDIT_OUTBOX)
