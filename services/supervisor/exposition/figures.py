"""The figures of a run as a whole, as of one look: from Redis, Kafka, the disk and the supervisor's own record."""

from __future__ import annotations

import logging
import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping

import redis
from kafka.errors import KafkaError

from services.supervisor.status.status import Status
from shared.clients.disk import existing
from shared.clients.redis import condition_of, connect
from shared.clock import SECOND, Clock, SystemClock
from shared.contract.operation import metrics
from shared.contract.operation.health import SHADOW, SHADOW_SHARES, WorkerReport
from shared.contract.operation.metrics import Metric
from shared.contract.topics import Topics
from shared.measured import LabelValues
from shared.reading.measuring.drift import NEW, drifts
from shared.reading.run import RunView
from shared.reading.supervisor import recorded_state
from shared.reading.values.workers import Workers
from shared.reading.waiting import Stage, Waiting
from shared.settings import Settings

Figures = dict[Metric, dict[LabelValues, float]]
STAGES = ("scoring", "aggregation")
log = logging.getLogger(__name__)


class RunFigures:
    """Looks over connections that it keeps; one that fails is made anew. Not for several threads. Close it.

    `status`: what `bellwether status` would say; None while nobody knows yet.
    """

    def __init__(self, settings: Settings, status: Callable[[], Status | None], clock: Clock | None = None) -> None:
        self._settings, self._status = settings, status
        self._clock = clock or SystemClock()
        self._client = connect(settings.redis)
        self._workers = Workers(self._client, settings.run)
        self._waiting: Waiting | None = None

    def close(self) -> None:
        self._drop()
        self._client.close()

    def reports(self) -> list[WorkerReport]:
        """Of every worker that is alive now. Raises redis.RedisError."""
        return self._workers.all_reports()

    def look(self) -> Figures:
        """Everything that is to be had; what Redis or Kafka would say is missing while they do not answer."""
        began, found = time.perf_counter(), Figures()
        found |= self._of_status() | self._of_processes() | self._of_disk()
        found |= self._asked(self._of_redis, metrics.REDIS_UP, redis.RedisError)
        found |= self._asked(self._of_kafka, metrics.KAFKA_UP, (KafkaError, OSError, redis.RedisError))
        found[metrics.LOOKED] = _one(self._clock.now() / SECOND)
        found[metrics.LOOK_SECONDS] = _one(time.perf_counter() - began)
        return found

    def _asked(
        self, ask_it: Callable[[], Figures], up: Metric, errors: type[Exception] | tuple[type[Exception], ...]
    ) -> Figures:
        try:
            return ask_it() | {up: _one(1)}
        except errors as error:
            log.warning("%s: %s: %s", up.name, type(error).__name__, error)
            self._drop()
            return {up: _one(0)}

    def _of_status(self) -> Figures:
        status = self._status()
        if status is None:
            return {metrics.HEALTHY: _one(0)}
        return {
            metrics.HEALTHY: _one(status.healthy),
            metrics.PROBLEMS: _one(len(status.problems)),
            metrics.WARNINGS: _one(len(status.warnings)),
        }

    def _of_processes(self) -> Figures:
        children = recorded_state(self._settings.state_dir).children
        label = {id(c): c.role if c.name in ("", c.role) else f"{c.role}-{c.name}" for c in children}
        return {
            metrics.RESTARTS: {(label[id(child)],): child.restarts for child in children},
            metrics.RUNNING: {(label[id(child)],): child.state == "running" for child in children},
            metrics.HELD: {(label[id(child)],): child.state == "held" for child in children},
        }

    def _of_disk(self) -> Figures:
        try:
            usage = shutil.disk_usage(existing(self._settings.state_dir))
        except OSError:
            return {}
        return {metrics.DISK_FREE: _one(usage.free), metrics.DISK_SIZE: _one(usage.total)}

    def _view(self) -> RunView:
        return RunView.of(self._client, self._settings.run, self._settings.kafka.opinion_partitions)

    def _of_redis(self) -> Figures:
        run, condition = self._view(), condition_of(self._client)
        reports = self.reports()
        roles = Counter(report.role for report in reports)
        found: Figures = {
            metrics.WORKERS: {(role,): count for role, count in roles.items()},
            metrics.SHADOW: {
                (report.model, what): float(report.detail[what])
                for report in reports
                for what in SHADOW_SHARES
                if report.role == SHADOW and what in report.detail
            },
            metrics.REDIS_USED: _one(condition.used),
            metrics.REDIS_LIMIT: _one(condition.limit),
            metrics.REDIS_EVICTED: _one(condition.evicted),
            metrics.AUDIT_WAITING: _one(run.audit.length()),
            metrics.SIGNALS_WAITING: _one(run.signals_waiting()),
        }
        return found | _of_totals(run) | _of_alerts(run) | _of_companies(run.newest()) | _of_drift(run)

    def _of_kafka(self) -> Figures:
        if self._waiting is None:
            self._waiting = Waiting(self._settings.kafka, Topics.of(self._settings))
        stages = self._waiting.look(self._view().positions())
        now = self._clock.now()
        return {
            metrics.WAITING_DOCUMENTS: _one(stages[0].waiting),
            metrics.WAITING_OPINIONS: _one(stages[1].waiting),
            metrics.UNCOUNTED: _one(sum(stage.unread for stage in stages)),
            metrics.BEHIND: {(name,): behind(stage, now) for name, stage in zip(STAGES, stages, strict=True)},
        }

    def _drop(self) -> None:
        if self._waiting is not None:
            self._waiting.close()
            self._waiting = None


def behind(stage: Stage, now: int) -> float:
    """Seconds that the oldest that waits has waited; 0 where nothing does."""
    return max(0, now - stage.since) / SECOND if stage.since is not None else 0.0


def _of_totals(run: RunView) -> Figures:
    totals = run.totals()
    return {
        metrics.DOCUMENTS_SCORED: _one(totals.documents_scored),
        metrics.DOCUMENTS_DEAD: _one(totals.documents_dead),
        metrics.DOCUMENTS_UNSCORED: _one(totals.documents_unscored),
        metrics.RETRACTED: _one(totals.retracted),
        metrics.OPINIONS_APPLIED: _one(totals.opinions_applied),
        metrics.DUPLICATES: _one(totals.duplicates),
        metrics.DROPPED: _one(totals.dropped),
        metrics.LATE: _one(totals.late),
        metrics.INVALID: _one(totals.invalid),
    }


def _of_alerts(run: RunView) -> Figures:
    totals = run.alerts.totals()
    return {
        metrics.ALERTS: _one(totals.get("given", 0)),
        metrics.ALERTS_LIMITED: _one(totals.get("limited", 0)),
        metrics.ALERTS_WAITING: _one(sum(run.alerts.waiting().values())),
    }


def _of_drift(run: RunView) -> Figures:
    days = run.compositions()
    found = drifts(days)
    return {
        metrics.DRIFT: {(each.kind,): each.distance for each in found},
        metrics.DRIFT_LIMIT: {(each.kind,): each.limit for each in found},
        metrics.DRIFT_DOCUMENTS: _one(sum(day.documents for number, day in days.items() if number > max(days) - NEW)),
    }


def _of_companies(newest: Mapping[str, int]) -> Figures:
    latest = {metrics.NEWEST: _one(max(newest.values()) / SECOND)} if newest else {}
    return latest | {metrics.COMPANIES: _one(len(newest))}


def _one(value: float) -> dict[LabelValues, float]:
    return {(): float(value)}
