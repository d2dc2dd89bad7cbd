"""The archive worker on a real Kafka: every record once through kill -9 and two workers, and found by search."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from services.archive import keeping
from services.archive.tables import Tables
from services.archive.upkeep import Upkeep
from shared.clients.redis import connect
from shared.clock import SystemClock
from shared.contract.archive import DOCUMENTS, OPINIONS, PLACE, READINGS
from shared.contract.events import Tick, decode_document
from shared.contract.keys import API_KEYS, archive_lease_key
from shared.reading.archive.search import Answer, Question, search
from shared.reading.archive.tables import ArchiveTables, NoArchive
from shared.settings import Settings
from tests.api_server import served
from tests.integration.worker_process import Worker, document, make_topics, publish, records, running, wait_for

pytestmark = pytest.mark.kafka
TEXTS = ("Apple raises its outlook", "Microsoft cuts its outlook", "Rain in London", "Apple and Microsoft agree")


@pytest.fixture
def archived(settings: Settings) -> Iterator[Settings]:
    """Settings of a run with topics, a stub model and a hasty archive."""
    update = {
        "model": settings.model.model_copy(update={"name": "stub"}),
        "archive": settings.archive.model_copy(update={"max_wait_ms": 100, "upkeep_seconds": 0.5}),
    }
    yield settings.model_copy(update=update)


def places(settings: Settings, table: str) -> list[tuple[Any, ...]]:
    """Where each row of a table lies in the log."""
    try:
        found = ArchiveTables.of(settings).rows(table, PLACE)
    except NoArchive:
        return []
    return [] if found is None else [tuple(row[name] for name in PLACE) for row in found.to_pylist()]


def logged(settings: Settings, topic: str) -> set[tuple[int, int]]:
    return {(record.partition, record.offset) for record in records(settings, topic)}


def found(answer: Answer) -> list[str]:
    return [each.document.text for each in answer.found]


def test_everything_is_archived_once_and_found(archived: Settings) -> None:
    topics = make_topics(archived)
    many = [document(n, f"{TEXTS[n % 4]} number{n}") for n in range(400)]
    promise = Tick(watermark=many[-1].available_at)
    with running(archived) as scoring:
        publish(archived, topics.documents("news"), [*many[:200], promise])
        archive = Worker(archived, role="archive")
        wait_for(lambda: len(places(archived, DOCUMENTS)) > 50, archive)
        archive.close()  # kill -9
        publish(archived, topics.documents("news"), [*many[200:], promise])
        both = [Worker(archived, name, role="archive") for name in ("1", "2")]
        wait_for(lambda: len(logged(archived, topics.readings)) >= 400, scoring)
        try:
            for table, topic in ((DOCUMENTS, topics.documents("news")), (OPINIONS, topics.opinions)):
                wait_for(lambda t=table, n=topic: _all_there(archived, t, n), *both)
            wait_for(lambda: _all_there(archived, READINGS, topics.readings), *both)
            _search_finds(archived)
            _the_api_finds_as_well(archived)
        finally:
            for worker in both:
                worker.close()
        _the_same_when_compacted_and_made_anew(archived)


def _the_same_when_compacted_and_made_anew(settings: Settings) -> None:
    """Index state and files never change an answer. (A promise has a row only where a batch ends with it.)"""
    promises = {
        (record.partition, record.offset)
        for record in records(settings, make_topics(settings).documents("news"))
        if isinstance(decode_document(record.value), Tick)
    }

    def told_of(table: str) -> list[tuple[Any, ...]]:
        return [place for place in places(settings, table) if table != DOCUMENTS or place[1:] not in promises]

    kept = {table: sorted(set(told_of(table))) for table in (DOCUMENTS, OPINIONS, READINGS)}
    assert len(kept[DOCUMENTS]) == 400
    answers = _answers(settings)
    with connect(settings.redis) as client:
        client.delete(archive_lease_key(settings.run))  # of a worker that was killed in a round: it would run out
        assert Upkeep(Tables(ArchiveTables.of(settings)), client, settings).round()
    assert _answers(settings) == answers
    assert keeping.rebuild(settings) > 0
    for table, before in kept.items():
        after = told_of(table)
        assert len(after) == len(set(after)) and sorted(after) == before, table
    assert _answers(settings) == answers
    told = keeping.status(settings, keeping.topic_ends(settings))
    assert all(not table.waiting for table in told.tables), told


def _answers(settings: Settings) -> list[list[tuple[str, float]]]:
    tables = ArchiveTables.of(settings)
    questions = (
        Question("apple outlook", limit=200),
        Question("outlook"),
        Question("agree", company="MSFT", limit=500),
        Question("number8"),
        Question("outlook", event="deals", limit=200),
    )
    return [[(each.document.id, each.score) for each in search(tables, one).found] for one in questions]


def _all_there(settings: Settings, table: str, topic: str) -> bool:
    """Every record of the topic has a row; promises on documents.* need none."""
    have = {(partition, offset) for _, partition, offset in places(settings, table)}
    wanted = logged(settings, topic)
    ticks = {place for place in wanted - have if table == DOCUMENTS}
    return have <= wanted and len(wanted - have - ticks) == 0 and len(have) >= min(len(wanted), 400)


def _search_finds(settings: Settings) -> None:
    tables = ArchiveTables.of(settings)
    one = search(tables, Question("NUMBER7 outlook"))
    assert found(one) == []
    assert found(search(tables, Question("number8"))) == ["Apple raises its outlook number8"]
    apple = search(tables, Question("apple outlook", limit=10))
    assert (apple.matches, apple.scored, len(apple.found), apple.more) == (100, 100, 10, True)
    assert {each.company for each in apple.found[0].opinions} == {"AAPL"}
    of_microsoft = search(tables, Question("agree", company="MSFT", limit=500))
    assert of_microsoft.matches == 100
    last = apple.found[-1]
    following = search(tables, Question("apple outlook", limit=10, after=(last.score, last.document.id)))
    assert {each.document.id for each in apple.found}.isdisjoint(each.document.id for each in following.found)
    begin = document(396, "").available_at
    assert found(search(tables, Question("apple outlook", begin=begin))) == ["Apple raises its outlook number396"]


def _the_api_finds_as_well(settings: Settings) -> None:
    with connect(settings.redis) as client, served(settings, SystemClock()) as api:
        client.delete(API_KEYS)
        first = api.get("/v1/search", params={"q": "apple outlook", "limit": 30})
        assert first.status_code == 200, first.text
        answer = first.json()
        rows = answer["data"]
        while answer["next"]:
            query = {"q": "apple outlook", "limit": 30, "cursor": answer["next"]}
            answer = api.get("/v1/search", params=query).json()
            rows += answer["data"]
        every = search(ArchiveTables.of(settings), Question("apple outlook", limit=500))
        assert [row["id"] for row in rows] == [each.document.id for each in every.found]
        assert {row["opinions"][0]["company"] for row in rows} == {"AAPL"}
        refused = api.get("/v1/search", params={"q": "apple", "by": "meaning"})
        assert (refused.status_code, "no embeddings" in refused.text) == (422, True)  # the stub gives none
