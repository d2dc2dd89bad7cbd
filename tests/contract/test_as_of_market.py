"""As of random moments of a broken life, without Kafka: what a probe read of Redis is what the archive answers later,
of one company and of the whole market; a budget is kept."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from dashboard.reading.snapshots import feed
from services.aggregation.core.apply import apply
from services.aggregation.core.plan import Decoded, Rules
from services.aggregation.main import rules_text, strategies_of
from services.aggregation.signals.closing import Closer
from services.aggregation.stores.redis_store import RedisStore
from services.archive.as_of.checkpointing import Checkpointing
from services.archive.as_of.market import PastMarkets
from services.archive.as_of.moments import NotKnown
from services.archive.as_of.past import PastRuns
from services.archive.rows import Rows, tables_of
from services.archive.tables import Tables
from services.embedded.redis import EmbeddedRedis
from services.runtime.record import Recorded
from shared.clock import SystemClock
from shared.contract.aggregates import Totals
from shared.contract.applied import Applied, Move, encode_applied
from shared.contract.events import CHANNELS, Opinion, OpinionMessage, encode
from shared.contract.keys import Keys
from shared.contract.topics import Topics, partition_for
from shared.reading.archive.tables import ArchiveTables
from shared.reading.run import RunView
from shared.settings import Settings, load_settings
from tests.bound import bind_topics
from tests.probes import MarketProbe, Probe, equal, equal_market, market_of, market_probe, probe, stretch_of
from tests.unit.aggregation.opinions import TOPIC_ID, merge, split
from tests.unit.aggregation.test_closing import STREAMS, broken_promises

SLOTS = 2
FED = 20
COMPANIES = ("AAPL", "MSFT", "_MARKET")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[Settings, redis.Redis]]:
    server, state = EmbeddedRedis(tmp_path / "redis"), tmp_path / "state"
    server.start()
    state.mkdir()
    (state / "bellwether.yaml").write_text(
        f"redis: {{url: '{server.url}'}}\nmodel: {{name: stub}}\nkafka: {{opinion_partitions: {SLOTS}}}\n"
    )
    try:
        settings = load_settings(state)
        with redis.Redis.from_url(server.url) as client:
            bind_topics(client, settings, TOPIC_ID)
            yield settings, client
    finally:
        server.stop()


def logs_of(seed: int) -> list[list[Decoded]]:
    """Of each slot: late opinions, copies, stretches sent again, ticks in all of them."""
    draw = random.Random(seed)
    mixed = merge(draw, [broken_promises(seed, partition, 30) for partition in range(2)], resend=0.1)
    found: list[list[OpinionMessage | None]] = [[] for _ in range(SLOTS)]
    for _, message in mixed:
        wanted = [partition_for(message.company, SLOTS)] if isinstance(message, Opinion) else range(SLOTS)
        for slot in wanted:
            found[slot].append(message if draw.random() > 0.02 else None)
    return [list(enumerate(each)) for each in found]


class Life:
    """The aggregator's steps on a real Redis, with the journal that it writes."""

    def __init__(self, settings: Settings, client: redis.Redis) -> None:
        self._settings, self._client, self._rules = settings, client, Rules.of(settings.aggregation)
        self._strategies = strategies_of(settings.aggregation)
        self.entries: list[Applied] = []
        self.restart()

    def restart(self) -> None:
        self._store = RedisStore(self._client, self._settings.run, SLOTS)
        self._closers = {
            slot: Closer(self._store, slot, self._strategies, STREAMS, self._rules) for slot in range(SLOTS)
        }

    def step(self, slot: int, batch: list[Decoded]) -> None:
        closer = self._closers[slot]
        closer.close()
        for part in closer.parts(batch):
            made = apply(self._store, slot, TOPIC_ID, part, self._rules, gapless=True)
            if made is not None:
                closer.changed(made)
            closer.close()
        at, offset = SystemClock().now(), batch[-1][0] + 1
        self.entries.append(
            Applied(
                slot=slot, topic_id=TOPIC_ID, offset=offset, at=at, moves=(Move(at, offset),), slots=SLOTS,
                rules=rules_text(self._settings.aggregation),
                strategies={each.name: each.digest for each in self._strategies},
            )
        )  # fmt: skip


def archive(settings: Settings, logs: list[list[Decoded]], entries: list[Applied]) -> None:
    topics = Topics.of(settings)
    rows = Rows(tables_of(topics), dict.fromkeys(tables_of(topics), TOPIC_ID))
    log = [
        Recorded(topics.opinions, slot, offset, b"k", encode(message) if message is not None else b"{")
        for slot, records in enumerate(logs)
        for offset, message in records
    ]
    journal = [Recorded(topics.applied, 0, n, b"s", encode_applied(each)) for n, each in enumerate(entries)]
    Tables(ArchiveTables.of(settings)).add(rows.of([*log, *journal]))


@pytest.mark.parametrize("seed", [1, 2])
def test_what_was_read_live_is_answered_later(
    place: tuple[Settings, redis.Redis], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.archive.as_of.past.streams_of", lambda *_: STREAMS)
    settings, client = place
    draw, logs, life = random.Random(seed), logs_of(seed), Life(*place)
    waiting = [split(draw, records, 25) for records in logs]
    probes: list[Probe] = []
    markets: list[MarketProbe] = []
    told: list[tuple[int, Totals, list[str]]] = []  # moment, counts since the run began, the newest documents
    while any(waiting):
        slot = draw.choice([number for number, batches in enumerate(waiting) if batches])
        life.step(slot, list(waiting[slot].pop(0)))
        if draw.random() < 0.2:
            life.restart()
        for found in (probe(client, settings, company) for company in COMPANIES):
            probes += [found] if found is not None else []
        market = market_probe(client, settings)
        if market is not None:
            markets.append(market)
            live = RunView.open(client, settings.run)
            newest = feed(live, CHANNELS, FED, market.moment)
            told.append((market.moment, live.totals(), [each.id for each in newest]))
    archive(settings, logs, life.entries)
    assert Checkpointing(settings, client, every=40).round(most=100) > 1
    past = PastRuns(settings, client)
    assert equal(past, probes, draw, 12) == 12
    assert equal_market(PastMarkets(past), markets, draw, 12) == 12
    for moment, totals, ids in draw.sample(told, 6):
        then = PastMarkets(past).at(moment)
        assert (then.totals(), [each.id for each in then.feed()][:FED]) == (totals, ids)
    with pytest.raises(NotKnown, match="5 are read at most for the whole market"):
        PastMarkets(past, most=5).at(markets[-1].moment)
    view = RunView(client, Keys(settings.run, SLOTS))
    assert (
        market_of(PastMarkets(past).at(SystemClock().now()), view.signals.latest())["6h"] == market_of(view, [])["6h"]
    )
    assert any(stretch_of(view, company)["documents"] for company in COMPANIES)
