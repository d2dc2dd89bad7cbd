"""What a run has come to beside its buckets: documents that are kept, and signals, in Redis and on their topic."""

from __future__ import annotations

from collections import defaultdict
from typing import cast

import msgspec
import redis
from kafka import TopicPartition

from services.aggregation.core.apply import apply
from services.aggregation.core.plan import Rules
from services.aggregation.main import strategies_of, streams_of
from services.aggregation.signals.closing import Closer
from services.aggregation.stores.memory import MemoryStore
from services.aggregation.stores.redis_store import RedisStore
from shared.clients.kafka import describe
from shared.contract.aggregates import RecentDocument
from shared.contract.events import decode_opinion
from shared.contract.keys import Keys
from shared.contract.signals import Signal, decode_revisions, decode_signal, encode_signal
from shared.contract.topics import Topics
from shared.reading.archive.tables import ArchiveTables
from shared.reading.values.traces import TracedDocuments
from shared.settings import Settings
from tests.chaos.recount import values_of

Hash = dict[bytes, bytes]
Last = dict[tuple[str, str, int], Signal]  # company, strategy, T


def kept_documents(client: redis.Redis, keys: Keys, settings: Settings) -> dict[str, list[RecentDocument]]:
    """Company -> its latest documents, and the heaviest of its hours, by hour; words that left Redis from the archive,
    which has all of them."""
    found: dict[str, list[RecentDocument]] = {}
    store = RedisStore(client, keys.run, keys.slots)
    traced = TracedDocuments(client, keys, ArchiveTables.of(settings))
    for company in _companies(client, keys):
        hours = sorted({row.start for row in store.company_rows(company) if row.resolution == "hour"})
        for kind, kept in (
            ("recent", store.recent(company)),
            ("top", [each for hour in hours for each in store.top(company, hour)]),
        ):
            found[f"{kind} {company}"] = traced.filled(kept)
            assert len(found[f"{kind} {company}"]) == len(kept), "the archive lacks words"
    return found


def settled(client: redis.Redis, keys: Keys, until: int) -> bool:
    """Whether every slot has closed the hours up to `until`, seconds, and Kafka has all signals of them."""
    closed = (cast("bytes | None", client.hget(keys.closing(slot), "closed")) for slot in range(keys.slots))
    return all(int(value or 0) >= until for value in closed) and not any(
        client.hlen(keys.outbox(slot)) for slot in range(keys.slots)
    )


def signals_in_redis(client: redis.Redis, keys: Keys, settings: Settings) -> dict[str, bytes]:
    """Every revision of every signal that is still kept, by id."""
    names = settings.aggregation.strategies
    hashes = (keys.signals(company, name) for company in _companies(client, keys) for name in names)
    raw = (value for key in hashes for value in cast(Hash, client.hgetall(key)).values())
    given = (signal for value in raw for signal in decode_revisions(value))
    return {signal.id: encode_signal(signal) for signal in given}


def signals_on_topic(settings: Settings) -> dict[str, set[bytes]]:
    """All that was ever sent to the topic `signals`, by id: one value each, however often it was sent."""
    found: dict[str, set[bytes]] = defaultdict(set)
    topic = Topics.of(settings).signals
    for partition in range(describe(settings.kafka, [topic])[topic].partitions):
        for _, value in values_of(settings.kafka, TopicPartition(topic, partition)):
            found[decode_signal(value).id].add(value)
    return found


def signals_of_the_log(settings: Settings, slots: int) -> dict[str, bytes]:
    """What `opinions`, read once from its start by one process without Redis, gives out, by id."""
    topics = Topics.of(settings)
    states = describe(settings.kafka, [topic.name for topic in topics.all()])
    rules, store = Rules.of(settings.aggregation), MemoryStore(slots)
    strategies, streams = strategies_of(settings.aggregation), streams_of(topics, states)
    made: list[Signal] = []
    for slot in range(slots):
        closer = Closer(store, slot, strategies, streams, rules)
        log = values_of(settings.kafka, TopicPartition(topics.opinions, slot))
        for part in closer.parts([(offset, decode_opinion(value)) for offset, value in log]):
            plan = apply(store, slot, states[topics.opinions].topic_id, part, rules)
            assert plan is not None
            closer.changed(plan)
            made += closer.close()
    return {signal.id: encode_signal(signal) for signal in made}


def last_words(signals: dict[str, bytes]) -> Last:
    """The highest revision of each signal, without what tells when it was said: no order of arrival may change it."""
    ordered = sorted(map(decode_signal, signals.values()), key=lambda signal: signal.revision)
    return {
        (s.company, s.strategy, s.at): msgspec.structs.replace(s, id="", revision=0, available_at=0) for s in ordered
    }


def _companies(client: redis.Redis, keys: Keys) -> list[str]:
    names = (name for slot in range(keys.slots) for name in cast(Hash, client.hkeys(keys.companies(slot))))
    return sorted(name.decode() for name in names)
