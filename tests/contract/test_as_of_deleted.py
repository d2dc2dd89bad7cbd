"""Words that were taken out of the archive take no answer with them: it is told, without a chain."""

from __future__ import annotations

from pathlib import Path

import redis

from services.archive.as_of.past import PastRuns
from services.archive.as_of.proof import past_proof
from services.archive.rows import Rows, tables_of
from services.archive.tables import Tables
from services.embedded.redis import EmbeddedRedis
from services.runtime.record import Recorded
from shared.contract.events import Deletion, encode
from shared.contract.topics import Topics
from shared.reading.archive.tables import ArchiveTables
from shared.settings import load_settings
from tests.browser.past import COMPANY, HALF, TOPIC, live


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
