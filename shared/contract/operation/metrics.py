"""Every metric that Bellwether shows to Prometheus, in one list: what is not here is shown nowhere.

`process`: of one process, at its own /metrics, with the labels run, role and name. `run`: of a whole run, at /metrics
of the exporter (`bellwether up` has it, `bellwether metrics serve` is it), with the label run. Names follow the
conventions of Prometheus: base units, `_total` for what only grows, `_timestamp_seconds` for instants.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["counter", "gauge", "histogram"]
Scope = Literal["process", "run"]
FIXED: Final[dict[Scope, tuple[str, ...]]] = {"process": ("run", "role", "name"), "run": ("run",)}

# upper bounds of classic buckets, in seconds unless the metric says otherwise; +Inf follows
WAYS: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 21600.0, 86400.0)
STEPS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
SIZES: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)
SHARES: Final = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)

DEAD_REASONS: Final = ("undecodable", "future", "unreadable", "unscorable")  # of services/scoring/entries.py


@dataclass(frozen=True, slots=True)
class Metric:
    """`labels` come beside the fixed ones of its scope. `known`: values of its one label that are shown from the start,
    so that a rate sees their first one."""

    name: str
    kind: Kind
    meaning: str
    labels: tuple[str, ...] = ()
    scope: Scope = "process"
    buckets: tuple[float, ...] = ()
    known: tuple[str, ...] = ()

    @property
    def all_labels(self) -> tuple[str, ...]:
        return (*FIXED[self.scope], *self.labels)


def _of_run(name: str, kind: Kind, meaning: str, *labels: str) -> Metric:
    return Metric(name, kind, meaning, labels, "run")


def _seconds(name: str, meaning: str, *labels: str, buckets: tuple[float, ...] = STEPS) -> Metric:
    return Metric(name, "histogram", meaning, labels, "process", buckets)


# -- one process, of any role
RECORDS: Final = Metric("bellwether_records_total", "counter", "Records processed since the process started.")
RECORD_SECONDS: Final = _seconds(
    "bellwether_record_seconds",
    "From reading a batch's oldest record to its outcome being durable; what waited for the start is left out.",
    buckets=WAYS,
)
QUEUE: Final = Metric("bellwether_queue_records", "gauge", "Records that were read and wait.")
PARTITIONS: Final = Metric("bellwether_partitions", "gauge", "Partitions assigned to this worker.")
RESIDENT: Final = Metric("bellwether_resident_bytes", "gauge", "Resident memory of the process.")
STARTED: Final = Metric("bellwether_start_timestamp_seconds", "gauge", "When the process started.")
INFO: Final = Metric(
    "bellwether_worker_info", "gauge", "1; what runs here, in labels.", ("model", "model_id", "device", "precision")
)
DETAIL: Final = Metric(
    "bellwether_detail", "gauge", "The role's own figures, as `bellwether status --json` has them.", ("figure",)
)

# -- the way of a document
PUBLISHED_VISIBLE: Final = _seconds(
    "bellwether_published_to_visible_seconds",
    "From a document's publication to its first opinion being in Redis: with what its source took to give it.",
    "channel",
    buckets=WAYS,
)
READ_VISIBLE: Final = _seconds(
    "bellwether_read_to_visible_seconds",
    "From Bellwether's reading of a document to its first opinion being in Redis.",
    "channel",
    buckets=WAYS,
)
HISTORY: Final = Metric(
    "bellwether_history_documents_total",
    "counter",
    "Documents of the past (available a day or more before Kafka took their opinions): in neither way above.",
)
LINK_SECONDS: Final = _seconds("bellwether_link_seconds", "Decoding, linking and tokenising one group of records.")
MODEL_SECONDS: Final = _seconds("bellwether_model_seconds", "One pass of the model over a group of documents.")
MODEL_DOCUMENTS: Final = _seconds("bellwether_model_documents", "Documents (not seconds) in one pass.", buckets=SIZES)
KAFKA_SECONDS: Final = _seconds(
    "bellwether_kafka_publish_seconds", "From handing records to Kafka to its acknowledgement of all of them."
)
REDIS_SECONDS: Final = _seconds(
    "bellwether_redis_seconds", "One round trip: load and commit of a batch, read for a reader.", "operation"
)
ARCHIVE_SECONDS: Final = _seconds("bellwether_archive_seconds", "One operation of the archive.", "operation")
API_SECONDS: Final = _seconds(
    "bellwether_api_request_seconds", "One answered request; streams are not in it.", "method", "route", "status"
)
STREAMS: Final = Metric("bellwether_api_streams", "gauge", "Open streams of the API.")

# -- what the documents say
SCORED: Final = Metric("bellwether_scored_total", "counter", "Documents scored.", ("language",))
UNLINKED: Final = Metric("bellwether_unlinked_total", "counter", "Scored documents that name no company.")
SENTIMENT: Final = Metric(
    "bellwether_sentiment_total", "counter", "Opinions by their most probable class.", ("label",),
    known=("positive", "neutral", "negative"),
)  # fmt: skip
EVENTS: Final = Metric("bellwether_event_total", "counter", "Scored documents by event class.", ("event",))
CONFIDENCE: Final = _seconds(
    "bellwether_confidence", "Probability (not seconds) of an opinion's most probable class.", buckets=SHARES
)

# -- what was lost, or refused
DEAD: Final = Metric(
    "bellwether_dead_letters_total", "counter", "Records that became dead letters.", ("reason",), known=DEAD_REASONS
)
REJECTED: Final = Metric(
    "bellwether_rejected_total", "counter", "Items refused at the door (STATE/rejected).", ("source", "reason")
)

# -- sources
SOURCE_WELL: Final = Metric("bellwether_source_well", "gauge", "1: the source answers; 0: in trouble.", ("source",))
SOURCE_HEARD: Final = Metric(
    "bellwether_source_heard_timestamp_seconds", "gauge", "When it last answered.", ("source",)
)
SOURCE_NEXT: Final = Metric(
    "bellwether_source_next_poll_timestamp_seconds", "gauge", "When it is asked next; 0: a stream.", ("source",)
)
SOURCE_READ: Final = Metric(
    "bellwether_source_read_total", "counter", "Items read: taken + refused + copies.", ("source",)
)
SOURCE_TAKEN: Final = Metric("bellwether_source_taken_total", "counter", "Items published.", ("source",))
SOURCE_REFUSED: Final = Metric("bellwether_source_refused_total", "counter", "Items refused.", ("source",))
SOURCE_COPIES: Final = Metric(
    "bellwether_source_copies_total", "counter", "Items that were there already.", ("source",)
)
SOURCE_UPDATES: Final = Metric(
    "bellwether_source_updates_total", "counter", "Of the taken: other texts of known items.", ("source",)
)
SOURCE_GAPS: Final = Metric(
    "bellwether_source_gaps_total", "counter", "Stretches that could not be read and never will be.", ("source",)
)

# -- a run as a whole
HEALTHY: Final = _of_run("bellwether_healthy", "gauge", "1: `bellwether status` would say so.")
PROBLEMS: Final = _of_run("bellwether_problems", "gauge", "Reasons why it is not healthy.")
WARNINGS: Final = _of_run("bellwether_warnings", "gauge", "What costs something and leaves it healthy.")
KAFKA_UP: Final = _of_run("bellwether_kafka_up", "gauge", "1: Kafka answered the exporter.")
REDIS_UP: Final = _of_run("bellwether_redis_up", "gauge", "1: Redis answered the exporter.")
WAITING_DOCUMENTS: Final = _of_run(
    "bellwether_waiting_documents", "gauge", "Documents that wait to be scored; ticks are never counted."
)
WAITING_OPINIONS: Final = _of_run(
    "bellwether_waiting_opinions", "gauge", "Records of `opinions` that wait to be applied; ticks are never counted."
)
UNCOUNTED: Final = _of_run(
    "bellwether_waiting_unread_records",
    "gauge",
    "Records of a large backlog not looked at yet: of these the share of ticks is that of the others.",
)
BEHIND: Final = _of_run(
    "bellwether_behind_seconds", "gauge", "Age in Kafka of the oldest document or opinion that waits; 0: none.", "stage"
)
DOCUMENTS_SCORED: Final = _of_run("bellwether_documents_scored_total", "counter", "Distinct documents scored.")
DOCUMENTS_DEAD: Final = _of_run("bellwether_documents_dead", "gauge", "Dead letters that nobody has put back.")
DOCUMENTS_UNSCORED: Final = _of_run(
    "bellwether_documents_unscored_total", "counter", "Documents in a language that no model reads."
)
RETRACTED: Final = _of_run("bellwether_documents_retracted_total", "counter", "Items gone at their source.")
OPINIONS_APPLIED: Final = _of_run("bellwether_opinions_applied_total", "counter", "Opinions in the aggregates.")
DUPLICATES: Final = _of_run("bellwether_duplicates_total", "counter", "Copies that were not counted again.")
DROPPED: Final = _of_run("bellwether_dropped_total", "counter", "Opinions that a rule dropped.")
LATE: Final = _of_run("bellwether_late_total", "counter", "Opinions older than every bucket that is kept.")
INVALID: Final = _of_run("bellwether_invalid_total", "counter", "Records of `opinions` that nothing reads.")
COMPANIES: Final = _of_run("bellwether_companies", "gauge", "Companies with an opinion.")
NEWEST: Final = _of_run("bellwether_newest_opinion_timestamp_seconds", "gauge", "Market time of the newest opinion.")
WORKERS: Final = _of_run("bellwether_workers", "gauge", "Workers that reported in the last 15 seconds.", "role")
SHADOW: Final = _of_run(
    "bellwether_shadow_share", "gauge",
    "Share of what `model shadow --follow` compared: the same sentiment, the opposite one, the same event.",
    "model", "what",
)  # fmt: skip
RESTARTS: Final = _of_run(
    "bellwether_process_restarts_total", "counter", "Times that the supervisor started it again.", "process"
)
RUNNING: Final = _of_run("bellwether_process_running", "gauge", "1: it runs; 0: it does not.", "process")
HELD: Final = _of_run("bellwether_process_held", "gauge", "1: it is not started again before `resume`.", "process")
ALERTS: Final = _of_run("bellwether_alerts_total", "counter", "Alerts given.")
ALERTS_LIMITED: Final = _of_run("bellwether_alerts_limited_total", "counter", "Alerts held back by a rule's limit.")
ALERTS_WAITING: Final = _of_run("bellwether_alerts_waiting", "gauge", "Deliveries still to be made.")
SIGNALS_WAITING: Final = _of_run("bellwether_signals_waiting", "gauge", "Signals that Kafka does not have yet.")
AUDIT_WAITING: Final = _of_run("bellwether_audit_waiting", "gauge", "Entries of the audit log that wait for Kafka.")
REDIS_USED: Final = _of_run("bellwether_redis_used_bytes", "gauge", "Memory that Redis uses.")
REDIS_LIMIT: Final = _of_run("bellwether_redis_limit_bytes", "gauge", "Its maxmemory; 0: none.")
REDIS_EVICTED: Final = _of_run("bellwether_redis_evicted_total", "counter", "Keys that Redis threw away.")
DISK_FREE: Final = _of_run("bellwether_disk_free_bytes", "gauge", "Room on the disk of the state folder.")
DISK_SIZE: Final = _of_run("bellwether_disk_size_bytes", "gauge", "Size of that disk.")
DRIFT: Final = _of_run(
    "bellwether_drift_distance", "gauge", "How far the newest two days are from the 28 before (docs/drift.md).", "kind"
)
DRIFT_LIMIT: Final = _of_run(
    "bellwether_drift_limit", "gauge", "The distance above which it is more than chance and habit.", "kind"
)
DRIFT_DOCUMENTS: Final = _of_run("bellwether_drift_documents", "gauge", "Documents of the newest two days.")
LOOK_SECONDS: Final = _of_run("bellwether_look_seconds", "gauge", "What the exporter's latest look took.")
LOOKED: Final = _of_run("bellwether_looked_timestamp_seconds", "gauge", "When it last looked.")

PROCESS_METRICS: Final[tuple[Metric, ...]] = (
    RECORDS, RECORD_SECONDS, QUEUE, PARTITIONS, RESIDENT, STARTED, INFO, DETAIL,
    PUBLISHED_VISIBLE, READ_VISIBLE, HISTORY, LINK_SECONDS, MODEL_SECONDS, MODEL_DOCUMENTS,
    KAFKA_SECONDS, REDIS_SECONDS, ARCHIVE_SECONDS, API_SECONDS, STREAMS,
    SCORED, UNLINKED, SENTIMENT, EVENTS, CONFIDENCE, DEAD, REJECTED,
    SOURCE_WELL, SOURCE_HEARD, SOURCE_NEXT, SOURCE_READ, SOURCE_TAKEN, SOURCE_REFUSED, SOURCE_COPIES, SOURCE_UPDATES,
    SOURCE_GAPS,
)  # fmt: skip
RUN_METRICS: Final[tuple[Metric, ...]] = (
    HEALTHY, PROBLEMS, WARNINGS, KAFKA_UP, REDIS_UP, WAITING_DOCUMENTS, WAITING_OPINIONS, UNCOUNTED, BEHIND,
    DOCUMENTS_SCORED, DOCUMENTS_DEAD, DOCUMENTS_UNSCORED, RETRACTED, OPINIONS_APPLIED,
    DUPLICATES, DROPPED, LATE, INVALID, SHADOW,
    COMPANIES, NEWEST, WORKERS, RESTARTS, RUNNING, HELD, ALERTS, ALERTS_LIMITED, ALERTS_WAITING, SIGNALS_WAITING,
    AUDIT_WAITING, REDIS_USED, REDIS_LIMIT, REDIS_EVICTED, DISK_FREE, DISK_SIZE,
    DRIFT, DRIFT_LIMIT, DRIFT_DOCUMENTS, LOOK_SECONDS, LOOKED,
)  # fmt: skip
METRICS: Final[tuple[Metric, ...]] = (*PROCESS_METRICS, *RUN_METRICS)
