"""One archive process from settings to exit code: bind the run, open the tables, seek, serve."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, NoReturn

import redis

from services.runtime.binding import Cluster, bind, read_cluster, wait_for_redis
from services.runtime.claims import Claims
from services.runtime.exits import ExitCode, WorkerStop
from services.runtime.faust_app import build_app
from services.runtime.process import run_process, serve, together
from services.runtime.telemetry.report import Reporter
from shared.clients.redis import connect
from shared.contract.operation.health import WorkerReport
from shared.contract.topics import Topics
from shared.reading.archive.tables import ArchiveTables
from shared.settings import Settings

if TYPE_CHECKING:
    from services.archive.tables import Tables

ROLE: Final = "archive"
log = logging.getLogger(__name__)


def run_worker(settings: Settings, name: str) -> NoReturn:
    """Be the archive worker `name` of the run until stopped; ends the process with a code of ExitCode."""
    run_process(lambda: _main(settings, name))


async def _main(settings: Settings, name: str) -> WorkerStop:
    topics, client = Topics.of(settings), connect(settings.redis)
    cluster = await asyncio.to_thread(_bound, settings, topics, client)
    claims = Claims(client, settings, ROLE, name)
    await asyncio.to_thread(claims.take)
    tables = await asyncio.to_thread(_opened, settings)
    from services.archive.pipeline import ArchiveWorker
    from services.archive.reached import Reached
    from services.archive.upkeep import Upkeep

    app = build_app(settings, ROLE, name, topics.archive_group)
    topic_ids = {topic: state.topic_id for topic, state in cluster.topics.items()}
    reached = Reached(client, settings.run, topic_ids[topics.opinions])
    worker = ArchiveWorker(settings, app, tables, topic_ids, reached)
    upkeep = Upkeep(tables, client, settings)

    def fill(report: WorkerReport) -> None:
        report.queue = len(worker.inbox)
        report.partitions = sorted(f"{tp.topic}[{tp.partition}]" for tp in app.consumer.assignment())
        report.detail = {
            each: str(count)
            for each, count in sorted(
                (worker.counts | {"rounds": upkeep.rounds, "checkpoints": upkeep.checkpoints}).items()
            )
        }

    reporter = Reporter(settings, ROLE, name, fill, worker.pace, claims)
    every = settings.archive.upkeep_seconds
    return await serve(app, together(worker.run(), reporter.run(), upkeep.run(every)))


def _bound(settings: Settings, topics: Topics, client: redis.Redis) -> Cluster:
    """The cluster that the run is bound to, once Redis is there. Raises WorkerStop."""
    wait_for_redis(client)
    cluster = read_cluster(settings.kafka, [topic.name for topic in topics.all()])
    bind(client, settings.run, cluster.fields())
    return cluster


def _opened(settings: Settings) -> Tables:
    """The tables, made where they are missing. Raises WorkerStop."""
    from services.archive.tables import Tables, modest

    modest()
    try:
        return Tables(ArchiveTables.of(settings))
    except (OSError, RuntimeError, ValueError) as error:
        raise WorkerStop(ExitCode.RESTART, f"the archive cannot be opened: {error}") from error
