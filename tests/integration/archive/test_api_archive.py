"""The API on a run that the workers made: search, whole documents, answers as of a moment, and their proofs."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import httpx
import msgspec
import pytest

from services.archive.as_of.log_copy import archived_log
from services.archive.as_of.proof import Proof, verify
from shared.clients.redis import connect
from shared.clock import DAY, SystemClock, to_iso
from shared.contract.events import Tick
from shared.contract.keys import API_KEYS
from shared.reading.archive.tables import ArchiveTables
from shared.settings import Settings
from tests.api_server import served
from tests.integration.worker_process import Worker, document, make_topics, publish, running, wait_for

pytestmark = pytest.mark.kafka


@pytest.fixture
def watched(settings: Settings) -> Settings:
    update = {"archive": settings.archive.model_copy(update={"max_wait_ms": 100})}
    return settings.model_copy(update=update)


def rows(api: httpx.Client, path: str, **parameters: str) -> Any:
    answer = api.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def test_what_was_said_then_is_answered_now(watched: Settings) -> None:
    topics = make_topics(watched)
    first = [document(n, f"Apple raises its outlook {n}") for n in range(30)]
    later = [document(n, f"Apple cuts its outlook {n}") for n in range(30, 50)]
    with ExitStack() as stack, connect(watched.redis) as client:
        client.delete(API_KEYS)
        stack.enter_context(running(watched))
        workers = [Worker(watched, role=role) for role in ("aggregation", "archive")]
        stack.callback(lambda: [worker.close() for worker in workers])
        api = stack.enter_context(served(watched))
        begin, end = first[0].available_at - DAY, later[-1].available_at + DAY
        span = {"resolution": "day", "from": to_iso(begin), "to": to_iso(end)}

        def counted() -> int:
            answer = api.get("/v1/companies/AAPL/sentiment", params=span)
            return sum(row["documents"] for row in answer.json()["data"]) if answer.status_code == 200 else 0

        def publish_all(some: list[Any]) -> None:
            publish(watched, topics.documents("news"), [*some, Tick(watermark=some[0].available_at)])

        publish_all(first)
        wait_for(lambda: counted() == 30, workers[0])
        moment = to_iso(SystemClock().now())
        then = rows(api, "/v1/companies/AAPL/sentiment", **span)
        publish_all(later)
        wait_for(lambda: counted() == 50, workers[0])

        def known() -> bool:
            answer = api.get("/v1/companies/AAPL/documents", params={"as_of": to_iso(SystemClock().now())})
            return answer.status_code == 200 and len(answer.json()["data"]) == 50

        wait_for(known, workers[1])
        assert rows(api, "/v1/companies/AAPL/sentiment", as_of=moment, **span) == then
        assert len(rows(api, "/v1/companies/AAPL/documents", as_of=moment)) == 30
        assert api.get("/v1/signals/history", params={"company": "AAPL", "as_of": moment}).status_code == 200
        assert api.get("/v1/companies/AAPL/documents", params={"as_of": "2000-01-01"}).status_code == 404
        assert api.get("/v1/companies/AAPL/documents", params={"as_of": "2199-01-01"}).status_code == 422
        proof = api.get("/v1/companies/AAPL/sentiment", params={"as_of": moment, "proof": "1"}).content
        told = msgspec.json.decode(proof, type=Proof)
        assert verify(watched, client, told, archived_log(ArchiveTables.of(watched))) == ""

        found = rows(api, "/v1/search", q="cuts its outlook", limit="5")
        assert len(found) == 5 and all("cuts" in row["text"] or "cuts" in row["title"] for row in found)
        assert rows(api, "/v1/search", q="cuts", as_of=moment) == []
        pages = [found]
        cursor = api.get("/v1/search", params={"q": "cuts its outlook", "limit": "5"}).json()["next"]
        while cursor:
            answer = api.get("/v1/search", params={"q": "cuts its outlook", "limit": "5", "cursor": cursor}).json()
            pages.append(answer["data"])
            cursor = answer["next"]
        ids = [row["id"] for page in pages for row in page]
        assert len(ids) == len(set(ids)) >= 20
        whole = rows(api, f"/v1/documents/{found[0]['id']}")
        assert whole["opinions"][0]["company"] == "AAPL" and whole["text"]
