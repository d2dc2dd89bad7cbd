"""One scoring process from settings to exit code: bind the run, load the model, serve."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, NoReturn

import redis

from services.model.interface import Engine
from services.runtime.binding import bind, read_cluster
from services.runtime.claims import Claims
from services.runtime.exits import ExitCode, WorkerStop, refuse_when_stopped
from services.runtime.faust_app import WorkerApp, build_app
from services.runtime.process import run_process, serve, together
from services.runtime.telemetry.report import Pace, Reporter
from services.scoring.pipeline import ScoringWorker
from services.scoring.provenance.model_fields import in_precision_of, model_fields
from services.scoring.provenance.positions import committed
from services.scoring.provenance.rules_record import record_rules
from services.scoring.provenance.universe_record import record_universe
from services.scoring.rules.rule_file import RuleError, rules_of
from services.scoring.rules.speaking import Speakers
from shared.clients.redis import connect
from shared.contract.operation.health import WorkerReport
from shared.contract.topics import Topics
from shared.reading.peers.relations import relations_of
from shared.reading.values.binding import read_binding
from shared.settings import Settings
from shared.universe.relations.graph import NO_RELATIONS

if TYPE_CHECKING:
    from shared.universe.securities import Catalogue

ROLE: Final = "scoring"
log = logging.getLogger(__name__)


def run_worker(settings: Settings, name: str) -> NoReturn:
    """Be the scoring worker `name` of the run until stopped; ends the process with a code of ExitCode."""
    run_process(lambda: work(settings, name))


async def work(settings: Settings, name: str, pace: Pace | None = None) -> WorkerStop:
    """The life of the worker on a running uvloop; returns how it ended. `pace` is told of every group that is done."""
    from services.scoring.linking.linker import Linker
    from shared.universe.securities import Catalogue, CatalogueError

    refuse_when_stopped(settings.state_dir, ROLE)
    topics = Topics.of(settings)
    try:
        catalogue = Catalogue.load()
        rules = Speakers(rules_of(settings))
        relations = relations_of(settings) if settings.relations.pass_on else NO_RELATIONS
    except (CatalogueError, RuleError) as error:  # a file of the user's own: starting again would not mend it
        raise WorkerStop(ExitCode.REFUSED, str(error)) from error
    claims = Claims(connect(settings.redis), settings, ROLE, name)
    engine, topic_ids, partitions = await asyncio.to_thread(_bound_engine, settings, topics, catalogue, rules, claims)
    log.info("model %s (%s) on %s in %s", engine.name, engine.model_id, engine.device, engine.precision)
    app = build_app(settings, ROLE, name, topics.scoring_group)
    worker = ScoringWorker(settings, app, engine, Linker(catalogue), topic_ids, partitions, pace, rules, relations)
    reporter = Reporter(settings, ROLE, name, lambda report: _fill(report, app, worker, engine), worker.pace, claims)

    return await serve(app, together(worker.run(), reporter.run()))


def _bound_engine(
    settings: Settings, topics: Topics, catalogue: Catalogue, rules: Speakers, claims: Claims
) -> tuple[Engine, dict[str, str], int]:
    """The engine that the run is bound to, the topics' ids and the partition count of `opinions`.

    Where the precision is left to the machine, the run's own is taken, so that two workers never time their way to
    different ones; another model id than the run's is refused.
    """
    from services.model.engine import build_engine

    log.info("loading the model %s", settings.model.name)
    cluster = read_cluster(settings.kafka, [topic.name for topic in topics.all()])
    client = connect(settings.redis)
    try:
        bound = bind(client, settings.run, cluster.fields())
        claims.take()
        engine = build_engine(in_precision_of(settings.model, bound))
        try:
            bind(client, settings.run, model_fields(engine), model=engine.name)
        except WorkerStop as stop:  # another worker was first while this one measured: take its precision
            adopted = in_precision_of(settings.model, read_binding(client, settings.run))
            if stop.code is not ExitCode.REFUSED or adopted.precision in (engine.precision, "auto"):
                raise
            engine = build_engine(adopted)
            bind(client, settings.run, model_fields(engine), model=engine.name)
        _note_reading(client, settings, catalogue, rules)
    finally:
        client.close()
    ids = {name: topic.topic_id for name, topic in cluster.topics.items()}
    return engine, ids, cluster.topics[topics.opinions].partitions


def _note_reading(client: redis.Redis, settings: Settings, catalogue: Catalogue, rules: Speakers) -> None:
    try:
        noted = record_universe(
            client, settings.run, catalogue.digest(), len(catalogue.instruments), lambda: committed(settings)
        )
        ruled = record_rules(client, settings.run, rules.rules, lambda: committed(settings))
    except redis.RedisError as error:
        raise WorkerStop(ExitCode.RESTART, f"Redis does not answer: {error}") from error
    if noted:
        log.info("universe %s of %d instruments from here on", noted["universe"], noted["instruments"])
    if ruled:
        log.info("rules %s (%d) from here on", ruled["rules"] or "none", len(ruled["names"]))


def _fill(report: WorkerReport, app: WorkerApp, worker: ScoringWorker, engine: Engine) -> None:
    report.queue = len(worker.inbox)
    report.partitions = sorted(f"{tp.topic}[{tp.partition}]" for tp in app.consumer.assignment())
    report.model, report.model_id = engine.name, engine.model_id
    report.device, report.precision = engine.device, engine.precision
    report.detail = {"scored": str(worker.scored), "dead": str(worker.dead)}
