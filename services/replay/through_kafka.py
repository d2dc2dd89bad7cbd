"""A replay through Kafka and the live workers, under the run's own topics and Redis keys: it scales out,
same bytes out.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, cast

import redis
from kafka import KafkaAdminClient, KafkaProducer

from services.aggregation.core.plan import Rules
from services.aggregation.signals.strategy import expected_digest, load_strategy
from services.aggregation.stores.redis_store import RedisStore
from services.replay.player import Keep
from services.replay.records import Range
from services.replay.run import Question, model_texts_until, read_range
from services.replay.timeline import merged, ticks
from services.replay.workers import Tell, passed_on, run_workers, wait_for_workers
from services.runs.folder import RunError, begin_run, finish_run, refuse_in_use, stopped_by_error
from services.runs.opinion_file import OpinionFile
from services.runs.progress import Advance
from services.runs.result import Result
from services.scoring.rules.rule_file import rules_of
from shared.clients.kafka import client_config, describe, ensure_topics, read_log
from shared.clients.redis import connect
from shared.clock import SystemClock
from shared.contract.events import CHANNELS, InvalidMessage, Origin, Tick, decode_opinion, encode
from shared.contract.keys import RUNS, run_key
from shared.contract.signals import Signal, decode_signal
from shared.contract.topics import LIVE, Topics
from shared.reading.peers.relations import relations_of
from shared.reading.run import RunView
from shared.settings import Settings
from shared.universe.securities import Catalogue


def replay_through_kafka(
    settings: Settings,
    run: str,
    question: Question,
    workers: int,
    *,
    overwrite: bool = False,
    progress: Advance = lambda *_: None,
    tell: Tell = lambda _: None,
) -> dict[str, Any]:
    """Publish the range to the run's topics, let `workers` of each role work it off, collect; returns the summary.
    `tell` hears why it stands still, if it does.

    Raises RunError when the run exists (unless `overwrite`) or its workers cannot go on.
    """
    started = time.perf_counter()
    topics = Topics(run, settings.kafka.document_partitions, settings.kafka.opinion_partitions)
    refuse_in_use(settings, run, question.asked(), resume=False, overwrite=overwrite)
    given = read_range(settings, question, SystemClock())
    client = connect(settings.redis)
    _clear(settings, topics, client, overwrite)
    folder = begin_run(settings, run, question.asked(), overwrite=overwrite, workers=workers)
    with stopped_by_error(folder, "start it anew with --overwrite"):
        ensure_topics(settings.kafka, topics.all())
        _publish(settings, topics, given, question)
        with run_workers(settings, run, question, workers) as children:
            wait_for_workers(settings, run, children, progress, tell)
        store = RedisStore(client, run, topics.opinion_partitions)
        with OpinionFile(folder, _streams(settings, topics), topics.opinion_partitions) as opinions:
            result = _collect(settings, topics, client, store, question, opinions.write)
        more = {
            **given.account.told(),
            "model_texts_until": model_texts_until(question.model or settings.model.name),
            "universe": Catalogue.load().digest(),
            "universe_as_of": Catalogue.load().as_of.isoformat(),
            "workers": workers,
            "rules": rules_of(settings).digest,
            "relations": relations_of(settings).digest if passed_on(settings, question.strategies) else "",
            "expected": expected_digest(map(load_strategy, question.strategies or settings.aggregation.strategies)),
        }
        return finish_run(folder, run, question.asked(), result, time.perf_counter() - started, more)


def forget_run(settings: Settings, run: str) -> None:
    """Delete what a run through Kafka left there and in Redis."""
    client = connect(settings.redis)
    try:
        _clear(settings, Topics(run), client, overwrite=True)
    finally:
        client.close()


def _clear(settings: Settings, topics: Topics, client: redis.Redis, overwrite: bool) -> None:
    there = describe(settings.kafka, [topic.name for topic in topics.all()])
    if there and not overwrite:
        raise RunError(f"Kafka has topics of a run {topics.run!r} already; use --overwrite, or another name")
    if there:
        admin = KafkaAdminClient(**client_config(settings.kafka))
        try:
            admin.delete_topics(list(there))
        finally:
            admin.close()
        deadline = time.monotonic() + 30
        while describe(settings.kafka, list(there)) and time.monotonic() < deadline:
            time.sleep(0.1)
    for key in client.scan_iter(match=f"bw:{{{topics.run}.*", count=1000):
        client.unlink(key)
    client.delete(run_key(topics.run))
    client.srem(RUNS, topics.run)


def _publish(settings: Settings, topics: Topics, given: Range, question: Question) -> None:
    """The records on the partitions that they had, ticks wherever every partition has passed a cadence."""
    strategies = [load_strategy(name) for name in question.strategies or settings.aggregation.strategies]
    own = {Topics(LIVE).documents(channel): topics.documents(channel) for channel in CHANNELS}
    streams = [(name, p) for name in own for p in range(topics.document_partitions)]
    records = merged(given.records)
    promised = ticks(records, streams, strategies, Rules.of(settings.aggregation).lateness)
    due = next(promised, None)
    now = SystemClock().now()
    producer = KafkaProducer(**client_config(settings.kafka), acks="all", linger_ms=20, max_request_size=8_000_000)
    sent = []
    try:
        for index, record in enumerate(records):
            sent.append(
                producer.send(
                    own[record.topic], value=record.value, key=record.key, partition=record.partition,
                    headers=list(record.headers),
                )
            )  # fmt: skip
            while due is not None and due[0] == index:
                for (topic, partition), mark in due[1].items():
                    tick = encode(Tick(watermark=mark, closing=mark > now))
                    sent.append(producer.send(own[topic], value=tick, partition=partition))
                due = next(promised, None)
        for future in sent:
            future.get(timeout=60)
    finally:
        producer.close()


def _signals(
    settings: Settings, topics: Topics, client: redis.Redis, store: RedisStore, names: Sequence[str]
) -> list[Signal]:
    """Every revision of every signal, company by company, each once. Of the topic, and of the outboxes that were not
    emptied: Redis keeps the latest moments alone, and a replay has no archive."""
    raw = [record.value for record in read_log(settings.kafka, {topics.signals: 1})]
    for slot in range(store.slots):
        raw += cast("list[bytes]", client.hvals(store.keys.outbox(slot)))
    found = {signal.id: signal for signal in map(decode_signal, raw) if signal.strategy in names}
    return sorted(found.values(), key=lambda each: (each.company, each.at, each.strategy, each.revision))


def _streams(settings: Settings, topics: Topics) -> list[str]:
    there = describe(settings.kafka, [topics.documents(channel) for channel in CHANNELS])
    return [Origin(t.topic_id, p, 0).stream for t in there.values() for p in range(t.partitions)]


def _collect(
    settings: Settings,
    topics: Topics,
    client: redis.Redis,
    store: RedisStore,
    question: Question,
    keep: Keep = lambda *_: None,
) -> Result:
    view = RunView(client, store.keys)
    totals = view.totals()
    documents = totals.documents_scored + totals.documents_dead + totals.documents_unscored
    result = Result(store, documents=documents, dead=totals.documents_dead, unscored=totals.documents_unscored)
    names = [load_strategy(name).name for name in question.strategies or settings.aggregation.strategies]
    result.signals.extend(_signals(settings, topics, client, store, names))
    for record in read_log(settings.kafka, {topics.opinions: topics.opinion_partitions}):
        with suppress(InvalidMessage):
            result.heard([decode_opinion(record.value)])
            keep(record.partition, [record.value])
    return result
