"""A run with an archive, made without Kafka: opinions applied to a real Redis, and archived with a journal beside."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import redis

from services.aggregation.core.apply import apply
from services.aggregation.core.plan import Rules
from services.aggregation.main import rules_text
from services.aggregation.stores.redis_store import RedisStore
from services.archive.rows import Rows, tables_of
from services.archive.tables import Tables
from services.runtime.record import Recorded
from shared.clock import HOUR, MINUTE, SystemClock
from shared.contract.applied import Applied, Move, encode_applied
from shared.contract.events import MICRO, Opinion, Origin, encode
from shared.contract.topics import Topics, partition_for
from shared.reading.archive.tables import ArchiveTables
from shared.settings import load_settings
from tests.bound import bind_topics

COMPANY: Final = "AAPL"
TOPIC: Final = "TTTTTTTTTTTTTTTTTTTTTT"
HALF: Final = 30  # opinions that were applied at the earlier moment; as many came later


class Lived(NamedTuple):
    """Wall-clock moments: before anything, after half of the opinions, after all."""

    before: int
    half: int
    end: int


def live(state: Path, client: redis.Redis) -> Lived:
    """Half of the opinions are positive, the later half negative. The run is that of the state folder's settings."""
    settings = load_settings(state)
    topics, slots = Topics.of(settings), settings.kafka.opinion_partitions
    bind_topics(client, settings, TOPIC)
    moment = SystemClock().now() // MINUTE * MINUTE
    lived = Lived(moment - 3 * HOUR, moment - 2 * HOUR, moment - HOUR)
    slot = partition_for(COMPANY, slots)
    opinions = [(number, opinion(number, lived)) for number in range(2 * HALF)]
    rules = Rules.of(settings.aggregation)
    apply(RedisStore(client, settings.run, slots), slot, TOPIC, opinions, rules)
    moves = (Move(lived.half, HALF), Move(lived.end, 2 * HALF))
    entry = Applied(
        slot=slot, topic_id=TOPIC, offset=2 * HALF, at=lived.end, moves=moves, slots=slots,
        rules=rules_text(settings.aggregation),
    )  # fmt: skip
    rows = Rows(tables_of(topics), dict.fromkeys(tables_of(topics), TOPIC))
    taken = [(lived.half if n < HALF else lived.end) / 1e6 for n, _ in opinions]
    log = [
        Recorded(topics.opinions, slot, n, COMPANY.encode(), encode(each), timestamp=at)
        for (n, each), at in zip(opinions, taken, strict=True)
    ]
    journal = [Recorded(topics.applied, 0, 0, str(slot).encode(), encode_applied(entry))]
    Tables(ArchiveTables.of(settings)).add(rows.of([*log, *journal]))
    return lived


def opinion(number: int, lived: Lived) -> Opinion:
    """One every minute before the moment at which it had been applied."""
    good = number < HALF
    at = (lived.half if good else lived.end) - (HALF - number % HALF) * MINUTE
    positive = 800_000 if good else 100_000
    return Opinion(
        origin=Origin("id of news", 0, number, 0),
        document_id=f"{number:032x}",
        company=COMPANY,
        relevance=MICRO,
        channel="news",
        source="Synthetic Wire",
        title=f"Apple {'lifts' if good else 'cuts'} its outlook, report {number}",
        author="a" * 16,
        story=f"{number:016x}",
        published_at=at,
        available_at=at,
        negative=900_000 - positive,
        neutral=100_000,
        positive=positive,
        model="m" * 16,
        companies=1,
        item=f"{number:032x}",
    )


def delete(client: redis.Redis, state: Path, number: int) -> None:
    """The opinion's document goes at its source."""
    from shared.contract.aggregates import deleted_field
    from shared.contract.keys import Keys

    settings = load_settings(state)
    keys = Keys(settings.run, settings.kafka.opinion_partitions)
    for slot in range(keys.slots):
        client.hset(keys.letters(slot), deleted_field(f"{number:032x}"), str(SystemClock().now()))
