"""One alerts process from settings to exit code: read the rules, bind the run, seek, serve."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import Final, NoReturn

from services.alerts.delivery import Deliverer
from services.alerts.pipeline import AlertsWorker
from services.alerts.rules import RuleError, Rules, load_rules
from services.runtime.binding import Cluster, bind, read_cluster, wait_for_redis
from services.runtime.claims import Claims
from services.runtime.exits import ExitCode, WorkerStop
from services.runtime.faust_app import build_app
from services.runtime.process import run_process, serve, together
from services.runtime.telemetry.logs import configure, secrets_of
from services.runtime.telemetry.report import Reporter
from shared.clients.redis import connect
from shared.clock import SystemClock
from shared.contract.keys import Keys
from shared.contract.operation.health import WorkerReport
from shared.contract.topics import Topics
from shared.settings import Settings

ROLE: Final = "alerts"
LOOK_SECONDS: Final = 2.0  # between two looks at the rule file
log = logging.getLogger(__name__)


def run_worker(settings: Settings, name: str) -> NoReturn:
    """Be the alerts worker `name` of the run until stopped; ends the process with a code of ExitCode."""
    run_process(lambda: _main(settings, name))


def rules_of(settings: Settings) -> Rules:
    """The rule file of the settings; ${NAME} is of the environment, else of the settings. Raises RuleError."""
    given = {name: value.get_secret_value() for name, value in settings.alerts.secrets.items()}
    return load_rules(settings.alerts.rules, given | os.environ)


async def _main(settings: Settings, name: str) -> WorkerStop:
    try:
        rules = rules_of(settings)
    except RuleError as error:
        raise WorkerStop(ExitCode.REFUSED, str(error)) from None
    secrets = [*secrets_of(settings), *rules.secrets]
    configure(settings.state_dir, ROLE, name, settings.worker.log_level, secrets)
    for said in rules.former:
        log.warning("%s", said)
    topics, client, clock = Topics.of(settings), connect(settings.redis), SystemClock()
    cluster = await asyncio.to_thread(_bound, settings, topics)
    claims = Claims(client, settings, ROLE, name)
    await asyncio.to_thread(claims.take)
    keys = Keys(settings.run, cluster.topics[topics.opinions].partitions)
    app = build_app(settings, ROLE, name, topics.alerts_group)
    worker = AlertsWorker(settings, app, client, keys, rules, cluster.topics[topics.signals].topic_id, clock)
    deliverer = Deliverer(worker.store, rules, settings.alerts, clock, lambda: bool(app.consumer.assignment()))

    def fill(report: WorkerReport) -> None:
        report.queue = len(worker.inbox) + deliverer.waiting
        report.partitions = sorted(f"{tp.topic}[{tp.partition}]" for tp in app.consumer.assignment())
        counts = worker.counts | deliverer.counts | {"rules": len(rules.rules), "waiting": deliverer.waiting}
        report.detail = {each: str(count) for each, count in sorted(counts.items())}

    reporter = Reporter(settings, ROLE, name, fill, worker.pace, claims)
    return await serve(
        app,
        together(worker.run(), worker.standings.run(), reporter.run(), deliverer.run(), changed(settings, rules.file)),
    )


async def changed(settings: Settings, file: Path) -> None:
    """End the worker, to be started again, once the rule file has changed into another that can be used."""
    known = seen = await asyncio.to_thread(_content, file)
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        now = await asyncio.to_thread(_content, file)
        if now in (known, seen):
            continue
        seen = now
        try:
            rules_of(settings)
        except RuleError as error:
            log.error("the rule file has changed and cannot be used; keeping the previous rules: %s", error)
            continue
        raise WorkerStop(ExitCode.RESTART, f"{file} has changed")


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def _bound(settings: Settings, topics: Topics) -> Cluster:
    """The cluster that the run is bound to, once Redis is there. Raises WorkerStop."""
    client = connect(settings.redis)
    wait_for_redis(client)
    cluster = read_cluster(settings.kafka, [topic.name for topic in topics.all()])
    bind(client, settings.run, cluster.fields())
    return cluster
