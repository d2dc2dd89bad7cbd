"""Words of old documents lie in the archive: when they leave Redis, and how often, changes no answer of any reader."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import redis
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st

from services.aggregation.admin.dump import dump
from services.aggregation.core.apply import apply
from services.aggregation.core.plan import Decoded, Rules
from services.aggregation.stores.layout import bring_up_to_date
from services.aggregation.stores.memory import MemoryStore
from services.aggregation.stores.redis_store import RedisStore
from services.archive.reached import Reached
from services.archive.rows import Rows, tables_of
from services.archive.tables import Tables
from services.runtime.record import Recorded
from shared.clock import DAY, DAY_SECONDS, HOUR, HOUR_SECONDS, SECOND
from shared.contract.aggregates import RecentDocument
from shared.contract.events import CHANNELS, Origin, Tick, encode
from shared.contract.keys import Keys, archived_key
from shared.contract.packed.traces import Trace, document_of, pack_traces, trace_of, unpack_traces
from shared.contract.topics import Topics
from shared.reading.archive.tables import ArchiveTables
from shared.reading.run import RunView
from shared.reading.values.documents import EVER
from tests.unit.aggregation.opinions import BASE, TOPIC_ID, history, merge, opinion, split

OPINIONS = "OOOOOOOOOOOOOOOOOOOOOO"
COMPANIES = ("AAPL", "MSFT", "_MARKET")

# hours and days are kept for so long only that traces go, too
RULES = Rules({"minute": DAY, "hour": 12 * DAY, "day": 25 * DAY}, 7 * DAY, lateness=60 * SECOND)


@pytest.fixture(autouse=True)
def one_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.contract.keys.partition_for", lambda _key, _partitions: 0)
    monkeypatch.setattr("services.aggregation.core.kept_documents.RECENT_DOCUMENTS", 40)  # so that some are pushed out


ids = st.text("0123456789abcdef", min_size=32, max_size=32) | st.text(max_size=6)
traces = st.builds(
    Trace,
    ids,
    st.integers(0, 2**51),
    *[st.integers(0, 10**6)] * 3,
    st.integers(0, len(CHANNELS) - 1),
    st.booleans(),
    st.sampled_from(("", "m" * 16)),
)


@budget(max_examples=60, deadline=None)
@given(st.lists(traces, max_size=6))
def test_packed_traces_are_the_traces(some: list[Trace]) -> None:
    assert unpack_traces(pack_traces(some)) == some
    assert [trace_of(document_of(each, "AAPL")) for each in some] == some


class Place(NamedTuple):
    """A run of which words leave for the archive, beside one that keeps all of them, and one in memory."""

    client: redis.Redis
    run: str
    tables: ArchiveTables
    reference: MemoryStore

    def store(self) -> RedisStore:
        return RedisStore(self.client, self.run, 1)

    def whole(self) -> RedisStore:
        return RedisStore(self.client, self.run + "whole", 1)

    def archive(self, records: list[Decoded]) -> None:
        """Of these, which follow each other, all; and Redis is told."""
        topics = Topics()
        log = [Recorded(topics.opinions, 0, offset, b"k", encode(each)) for offset, each in records if each]
        table_of = tables_of(topics)
        Tables(self.tables).add(Rows(table_of, dict.fromkeys(table_of, OPINIONS)).of(log))
        Reached(self.client, self.run, OPINIONS).tell({0: records[-1][0] + 1})

    def apply(self, store: RedisStore, records: list[Decoded]) -> None:
        for each in (store, self.whole(), self.reference):
            apply(each, 0, OPINIONS, records, RULES)

    def pack(self, store: RedisStore, times: int) -> int:
        reached = max(store.state(0, set()).watermarks.values(), default=0) // SECOND
        return sum(store.pack(0, reached // HOUR_SECONDS * HOUR_SECONDS) for _ in range(times))

    def traced(self) -> int:
        return sum(self.client.hlen(Keys(self.run, 1).traces(company)) for company in COMPANIES)

    def same(self) -> None:
        """What the aggregator goes on with, and what every reader is told, is what it would be."""
        assert dump(self.store()) == dump(self.whole()) == dump(self.reference) != b""
        hours = sorted({row.start for row in self.reference.rows(["hour"])})
        for company in COMPANIES:
            assert left(self.store().recent(company)) == left(self.reference.recent(company))
            for hour in hours:
                assert left(self.store().top(company, hour)) == left(self.reference.top(company, hour))
        plain = RunView(self.client, Keys(self.run + "whole", 1)).documents
        found = RunView(self.client, Keys(self.run, 1), archive=self.tables).documents
        assert found.between(COMPANIES, *EVER) == plain.between(COMPANIES, *EVER)
        begin, end = hours[0] - DAY_SECONDS, hours[-1] + HOUR_SECONDS
        for first, last in ((begin, end), (begin, (begin + end) // 2), ((begin + end) // 2, end)):
            assert found.between(COMPANIES, first * SECOND, last * SECOND) == plain.between(
                COMPANIES, first * SECOND, last * SECOND
            )
            for company in COMPANIES:
                assert found.behind(company, first, last) == plain.behind(company, first, last)
        names = [each.id for company in COMPANIES for each in self.reference.recent(company)]
        names += [each.id for hour in hours for each in self.reference.top("AAPL", hour)]
        assert found.named("AAPL", names, hours) == plain.named("AAPL", names, hours)
        for name in names[::9]:
            assert found.with_id(COMPANIES, name) == plain.with_id(COMPANIES, name)


def left(documents: list[RecentDocument]) -> list[Trace]:
    return [trace_of(each) for each in documents]


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as made:
        yield made


@budget(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**6))
def test_when_words_leave_changes_no_answer(client: redis.Redis, tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    records = merge(draw, history(seed, 2, 150, 4 * HOUR), 0.1)
    place = Place(client, f"tracing{seed}", ArchiveTables(str(tmp_path / f"{seed}")), MemoryStore(1))
    shutil.rmtree(tmp_path / f"{seed}", ignore_errors=True)
    (tmp_path / f"{seed}").mkdir()
    for key in client.scan_iter(f"bw:{{tracing{seed}*"):
        client.delete(key)
    store, waiting, seen = place.store(), list[Decoded](), 0
    for batch in split(draw, records, 40):
        store = place.store() if draw.random() < 0.2 else store  # a new worker, with nothing cached
        place.apply(store, list(batch))
        waiting += batch
        if draw.random() < 0.4:  # the archive is behind, as it is
            cut = draw.randrange(len(waiting) + 1)
            if waiting[:cut]:
                place.archive(waiting[:cut])
            waiting = waiting[cut:]
        place.pack(store, draw.choice((0, 2, 9)))
        seen = max(seen, place.traced())
        if draw.random() < 0.05:
            place.same()
    assert seen > 0
    place.same()


def _quiet(place: Place, days: int) -> tuple[RedisStore, list[Decoded]]:
    """An opinion a day, and a tick behind each."""
    records: list[Decoded] = []
    for day in range(days):
        at = BASE + day * DAY
        records.append((2 * day, opinion(2 * day, available_at=at, document_id=f"{day:032x}", title=f"On day {day}")))
        records.append((2 * day + 1, Tick(watermark=at + DAY, origin=Origin(TOPIC_ID, 0, 2 * day + 1))))
    store = place.store()
    place.apply(store, records)
    return store, records


def test_words_stay_until_the_archive_has_them(client: redis.Redis, run_name: str, tmp_path: Path) -> None:
    place = Place(client, run_name, ArchiveTables(str(tmp_path)), MemoryStore(1))
    store, records = _quiet(place, 12)
    keys = Keys(run_name, 1)
    place.pack(store, 9)
    assert place.traced() == 0, "nothing is known of an archive"
    client.hset(archived_key(run_name), "0", f"another:{len(records)}")
    place.pack(place.store(), 9)
    assert place.traced() == 0, "of another topic"
    place.archive(records[:-1])
    place.pack(place.store(), 9)
    assert place.traced() == 0, "when it was packed, there was one record more"
    place.archive(records[-1:])
    place.pack(place.store(), 9)
    assert client.hlen(keys.recent("AAPL")) == 8  # of the week before the newest, and the day that it reaches into
    assert client.hlen(keys.top("AAPL")) == 8
    place.same()


def test_without_its_archive_old_documents_are_not_told(client: redis.Redis, run_name: str, tmp_path: Path) -> None:
    place = Place(client, run_name, ArchiveTables(str(tmp_path)), MemoryStore(1))
    store, records = _quiet(place, 12)
    place.archive(records)
    place.pack(store, 9)
    view = RunView(client, Keys(run_name, 1), archive=ArchiveTables(str(tmp_path / "none")))
    assert [each.title for each in view.documents.between(["AAPL"], *EVER)] == [
        f"On day {day}" for day in range(11, 3, -1)
    ]


def test_a_late_opinion_lies_beside_traces_and_leaves_again(client: redis.Redis, run_name: str, tmp_path: Path) -> None:
    place = Place(client, run_name, ArchiveTables(str(tmp_path)), MemoryStore(1))
    store, records = _quiet(place, 12)
    place.archive(records)
    place.pack(store, 9)
    late: list[Decoded] = [
        (24, opinion(24, available_at=BASE + SECOND, document_id="f" * 32, title="Late", relevance=400_000))
    ]
    place.apply(place.store(), late)
    keys = Keys(run_name, 1)
    assert client.hlen(keys.top("AAPL")) == 9
    view = RunView(client, Keys(run_name, 1), archive=place.tables)
    assert [each.title for each in view.documents.behind("AAPL", 0, 2**31)][-2:] == ["Late", "On day 0"]
    place.archive(late)
    place.same()
    place.pack(place.store(), 9)
    assert client.hlen(keys.top("AAPL")) == 8
    place.same()


def test_documents_of_the_former_layout_leave_later(client: redis.Redis, run_name: str, tmp_path: Path) -> None:
    place = Place(client, run_name, ArchiveTables(str(tmp_path)), MemoryStore(1))
    store, records = _quiet(place, 12)
    place.pack(store, 9)
    keys = Keys(run_name, 1)
    client.delete(keys.worded(0))  # a version that knew nothing of it
    client.hset(f"bw:run:{run_name}", "layout", "2")
    bring_up_to_date(client, run_name)
    place.archive(records)
    place.pack(place.store(), 9)
    assert client.hlen(keys.recent("AAPL")) == 8
    place.same()
