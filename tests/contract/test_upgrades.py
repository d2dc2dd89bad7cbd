"""Messages and keys frozen as the first version wrote them are still read; newer ones are refused by name."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
import redis

from services.aggregation.core.apply import apply
from services.aggregation.core.plan import Rules
from services.aggregation.stores import layout
from services.aggregation.stores.layout import bring_up_to_date
from services.aggregation.stores.redis_store import RedisStore
from services.runtime.exits import ExitCode, WorkerStop
from shared.contract.aggregates import LAYOUT
from shared.contract.events import Document, NewerSchema, Opinion, Tick, decode_document, decode_opinion
from shared.contract.keys import Keys, run_key
from shared.contract.signals import decode_revisions, encode_revisions
from shared.settings import AggregationSettings

OPINION = (
    b'{"type":"opinion","origin":["AAAAAAAAAAAAAAAAAAAAAA",0,7,0],"document_id":"00000000000000000000000000000007",'
    b'"company":"AAPL","relevance":1000000,"channel":"news","source":"wire","story":"1111111111111111",'
    b'"published_at":1400000000000000,"available_at":1400000000000000,"negative":100000,"neutral":200000,'
    b'"positive":700000,"model":"mmmmmmmmmmmmmmmm","companies":1}'
)
DOCUMENT = (
    b'{"type":"document","id":"00000000000000000000000000000007","channel":"news","source":"wire","text":"x",'
    b'"published_at":1400000000000000,"received_at":1400000000000000,"available_at":1400000000000000}'
)
TICK = b'{"type":"tick","watermark":1400000000000000,"origin":["AAAAAAAAAAAAAAAAAAAAAA",0,8]}'


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as made:
        yield made


def test_messages_of_the_first_version() -> None:
    opinion, document, tick = decode_opinion(OPINION), decode_document(DOCUMENT), decode_opinion(TICK)
    assert isinstance(opinion, Opinion) and opinion.origin.offset == 7 and opinion.event == "" and opinion.schema == 1
    assert isinstance(document, Document) and document.companies == () and not document.truncated
    assert isinstance(tick, Tick) and tick.origin is not None and tick.origin.index == 0


def test_a_field_that_a_later_version_added_is_passed_over() -> None:
    assert decode_opinion(OPINION[:-1] + b',"mood":"curious"}') == decode_opinion(OPINION)


@pytest.mark.parametrize("kind", [b"opinion", b"something-new"])
def test_a_later_schema_is_refused_by_name(kind: bytes) -> None:
    raw = OPINION.replace(b'"type":"opinion"', b'"type":"' + kind + b'","schema":5')
    with pytest.raises(NewerSchema, match="schema 5 is newer than this program's 4"):
        decode_opinion(raw)


def test_keys_of_the_first_version(client: redis.Redis, run_name: str) -> None:
    """A slot as the first version left it, down to the bytes, is added to; fields that it lacks have their defaults."""
    keys = Keys(run_name, 1)
    hour, day, minute = 1_399_996_800, 1_399_939_200, 1_399_999_980
    bucket = bytes.fromhex("9b01010000ce000aae60ce000668aace0003d85f010181a4776972650180")
    share = msgspec.msgpack.encode([1, 700_000, 420_010])
    client.set(keys.position(0), "OOOO:1")
    client.hset(keys.marks(0), mapping={"AAAAAAAAAAAAAAAAAAAAAA:0": "6,0"})
    client.hset(
        keys.streams(0), "AAAAAAAAAAAAAAAAAAAAAA:0", '{"reached":1400000000000000,"chunks":{"0":1400000000000000}}'
    )
    client.hset(keys.ids(0, "AAAAAAAAAAAAAAAAAAAAAA:0", 0), "AAPL|00000000000000000000000000000006", "1400000000000000")
    client.hset(keys.totals(0), mapping={"documents_scored": "1", "opinions_applied": "1"})
    client.hset(keys.companies(0), "AAPL", "1400000000000000")
    for resolution, start in (("hour", hour), ("day", day), ("minute", minute)):
        client.hset(keys.series("AAPL", "news", resolution), str(start), bucket)  # type: ignore[arg-type]
    for resolution, start in (("hour", hour), ("day", day)):
        client.hset(keys.authors("AAPL", "news", resolution, start), "a" * 16, share)  # type: ignore[arg-type]
        client.hset(keys.stories("AAPL", "news", resolution, start), "1" * 16, share)  # type: ignore[arg-type]
    store = RedisStore(client, run_name, 1)
    apply(store, 0, "OOOO", [(1, decode_opinion(OPINION))], Rules.of(AggregationSettings()), gapless=True)
    rows = {row.resolution: row for row in RedisStore(client, run_name, 1).rows()}
    assert {name: row.bucket.documents for name, row in rows.items()} == {"day": 2, "hour": 2, "minute": 2}
    assert (rows["hour"].bucket.stories, rows["hour"].stories["1" * 16].documents) == (1, 2)
    assert rows["hour"].bucket.sources == {"wire": 2}
    assert store.totals(0).opinions_applied == 2


def test_days_of_the_first_layout_are_packed_later(client: redis.Redis, run_name: str) -> None:
    store, rules = RedisStore(client, run_name, 1), Rules.of(AggregationSettings())
    apply(store, 0, "OOOO", [(0, decode_opinion(OPINION))], rules)
    before, keys = list(store.rows()), Keys(run_name, 1)
    client.delete(keys.loose(0))
    bring_up_to_date(client, run_name)
    assert store.pack(0, 1_500_000_000) == 1
    assert not client.exists(keys.authors("AAPL", "news", "hour", 1_399_996_800))
    assert list(RedisStore(client, run_name, 1).rows()) == before


def test_signals_of_the_first_layouts_are_read() -> None:
    """They are plain JSON; from layout 3 on they are deflated, which this version reads, too."""
    raw = (
        b'[{"type":"signal","id":"pulse:AAPL:1400000000000000:0","strategy":"pulse","strategy_hash":"e668b8de7aa6d13e",'
        b'"company":"AAPL","at":1400000000000000,"available_at":1400000060000000,"score":-31648,"confidence":591380,'
        b'"action":"hold","horizon_hours":120,"documents":6,"reasons":[["level",182205,182205]]}]'
    )
    (signal,) = decode_revisions(raw)
    assert (signal.company, signal.score, signal.reasons[0].feature) == ("AAPL", -31648, "level")
    small = encode_revisions([signal])
    assert decode_revisions(small) == [signal] and len(small) < len(raw) / 2
    frozen = bytes.fromhex(
        "01c3920c90e2ded131c0c7cad0c40005109b2052cdcc2c922c5252cd1313cd520c8d53511208c864582241331f23ad40e531"
        "538cb1a19989056ab231b53434b6302039f198614d3d8616464606a6502a36b6361600"
    )
    assert decode_revisions(frozen) == [signal], "the words that signals share were changed: none is readable"


def test_a_shorter_value_reads_with_defaults(client: redis.Redis, run_name: str) -> None:
    keys = Keys(run_name, 1)
    client.hset(keys.companies(0), "AAPL", "1400000000000000")
    client.hset(keys.series("AAPL", "news", "minute"), "1399999980", msgspec.msgpack.encode([3, 1, 1, 1, 9, 8, 7]))
    (row,) = RedisStore(client, run_name, 1).rows(["minute"])
    assert (row.bucket.documents, row.bucket.score_square_sum, row.bucket.sources) == (3, 7, {})


def test_a_newer_layout_is_refused(client: redis.Redis, run_name: str) -> None:
    client.hset(run_key(run_name), "layout", "99")
    with pytest.raises(WorkerStop, match="layout 99 in Redis, but this version supports 3") as stop:
        bring_up_to_date(client, run_name)
    assert stop.value.code is ExitCode.REFUSED


def test_steps_are_taken_in_order_and_remembered(
    client: redis.Redis, run_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []
    monkeypatch.setattr(layout, "LAYOUT", LAYOUT + 2)
    for number in (LAYOUT, LAYOUT + 1):
        monkeypatch.setitem(layout.UPGRADES, number, lambda _client, _run, number=number: taken.append(number))
    bring_up_to_date(client, run_name)
    bring_up_to_date(client, run_name)
    assert taken == [LAYOUT, LAYOUT + 1]
    assert client.hget(run_key(run_name), "layout") == str(LAYOUT + 2).encode()
