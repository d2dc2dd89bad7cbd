"""What `bellwether status` says: exact counts from Redis and Kafka, the workers' reports, the supervisor's children."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
import redis
from kafka.errors import CoordinatorLoadInProgressError, CoordinatorNotAvailableError, KafkaError

from services.supervisor.processes.records import running_supervisor
from services.supervisor.status.ahead import moved_ahead
from services.supervisor.status.disk import disk_fault
from services.supervisor.status.shrinking import Seen, shrunk
from shared.clients.redis import condition_of, connect, without_password
from shared.clock import SystemClock
from shared.contract.keys import Keys
from shared.contract.operation.health import WorkerReport
from shared.contract.operation.processes import ChildState, SupervisorState
from shared.contract.topics import Topics
from shared.reading.measuring.drift import drifts, in_words
from shared.reading.offsets import KafkaUnreachable, RunEnds, RunOffsets
from shared.reading.run import Applied, RunView
from shared.reading.supervisor import recorded_state
from shared.reading.values.workers import Workers
from shared.settings import Settings

DRIFT_SECONDS: Final = 60.0
_UNWATCHED: Final = (
    "dead",
    "signals",
    "readings",
    "applied",
    "audit",
    "feedback",
)  # topics whose count is not looked at

ELSEWHERE: Final = "elsewhere"  # the phase of a run whose workers report, while no supervisor is here
NOTHING_HERE: Final = "nothing is running here; start it with: bellwether up"
SINGLE_COPY: Final = "kafka.replication is 1: a broker's lost disk loses what was written; set it to 3"
_NEEDED: Final = ("scoring", "aggregation")
_WANTED: Final = ("ingest", "archive", "alerts")


class Status(msgspec.Struct):
    """Counts are of distinct documents and opinions, exact once drained; None where Kafka or Redis cannot be asked."""

    run: str
    phase: str
    healthy: bool
    problems: list[str]
    warnings: list[str] = []  # what costs something, and does not make it unhealthy
    documents_in: int | None = None  # scored + dead + unscored + waiting in documents.*
    documents_scored: int | None = None
    documents_dead: int | None = None
    opinions_dropped: int | None = None  # by a rule
    documents_unscored: int | None = None  # in a language that no model reads
    retracted: int | None = None  # items that are gone at their source: their numbers count, their words are not shown
    opinions_out: int | None = None  # applied + waiting in `opinions`
    opinions_applied: int | None = None
    duplicates: int | None = None  # copies of a document that was already counted
    late: int | None = None
    invalid: int | None = None
    lag: int | None = None  # lag_documents + lag_opinions
    lag_documents: int | None = None
    lag_opinions: int | None = None
    documents_per_s: float = 0.0
    latency_p50_ms: float = 0.0
    latency_p99_ms: float = 0.0
    model: str = ""
    model_id: str = ""
    device: str = ""
    precision: str = ""
    restarts: int = 0
    dashboard: str = ""
    api: str = ""
    metrics: str = ""  # of the run as a whole; those of a worker: `workers[].detail.metrics`
    kafka: str = ""
    redis: str = ""
    hosts: list[str] = []  # where workers of the run report from
    workers: list[WorkerReport] = []
    processes: list[ChildState] = []


def read_supervisor(state: Path) -> SupervisorState:
    """What the supervisor last wrote; phase "stopped" when it does not live."""
    last = recorded_state(state)
    if running_supervisor(state) is not None:
        return last
    last.phase, last.healthy, last.children = "stopped", False, []
    last.problems = [NOTHING_HERE]
    return last


def read_status(settings: Settings) -> Status:
    """Everything, in one go. What cannot be reached is named in `problems`."""
    supervisor = read_supervisor(settings.state_dir)
    status = Status(
        run=settings.run,
        phase=supervisor.phase,
        healthy=supervisor.healthy,
        problems=list(supervisor.problems),
        dashboard=supervisor.dashboard if supervisor.phase != "stopped" else "",
        api=supervisor.api if supervisor.phase != "stopped" else "",
        metrics=supervisor.metrics if supervisor.phase != "stopped" else "",
        kafka=settings.kafka.bootstrap_servers,
        redis=without_password(settings.redis.url),
        restarts=sum(child.restarts for child in supervisor.children),
        processes=supervisor.children,
    )
    reader = StatusReader(settings)
    try:
        reader.fill(status)
    finally:
        reader.close()
    return elsewhere(status) if status.phase == "stopped" else status


def elsewhere(status: Status) -> Status:
    """Without a supervisor on the spot the workers' reports tell how the run is: they may be on other machines."""
    roles = {report.role for report in status.workers}
    if not roles:
        return status
    status.phase = ELSEWHERE
    status.problems = [each for each in status.problems if each != NOTHING_HERE]
    status.problems += [f"no {role} worker reports, on any machine" for role in _NEEDED if role not in roles]
    status.warnings += [f"no {role} worker reports, on any machine" for role in _WANTED if role not in roles]
    status.healthy = not status.problems
    return status


class StatusReader:
    """Looks at a run again and again over connections that it keeps; one that fails is made anew. Close it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._offsets: RunOffsets | None = None
        self._client = connect(settings.redis)
        self._drift: list[str] = []
        self._drift_at = float("-inf")

    def fill(self, status: Status) -> None:
        """Counts, lag and the workers' reports; what cannot be reached is added to `problems`."""
        kafka, url = self._settings.kafka, without_password(self._settings.redis.url)
        try:
            status.workers = Workers(self._client, self._settings.run).all_reports()
            if self._offsets is None:
                self._offsets = RunOffsets(kafka, Topics.of(self._settings))
            _add_reports(status)
            _add_counts(status, self._client, self._offsets, self._settings.state_dir)
            status.problems += condition_of(self._client).faults
            status.warnings += self._drifting()
        except redis.RedisError as error:
            status.problems.append(f"Redis does not answer at {url}: {error}")
        except KafkaUnreachable as error:
            status.problems.append(str(error))
        except (CoordinatorNotAvailableError, CoordinatorLoadInProgressError):
            status.problems.append(f"Kafka at {kafka.bootstrap_servers} is starting")  # it has no groups yet
        except KafkaError as error:
            status.problems.append(f"Kafka at {kafka.bootstrap_servers} is not ready: {error}")
            self._drop_offsets()
        except OSError as error:
            status.problems.append(f"{error.filename or 'a file'}: {error.strerror}")
        if kafka.replication == 1:
            status.warnings.append(SINGLE_COPY)
        _add_disk(status, self._settings.state_dir)
        status.healthy = status.healthy and not status.problems

    def _drifting(self) -> list[str]:
        """It changes slowly: looked at once a minute."""
        if time.monotonic() - self._drift_at >= DRIFT_SECONDS:
            run = RunView.of(self._client, self._settings.run, self._settings.kafka.opinion_partitions)
            found = [each for each in drifts(run.compositions()) if each.drifting]
            self._drift, self._drift_at = [in_words(each) for each in found], time.monotonic()
        return self._drift

    def close(self) -> None:
        self._drop_offsets()
        self._client.close()

    def _drop_offsets(self) -> None:
        if self._offsets is not None:
            self._offsets.close()
            self._offsets = None


def _add_counts(status: Status, client: redis.Redis, offsets: RunOffsets, state: Path) -> None:
    # ends before positions: what moves while we look counts twice for a moment, and is never missed
    ends = offsets.ends_of_run()
    run = RunView(client, Keys(status.run, len(ends.opinions)))
    before = run.positions()
    lag = offsets.lag(ends, before)
    totals = run.totals()
    status.documents_scored, status.documents_dead = totals.documents_scored, totals.documents_dead
    status.opinions_applied, status.opinions_dropped = totals.opinions_applied, totals.dropped
    status.duplicates, status.late, status.invalid = totals.duplicates, totals.late, totals.invalid
    status.lag_documents, status.lag_opinions = lag.documents.records, lag.opinions.records
    status.lag = lag.records
    status.documents_unscored, status.retracted = totals.documents_unscored, totals.retracted
    done = totals.documents_scored + totals.documents_dead + totals.documents_unscored
    status.documents_in = done + lag.documents.records
    status.opinions_out = totals.opinions_applied + lag.opinions.opinions
    bound = run.bound_to()
    status.problems += _partition_problems(bound, ends)
    if bound:
        kept = {"opinions_applied": totals.opinions_applied, "documents_scored": totals.documents_scored}
        kept["companies"] = run.companies_count()
        seen = [_seen(bound, positions, kept) for positions in (before, run.positions())]
        faults = (shrunk(state, status.run, *seen), moved_ahead(run, SystemClock().now()))
        status.problems += filter(None, faults)


def _seen(bound: Mapping[str, str], positions: Mapping[int, Applied], totals: dict[str, int]) -> Seen:
    topics = sorted({applied.topic_id for applied in positions.values()})
    identity = " ".join([bound.get("created_at", ""), *topics])
    return Seen(identity, sum(applied.offset for applied in positions.values()), totals)


def _partition_problems(bound: Mapping[str, str], ends: RunEnds) -> list[str]:
    """Topics whose partition count is not the one that the run is bound to."""
    counts = Counter(part.topic for part in (*ends.documents, *ends.opinions))
    found: list[str] = []
    for field, recorded in sorted(bound.items()):
        kind, _, topic = field.partition(".")
        if kind != "partitions" or topic.rpartition(".")[2] in _UNWATCHED:  # not looked at here
            continue
        if counts[topic] != int(recorded):
            words = f"has {counts[topic]} partitions" if counts[topic] else "is gone"
            found.append(
                f"topic {topic} {words}, the run is bound to {recorded}; restore the topic, or accept what it is: "
                "bellwether reset"
            )
    return found


def _add_disk(status: Status, state: Path) -> None:
    fault, severe = disk_fault(state)
    if fault and severe:
        status.problems.insert(0, fault)  # of what else is wrong it may be the cause
    elif fault:
        status.warnings.append(fault)


def source_warnings(workers: Sequence[WorkerReport]) -> list[str]:
    """Sources that cannot be read, and stretches that a stream did not give again."""
    found = [f"source {name}: {why}" for each in workers for name, why in sorted(each.trouble.items())]
    for each in workers:
        found += [
            f"source {name} has {count:,} gap{'s' if count > 1 else ''}: see STATE/rejected"
            for name, count in sorted(each.gaps.items())
        ]
    return found


def _add_reports(status: Status) -> None:
    status.hosts = sorted({report.host for report in status.workers if report.host})
    status.warnings += source_warnings(status.workers)
    scoring = [report for report in status.workers if report.role == "scoring"]
    status.documents_per_s = round(sum(report.per_second for report in scoring), 1)
    if scoring:
        first = scoring[0]
        status.model, status.model_id = first.model, first.model_id
        status.device, status.precision = first.device, first.precision
        status.latency_p50_ms = max(report.latency_p50_ms for report in scoring)
        status.latency_p99_ms = max(report.latency_p99_ms for report in scoring)
