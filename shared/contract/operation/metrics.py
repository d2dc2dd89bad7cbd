"""Every metric that a worker shows at /metrics (Prometheus, on 127.0.0.1), each with the labels role and name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Metric:
    """`label` is one that comes beside `role` and `name`, or ""."""

    name: str
    kind: Literal["counter", "gauge"]
    meaning: str
    label: str = ""


RECORDS: Final = Metric("bellwether_records_total", "counter", "Records processed since the process started.")
RATE: Final = Metric("bellwether_records_per_second", "gauge", "Exponential average, half-life 5 s.")
LATENCY: Final = Metric(
    "bellwether_latency_milliseconds",
    "gauge",
    "From reading a record to its outcome being durable; what waited for the worker's start is left out.",
    "quantile",
)
QUEUE: Final = Metric("bellwether_queue_records", "gauge", "Records that were read and wait.")
PARTITIONS: Final = Metric("bellwether_partitions", "gauge", "Partitions assigned to this worker.")
RESIDENT: Final = Metric("bellwether_resident_bytes", "gauge", "Resident memory of the process.")
STARTED: Final = Metric("bellwether_started_seconds", "gauge", "When the process started, seconds since the epoch.")
DETAIL: Final = Metric(
    "bellwether_detail", "gauge", "The role's own figures, e.g. scored and dead for scoring, duplicates.", "figure"
)

SOURCE_WELL: Final = Metric("bellwether_source_well", "gauge", "1: the source answers; 0: it is in trouble.", "source")
SOURCE_HEARD: Final = Metric("bellwether_source_heard_seconds", "gauge", "When it last answered, epoch.", "source")
SOURCE_NEXT: Final = Metric("bellwether_source_next_poll_seconds", "gauge", "When it is asked next, epoch.", "source")
SOURCE_READ: Final = Metric(
    "bellwether_source_read_total", "counter", "Items read: taken + refused + copies.", "source"
)
SOURCE_TAKEN: Final = Metric("bellwether_source_taken_total", "counter", "Items published.", "source")
SOURCE_REFUSED: Final = Metric("bellwether_source_refused_total", "counter", "Items refused.", "source")
SOURCE_COPIES: Final = Metric("bellwether_source_copies_total", "counter", "Items that were there already.", "source")
SOURCE_GAPS: Final = Metric("bellwether_source_gaps_total", "counter", "Stretches that could not be read.", "source")

METRICS: Final[tuple[Metric, ...]] = (
    RECORDS, RATE, LATENCY, QUEUE, PARTITIONS, RESIDENT, STARTED, DETAIL,
    SOURCE_WELL, SOURCE_HEARD, SOURCE_NEXT, SOURCE_READ, SOURCE_TAKEN, SOURCE_REFUSED, SOURCE_COPIES, SOURCE_GAPS,
)  # fmt: skip
