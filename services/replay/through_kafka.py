"""A replay through Kafka and the live workers, under the run's own topics and Redis keys: it scales out,
same bytes out.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final, cast

import msgspec
import redis
from kafka import KafkaAdminClient, KafkaProducer
from kafka.errors import KafkaError

from services.aggregation.plan import Rules
from services.aggregation.redis_store import RedisStore
from services.aggregation.strategy import load_strategy
from services.replay.opinions import OpinionFile
from services.replay.player import Keep, Progress, Result
from services.replay.records import Range, read_log
from services.replay.run import Question, read_range
from services.replay.runs import RunError, begin_run, finish_run
from services.replay.timeline import merged, ticks
from services.supervisor.drain import EVERY_SECONDS, Drain
from shared.aggregates import RUNS, run_key
from shared.clock import SystemClock
from shared.events import CHANNELS, InvalidMessage, Origin, Tick, decode_opinion, encode
from shared.kafka_client import client_config, describe, ensure_topics
from shared.redis_client import connect
from shared.settings import Settings
from shared.signals import decode_revisions
from shared.topics import LIVE, Topics

STALLED_SECONDS: Final = 180.0  # without any progress


def replay_through_kafka(
    settings: Settings,
    run: str,
    question: Question,
    workers: int,
    *,
    overwrite: bool = False,
    progress: Progress = lambda *_: None,
) -> dict[str, Any]:
    """Publish the range to the run's topics, let `workers` of each role work it off, collect; returns the summary.

    Raises RunError when the run exists (unless `overwrite`) or its workers cannot go on.
    """
    started = time.perf_counter()
    topics = Topics(run, settings.kafka.document_partitions, settings.kafka.opinion_partitions)
    folder = begin_run(settings, run, question.asked(), resume=False, overwrite=overwrite)
    client = connect(settings.redis)
    _clear(settings, topics, client, overwrite)
    given = read_range(settings, question, SystemClock())
    ensure_topics(settings.kafka, topics.all())
    _publish(settings, topics, given, question)
    with _workers(settings, run, question, workers) as children:
        _wait(settings, run, children, progress)
    store = RedisStore(client, run, topics.opinion_partitions)
    with OpinionFile(folder, _streams(settings, topics), topics.opinion_partitions) as kept:
        result = _collect(settings, topics, client, store, question, kept.write)
    return finish_run(folder, run, question.asked(), result, time.perf_counter() - started) | {
        "rejected": given.rejected
    }


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
    producer = KafkaProducer(**client_config(settings.kafka), acks="all", linger_ms=20, max_request_size=8_000_000)
    sent = []
    try:
        for index, record in enumerate(records):
            m = record.message
            sent.append(producer.send(own[m.topic], value=m.value, key=m.key, partition=m.partition, headers=m.headers))
            while due is not None and due[0] == index:
                for (topic, partition), mark in due[1].items():
                    sent.append(producer.send(own[topic], value=encode(Tick(watermark=mark)), partition=partition))
                due = next(promised, None)
        for future in sent:
            future.get(timeout=60)
    finally:
        producer.close()


@contextmanager
def _workers(settings: Settings, run: str, question: Question, count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The run's own workers as child processes; stopped at the end."""
    environment = os.environ | {"BELLWETHER_RUN": run}
    if question.model:
        environment["BELLWETHER_MODEL__NAME"] = question.model
    if question.strategies:
        environment["BELLWETHER_AGGREGATION__STRATEGIES"] = msgspec.json.encode(question.strategies).decode()
    children = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "services.cli", "worker", role),
                *("--run", run, "--name", f"{run}-{number}", "--state", str(settings.state_dir)),
            ],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for role in ("scoring", "aggregation")
        for number in range(1, count + 1)
    ]
    try:
        yield children
    finally:
        for child in children:
            child.terminate()
        for child in children:
            try:
                child.communicate(timeout=15)
            except subprocess.TimeoutExpired:
                child.kill()
                child.communicate()


def _wait(settings: Settings, run: str, children: list[subprocess.Popen[bytes]], progress: Progress) -> None:
    """Until every document is scored and every opinion applied; what answers late (a new group's coordinator) is waited
    for. Raises RunError when the workers end or stand still.
    """
    drain = Drain(settings.model_copy(update={"run": run}))
    goal, before, since = 0, ("", -1), time.monotonic()
    try:
        while before != ("opinions", 0):
            with suppress(KafkaError, redis.RedisError, OSError):
                now = drain.left()
                goal = max(goal, now[1])
                progress(goal - now[1] if now[0] == "documents" else goal, goal)
                if now != before:
                    before, since = now, time.monotonic()
            _check(children, time.monotonic() - since)
            time.sleep(EVERY_SECONDS)
    finally:
        drain.close()


def _check(children: list[subprocess.Popen[bytes]], still: float) -> None:
    for child in children:
        if child.poll() is not None:
            said = child.stderr.read().decode(errors="replace").strip() if child.stderr else ""
            raise RunError(f"a worker of the run ended with code {child.returncode}: {said[-500:] or 'see STATE/logs'}")
    if still > STALLED_SECONDS:
        raise RunError(f"the run's workers made no progress for {STALLED_SECONDS:.0f} s; see STATE/logs")


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
    totals = [store.totals(slot) for slot in range(store.slots)]
    scored, dead = sum(t.documents_scored for t in totals), sum(t.documents_dead for t in totals)
    result = Result(store, documents=scored + dead, dead=dead)
    names = [load_strategy(name).name for name in question.strategies or settings.aggregation.strategies]
    for company in store.companies():
        for name in names:
            raw = cast(Mapping[bytes, bytes], client.hgetall(store.keys.signals(company, name)))
            result.signals.extend(signal for value in raw.values() for signal in decode_revisions(value))
    for record in read_log(settings, {topics.opinions: topics.opinion_partitions}):
        with suppress(InvalidMessage):
            result.heard([decode_opinion(record.value)])
            keep(record.partition, [record.value])
    return result
