"""One aggregation process from settings to exit code: bind the run, seek, serve."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, NoReturn

import redis

from services.aggregation.journal import RULES, Journal
from services.aggregation.pipeline import AggregationWorker
from services.aggregation.signals.outbox import SignalSender
from services.aggregation.signals.strategy import Strategy, StrategyError, expected_digest, load_strategy
from services.aggregation.stores.layout import bring_up_to_date
from services.aggregation.stores.redis_store import RedisStore
from services.runtime.binding import bind, read_cluster, wait_for_redis
from services.runtime.claims import Claims
from services.runtime.exits import ExitCode, WorkerStop
from services.runtime.faust_app import WorkerApp, build_app
from services.runtime.process import run_process, serve, together
from services.runtime.telemetry.report import Reporter
from shared.clients.kafka import TopicState
from shared.clients.redis import connect
from shared.contract.events import CHANNELS, Origin
from shared.contract.operation.health import WorkerReport
from shared.contract.signals import PEER_FEATURES
from shared.contract.topics import Topics
from shared.settings import AggregationSettings, Settings
from shared.universe.expected.dates_file import ExpectedError

ROLE: Final = "aggregation"


def run_worker(settings: Settings, name: str) -> NoReturn:
    """Be the aggregation worker `name` of the run until stopped; ends the process with a code of ExitCode."""
    run_process(lambda: _main(settings, name))


async def _main(settings: Settings, name: str) -> WorkerStop:
    topics = Topics.of(settings)
    client = connect(settings.redis)
    strategies = strategies_of(settings.aggregation)
    check_peers(strategies, settings)
    check_calendar(strategies)
    claims = Claims(client, settings, ROLE, name)
    bound = await asyncio.to_thread(_bound, settings, topics, client)
    await asyncio.to_thread(claims.take, terms_of(settings.aggregation, strategies))
    opinions = bound[topics.opinions]
    store = RedisStore(client, settings.run, opinions.partitions)
    app = build_app(settings, ROLE, name, topics.aggregation_group)
    streams = streams_of(topics, bound)
    journal = Journal(app, client, store.keys, name, strategies)
    worker = AggregationWorker(settings, app, store, opinions.topic_id, strategies, streams, journal=journal)
    sender = SignalSender(app, client, store.keys, lambda: {tp.partition for tp in app.consumer.assignment()})
    reporter = Reporter(settings, ROLE, name, lambda report: _fill(report, app, worker), worker.pace, claims)
    return await serve(app, together(worker.run(), worker.standings.run(), reporter.run(), sender.run(), journal.run()))


def _bound(settings: Settings, topics: Topics, client: redis.Redis) -> dict[str, TopicState]:
    """The topics that the run is bound to, once Redis is there. Raises WorkerStop."""
    wait_for_redis(client)
    cluster = read_cluster(settings.kafka, [topic.name for topic in topics.all()])
    bring_up_to_date(client, settings.run)
    bind(client, settings.run, cluster.fields() | {RULES: rules_text(settings.aggregation)})
    return cluster.topics


def strategies_of(settings: AggregationSettings) -> list[Strategy]:
    """The strategies that the settings name. Raises WorkerStop(REFUSED) when one cannot be used."""
    try:
        return [load_strategy(name) for name in settings.strategies]
    except StrategyError as error:
        raise WorkerStop(ExitCode.REFUSED, str(error)) from None


def check_calendar(strategies: Sequence[Strategy]) -> None:
    """A strategy that counts expected dates needs files that can be read. Raises WorkerStop(REFUSED)."""
    try:
        expected_digest(strategies)
    except ExpectedError as error:
        raise WorkerStop(ExitCode.REFUSED, str(error)) from None


def check_peers(strategies: Sequence[Strategy], settings: Settings) -> None:
    """A strategy that counts what is said of peers needs opinions that are passed on. Raises WorkerStop(REFUSED)."""
    asking = [strategy.name for strategy in strategies if strategy.hears_peers]
    if asking and not settings.relations.pass_on:
        raise WorkerStop(
            ExitCode.REFUSED,
            f"strategy {asking[0]} names {' or '.join(PEER_FEATURES)}, and opinions are not passed on to related "
            "companies: set BELLWETHER_RELATIONS__PASS_ON=true, or leave the strategy out",
        )


def streams_of(topics: Topics, bound: Mapping[str, TopicState]) -> frozenset[str]:
    """Every origin partition of the run, as marks and watermarks name them."""
    states = [bound[topics.documents(channel)] for channel in CHANNELS]
    return frozenset(Origin(s.topic_id, p, 0).stream for s in states for p in range(s.partitions))


def rules_text(settings: AggregationSettings) -> str:
    """What of the settings decides about the aggregates: workers of one run must agree on it."""
    names = ("keep_minutes_days", "keep_hours_days", "keep_days_days", "duplicate_days")
    return " ".join(f"{name}={getattr(settings, name)}" for name in names)


def terms_of(settings: AggregationSettings, strategies: Sequence[Strategy]) -> dict[str, str]:
    """What the living workers of a run must have in common, for signals not to depend on who makes them."""
    named = ", ".join(f"{strategy.name} {strategy.digest}" for strategy in sorted(strategies, key=lambda one: one.name))
    dates = expected_digest(strategies)
    terms = {"strategies": named, "lateness_seconds": str(settings.lateness_seconds)}
    return terms | ({"expected": dates} if dates else {})


def _fill(report: WorkerReport, app: WorkerApp, worker: AggregationWorker) -> None:
    report.queue = len(worker.inbox)
    report.partitions = sorted(f"{tp.topic}[{tp.partition}]" for tp in app.consumer.assignment())
    report.detail = {name: str(count) for name, count in sorted(worker.counts.items())}
