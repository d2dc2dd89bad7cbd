"""Words that were taken out of the archive take no answer with them: it is told, without a chain. Checkpoints have
none of them either."""

from __future__ import annotations

import zlib
from pathlib import Path

import redis

from services.archive.as_of.checkpointing import Checkpointing
from services.archive.as_of.past import PastRuns
from services.archive.as_of.proof import past_proof
from services.archive.forgetting import forget_deleted
from services.archive.rows import Rows, tables_of
from services.archive.tables import Tables
from services.embedded.redis import EmbeddedRedis
from services.runtime.record import Recorded
from shared.contract.archive import CHECKPOINTS
from shared.contract.events import Deletion, Document, encode
from shared.contract.topics import Topics
from shared.reading.archive.tables import ArchiveTables
from shared.settings import load_settings
from tests.browser.past import COMPANY, HALF, TOPIC, live, opinion


def test_an_answer_of_before_a_deletion_is_told_without_links(tmp_path: Path) -> None:
    server, state = EmbeddedRedis(tmp_path / "redis"), tmp_path / "state"
    server.start()
    state.mkdir()
    try:
        with redis.Redis.from_url(server.url) as client:
            lived, settings = live(state, client), load_settings(state)
            before = past_proof(settings, PastRuns(settings, client).slot(COMPANY, lived.half), COMPANY, lived.half)
            topic = Topics.of(settings).documents("news")
            gone = Deletion(item="a" * 32, channel="news", source="s", deleted_at=lived.end)
            rows = Rows(tables_of(Topics.of(settings)), {topic: TOPIC}).of([Recorded(topic, 0, 0, b"a", encode(gone))])
            Tables(ArchiveTables.of(settings)).add(rows)
            after = past_proof(settings, PastRuns(settings, client).slot(COMPANY, lived.half), COMPANY, lived.half)
            assert [offset for offset, _ in before.links] == [HALF]
            assert after.links == []
            assert after.answer == before.answer
    finally:
        server.stop()


def test_checkpoints_lose_the_words_with_the_rows(tmp_path: Path) -> None:
    server, state = EmbeddedRedis(tmp_path / "redis"), tmp_path / "state"
    server.start()
    state.mkdir()
    try:
        with redis.Redis.from_url(server.url) as client:
            lived, settings = live(state, client), load_settings(state)
            assert Checkpointing(settings, client, every=10).round(most=9) == 6
            tables, topic = Tables(ArchiveTables.of(settings)), Topics.of(settings).documents("news")
            gone = opinion(12, lived)
            document = Document(
                id=gone.document_id, item=gone.item, channel="news", source="s", text="words", title=gone.title,
                published_at=gone.published_at, received_at=gone.available_at, available_at=gone.available_at,
            )  # fmt: skip
            told = Deletion(item=gone.item, channel="news", source="s", deleted_at=lived.end)
            log = [Recorded(topic, 0, n, gone.item.encode(), encode(each)) for n, each in enumerate([document, told])]
            tables.add(Rows(tables_of(Topics.of(settings)), {topic: TOPIC}).of(log))
            before = told_words(tables)
            assert gone.title in before
            assert forget_deleted(tables, since=1) == 0  # of no deletion of so late a time
            assert told_words(tables) == before
            assert forget_deleted(tables) == 2
            after = told_words(tables)
            assert gone.title not in after and opinion(13, lived).title in after
            answer = past_proof(settings, PastRuns(settings, client).slot(COMPANY, lived.half), COMPANY, lived.half)
            titles = {each["id"]: each.get("title", "") for each in answer.answer["documents"]}
            assert titles[gone.document_id] == "" and titles[opinion(13, lived).document_id] != ""
    finally:
        server.stop()


def told_words(tables: Tables) -> str:
    rows = tables.archive.rows(CHECKPOINTS, ["value"]).to_pylist()
    return b"".join(zlib.decompress(row["value"]) for row in rows).decode(errors="replace")
