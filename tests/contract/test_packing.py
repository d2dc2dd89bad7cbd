"""Shares of ended days in one value: when it is done, and how often, changes no answer; late opinions stay exact."""

from __future__ import annotations

import random
from typing import cast

import pytest
import redis
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from services.aggregation.admin.dump import dump
from services.aggregation.core.apply import apply
from services.aggregation.core.plan import Rules
from services.aggregation.core.store import BucketRow
from services.aggregation.stores.memory import MemoryStore
from services.aggregation.stores.redis_store import RedisStore
from shared.clock import DAY, HOUR, HOUR_SECONDS, SECOND
from shared.contract.aggregates import DETAILED, Share
from shared.contract.events import CHANNELS, Opinion, Origin, Tick
from shared.contract.keys import Keys
from shared.contract.packed.shares import WHOLE_DAY, Shares, pack_day, unpack_day
from shared.contract.voices import authors_in
from shared.reading.run import RunView
from tests.unit.aggregation.opinions import BASE, TOPIC_ID, history, merge, opinion, split

OPINIONS = "OOOOOOOOOOOOOOOOOOOOOO"

# hours are kept for a few days only, so that packed days lose their hours, and then go themselves
RULES = Rules({"minute": DAY, "hour": 3 * DAY, "day": 9 * DAY}, 7 * DAY, lateness=60 * SECOND)


@pytest.fixture(autouse=True)
def one_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.contract.keys.partition_for", lambda _key, _partitions: 0)


names = st.text("0123456789abcdef", min_size=16, max_size=16) | st.text(max_size=5)
shares = st.builds(Share, st.integers(1, 9), st.integers(0, 10**12), st.integers(-(10**12), 10**12))
sets = st.dictionaries(names, shares, max_size=4)


@budget(max_examples=60, deadline=None)
@given(st.dictionaries(st.integers(0, WHOLE_DAY), st.builds(Shares, sets, sets), max_size=5))
def test_a_packed_day_is_the_day(day: dict[int, Shares]) -> None:
    found = unpack_day(pack_day(day))
    if WHOLE_DAY not in day:
        found.pop(WHOLE_DAY, None)
    assert found == day


@budget(max_examples=12, deadline=None)
@given(st.integers(0, 10**6))
def test_when_days_are_packed_changes_no_byte(redis_url: str, seed: int) -> None:
    draw = random.Random(seed)
    records = merge(draw, history(seed, 3, 120, 2 * HOUR), 0.1)
    reference, run = MemoryStore(1), f"packing{seed}"
    with redis.Redis.from_url(redis_url) as client:
        RunStore = lambda: RedisStore(client, run, 1)  # noqa: E731
        store, packed = RunStore(), 0
        for batch in split(draw, records, 40):
            store = RunStore() if draw.random() < 0.2 else store  # a new worker, with nothing cached
            apply(store, 0, OPINIONS, batch, RULES)
            apply(reference, 0, OPINIONS, batch, RULES)
            reached = max(store.state(0, set()).watermarks.values(), default=0) // SECOND
            for _ in range(draw.choice((0, 1, 3))):
                packed += store.pack(0, reached // HOUR_SECONDS * HOUR_SECONDS)
            if draw.random() < 0.3:
                assert dump(RunStore()) == dump(reference)
        assert packed > 0
        assert dump(RunStore()) == dump(reference) != b""
        assert dump(store) == dump(reference)
        keys = [(row.company, row.channel, row.resolution, row.start) for row in reference.rows(DETAILED)]
        assert RunStore().cells(0, keys) == reference.cells(0, keys)
        _readers_see_them(client, run, list(reference.rows(DETAILED)))
        left = sum(1 for _ in client.scan_iter(f"bw:{{{run}.0}}:*"))
        for key in client.scan_iter(f"bw:{{{run}.0}}:*"):
            client.delete(key)
        assert left < 200


def _readers_see_them(client: redis.Redis, run: str, rows: list[BucketRow]) -> None:
    view = RunView(client, Keys(run, 1))
    for row in rows[::7]:
        found = view.buckets.distinct(row.company, [row.channel], {row.resolution: [row.start]})
        assert found == (len(authors_in(row.authors)), len(row.stories))


def test_a_late_opinion_is_laid_over_and_packed_again(redis_url: str, run_name: str) -> None:
    def said(offset: int, author: str, at: int) -> Opinion:
        return opinion(offset, author=author * 16, story="b" * 16, available_at=at)

    first = [(0, said(0, "a", BASE)), (1, said(1, "c", BASE)), (2, said(2, "a", BASE + HOUR))]
    tick = (3, Tick(watermark=BASE + 2 * DAY, origin=Origin(TOPIC_ID, 0, 3)))
    late = [(4, said(4, "a", BASE)), (5, said(5, "d", BASE + HOUR))]
    reference = MemoryStore(1)
    apply(reference, 0, OPINIONS, [*first, tick, *late], RULES)
    until = (BASE + 2 * DAY) // SECOND
    with redis.Redis.from_url(redis_url) as client:
        store, keys = RedisStore(client, run_name, 1), Keys(run_name, 1)
        apply(store, 0, OPINIONS, [*first, tick], RULES)
        assert store.pack(0, until) == 1
        assert store.pack(0, until) == 0
        own = [keys.authors("AAPL", "news", "day", BASE // DAY * DAY // SECOND)]
        assert client.exists(*own) == 0
        apply(RedisStore(client, run_name, 1), 0, OPINIONS, late, RULES)
        assert client.hlen(own[0]) == 4  # what was touched, in whole values: two authors, and each with its story
        assert dump(RedisStore(client, run_name, 1)) == dump(reference)
        assert RedisStore(client, run_name, 1).pack(0, until) == 1
        assert client.exists(*own) == 0
        assert dump(RedisStore(client, run_name, 1)) == dump(reference)
        assert cast(int, client.hlen(keys.loose(0))) == 0


def test_what_has_not_ended_is_left_alone(redis_url: str, run_name: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        store, keys = RedisStore(client, run_name, 1), Keys(run_name, 1)
        apply(store, 0, OPINIONS, [(0, opinion(0))], RULES)
        end = (BASE // DAY + 1) * DAY // SECOND
        assert store.pack(0, end - 1) == 0
        assert store.pack(0, end) == 1
        assert sorted(client.hkeys(keys.packed("AAPL"))) == [f"{CHANNELS[0]}|{BASE // DAY}".encode()]  # type: ignore[type-var]
