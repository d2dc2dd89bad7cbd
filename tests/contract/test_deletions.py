"""Deletions at doors that keep texts: what waits for a channel, the archive, dead letters, replays of before."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
import redis
from kafka import KafkaProducer

from services.aggregation.admin.export import as_shown
from services.alerts.channels.webhook import Webhook
from services.alerts.delivery import Deliverer
from services.alerts.evaluate import make_alert
from services.alerts.kinds.threshold import Threshold
from services.alerts.rules import Rules
from services.alerts.step import deliveries_of
from services.alerts.store import AlertStore, Step
from services.archive import upkeep
from services.archive.forgetting import forget_deleted
from services.archive.rows import Rows
from services.archive.tables import Tables
from services.archive.upkeep import FORGET_EVERY, Upkeep
from services.runtime.record import Recorded
from services.scoring.dead_letters import DeadLetter, gone_letters, read_dead_letters, requeue
from services.scoring.outcomes import HEADER_TOPIC
from shared.clients.kafka import client_config, describe
from shared.clients.redis import connect
from shared.clock import SECOND, ReplayClock
from shared.contract.aggregates import deleted_field
from shared.contract.archive import DOCUMENTS, OPINIONS
from shared.contract.events import (
    HEADER_ORIGIN,
    HEADER_REASON,
    Deletion,
    Document,
    Opinion,
    Origin,
    decode_document,
    decode_opinion,
    encode,
)
from shared.contract.keys import Keys
from shared.contract.topics import LIVE, Topics
from shared.reading.archive.document import archived_document
from shared.reading.archive.search import Question, search
from shared.reading.archive.tables import ArchiveTables
from shared.reading.deleted import DELETED, all_deleted, deleted_at
from shared.settings import AlertSettings, Settings
from shared.story import story_of
from tests.alert_servers import WebServer
from tests.integration.worker_process import document as text_of
from tests.integration.worker_process import make_topics, records
from tests.unit.alerts.samples import T, document, rule, signal

SECRET = "k7qzvw3xj9pl5mr2tb8"
AT = 1_700_000_000_000_000


def test_an_alert_that_waits_goes_out_without_the_words_of_what_was_deleted(redis_url: str, run_name: str) -> None:
    client, keys = redis.Redis.from_url(redis_url), Keys(run_name, 4)
    store = AlertStore(client, keys)
    gone = msgspec.structs.replace(document(1), title=SECRET, item="i" * 32, available_at=AT)
    kept = msgspec.structs.replace(document(2), title="Orders rise", item="j" * 32, available_at=AT)
    made = make_alert(rule("threshold", Threshold(above=0.2)), signal(1, 0.6), "why", [gone, kept])
    made = msgspec.structs.replace(made, channels=("desk",))
    assert store.commit(Step([made], deliveries_of(made, T)), "topic", None, 1)
    with WebServer([503]) as server:
        channel, clock = Webhook(url=server.url), ReplayClock(T)
        rules = Rules(file="x", rules=(), channels={"desk": channel}, kinds={"desk": "webhook"})  # type: ignore[arg-type]
        work = Deliverer(store, rules, AlertSettings(), clock, lambda: True)
        work.round("desk", channel)  # the server is down; meanwhile the text is deleted
        client.hset(keys.letters(0), deleted_field("i" * 32), str(AT + 1))
        clock.advance_to(T + 5 * SECOND)
        work.round("desk", channel)
        first, sent = server.requests
    assert SECRET.encode() in first.raw
    assert SECRET.encode() not in sent.raw and DELETED.encode() in sent.raw and b"Orders rise" in sent.raw
    assert store.waiting() == [] and store.channels()["desk"].sent == 1


def archived(tables: Tables, *messages: tuple[str, Document | Deletion | Opinion], first: int = 0) -> None:
    rows = Rows({"documents.news": DOCUMENTS, "opinions": OPINIONS}, {"documents.news": "D", "opinions": "O"})
    made = [
        Recorded(
            topic,
            0,
            offset,
            (m.company if isinstance(m, Opinion) else m.key).encode(),
            encode(m),
            timestamp=AT / SECOND,
        )
        for offset, (topic, m) in enumerate(messages, first)
    ]
    tables.add(rows.of(made))


def opinion_of(text: Document) -> Opinion:
    return Opinion(
        origin=Origin("D", 0, 0, 0), document_id=text.id, company="AAPL", relevance=900_000, channel=text.channel,
        source=text.source, author=text.author, story=story_of(text), title=text.title, excerpt=text.text[:50],
        url=text.url, published_at=text.published_at, available_at=text.available_at, negative=0, neutral=0,
        positive=1_000_000, model="m", companies=1, item=text.item,
    )  # fmt: skip


def test_the_archives_bytes_go_at_compaction(
    tmp_path: Path, redis_url: str, run_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "KEEP_VERSIONS", timedelta(milliseconds=1))
    archive = ArchiveTables(str(tmp_path / "archive"))
    tables = Tables(archive)
    more = {"author": "ann", "url": "https://x.example/1", "title": f"Apple {SECRET}"}
    gone = text_of(1, f"what nobody should have read: {SECRET}", item="i" * 32, **more)
    again = text_of(9, "Apple says it anew", item="i" * 32, title="Apple, later")
    other = text_of(2, "Apple rises", item="j" * 32, title="Apple")
    told = Deletion(item="i" * 32, channel="news", source="test", deleted_at=gone.available_at + 1, schema=2)
    texts = [("documents.news", one) for one in (gone, gone, other, again)]
    archived(tables, *texts, *(("opinions", opinion_of(one)) for one in (gone, other, again)))
    clock = ReplayClock(AT)
    with redis.Redis.from_url(redis_url) as client:
        worker = Upkeep(tables, client, Settings().model_copy(update={"run": run_name}), clock)
        assert worker.round()
        assert {each.document.id for each in search(archive, Question(text=SECRET)).found} == {gone.id}
        assert holding_the_secret(tmp_path)  # as they lie there, the bytes are found
        before = {row["offset"]: row for row in archive.rows(DOCUMENTS, ["offset", "value"]).to_pylist()}
        archived(tables, *([("documents.news", other)] * 9), ("documents.news", told), first=10)
        clock.advance_to(AT + FORGET_EVERY)
        assert worker.round()
        clock.advance_to(AT + 2 * FORGET_EVERY)
        assert worker.round()
        assert not holding_the_secret(tmp_path)
        after = {row["offset"]: row["value"] for row in archive.rows(DOCUMENTS, ["offset", "value"]).to_pylist()}
        words = {row["offset"]: row["words"] for row in archive.rows(DOCUMENTS, ["offset", "words"]).to_pylist()}
        assert all(after[offset] == before[offset]["value"] for offset in (2, 3))  # nothing else changes by a byte
        for offset in (0, 1):
            bare = decode_document(after[offset])
            assert isinstance(bare, Document)
            assert (bare.title, bare.text, bare.url, bare.author, words[offset]) == ("", "", "", "", "")
            assert (bare.id, bare.story, bare.available_at) == (gone.id, story_of(gone), gone.available_at)
        heard = [
            decode_opinion(row["value"]) for row in archive.rows(OPINIONS, ["value"], "company = 'AAPL'").to_pylist()
        ]
        assert sorted((each.document_id, each.title) for each in heard if isinstance(each, Opinion)) == sorted(
            [(gone.id, ""), (other.id, "Apple"), (again.id, "Apple, later")]
        )
        mine = next(each for each in heard if isinstance(each, Opinion) and each.document_id == gone.id)
        assert (mine.positive, mine.author, mine.story) == (1_000_000, "ann", story_of(gone))
        assert archived_document(archive, gone.id) is None
        assert {each.document.id for each in search(archive, Question(text="apple")).found} == {other.id, again.id}
        # an opinion that comes to the archive after the deletion loses its words, too, at a later round
        archived(tables, *([("documents.news", other)] * 20), ("opinions", opinion_of(gone)), first=30)
        assert worker.round()
        assert forget_deleted(tables, since=AT * 2) == 0  # of deletions that Kafka took later there are none
        clock.advance_to(AT + 3 * FORGET_EVERY)
        assert worker.round()
        assert forget_deleted(tables) == 0


def holding_the_secret(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file() and SECRET.encode() in file.read_bytes()]


def test_a_replay_knows_what_was_deleted_since(settings: Settings) -> None:
    item, own = "c" * 32, "d" * 32
    with connect(settings.redis) as client:
        live = Keys(LIVE, 1).letters(0)
        client.hset(live, deleted_field(item), "20")
        client.hset(Keys(settings.run, 1).letters(0), mapping={deleted_field(item): "10", deleted_field(own): "30"})
        try:
            keys = Keys(settings.run, 1)
            assert deleted_at(client, keys, [item, own, "", "e" * 32]) == {item: 20, own: 30}
            assert all_deleted(client, keys).items() >= {item: 20, own: 30}.items()
            texts = [text_of(1, "words", item=item, available_at=20), text_of(2, "words", item=item, available_at=21)]
            shown = list(as_shown(settings, map(opinion_of, texts)))
            assert [(each.excerpt, each.positive) for each in shown] == [("", 1_000_000), ("words", 1_000_000)]
        finally:
            client.hdel(live, deleted_field(item))


@pytest.mark.kafka
def test_a_dead_letter_that_was_deleted_is_not_put_back(settings: Settings) -> None:
    topics = make_topics(settings)
    dead(settings, topics, [text_of(1, SECRET, item="i" * 32), text_of(2, "kept", item="j" * 32)])
    dead(settings, topics, [b"\xff\xfe"], first=2)
    letters = read_dead_letters(settings)
    with connect(settings.redis) as client:
        client.hset(Keys(settings.run, 1).letters(0), deleted_field("i" * 32), str(AT * 2))
    assert gone_letters(settings, letters) == {letters[0].id}
    assert requeue(settings, letters) == 2
    assert [record.value for record in records(settings, topics.documents("news"))] == [
        encode(text_of(2, "kept", item="j" * 32)), b"\xff\xfe",
    ]  # fmt: skip
    with connect(settings.redis) as client:  # a version that came after the deletion is there again
        client.hset(Keys(settings.run, 1).letters(0), deleted_field("i" * 32), "1")
    assert gone_letters(settings, letters) == set[DeadLetter]()


def dead(settings: Settings, topics: Topics, messages: list[Document] | list[bytes], first: int = 0) -> None:
    """As the scoring worker writes them."""
    name = topics.documents("news")
    topic_id = describe(settings.kafka, [name])[name].topic_id
    producer = KafkaProducer(**client_config(settings.kafka))
    for offset, message in enumerate(messages, first):
        value = message if isinstance(message, bytes) else encode(message)
        key = b"" if isinstance(message, bytes) else message.key.encode()
        headers = [(HEADER_ORIGIN, f"{topic_id}:0:{offset}".encode()), (HEADER_REASON, b"unscorable"),
                   (HEADER_TOPIC, name.encode())]  # fmt: skip
        producer.send(topics.dead, key=key, value=value, headers=headers, partition=0).get(timeout=30)
    producer.close()
