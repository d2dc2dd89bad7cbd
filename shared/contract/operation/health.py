"""What a worker says of itself, for `bellwether status` and the Health page. Kept in Redis with a time to live."""

from __future__ import annotations

from typing import Final

import msgspec

REPORT_TTL_SECONDS: Final = 15
REPORT_EVERY_SECONDS: Final = 2


class SourceReport(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One source of the ingest worker. Times in microseconds, 0 where there is none; counts since its ledger began."""

    kind: str = ""
    state: str  # starting | well | trouble | refused (its settings cannot be used) | leaving | ended
    trouble: str = ""
    heard_at: int = 0  # when it last answered
    next_poll_at: int = 0  # 0: a stream
    read: int = 0
    taken: int = 0
    refused: int = 0
    copies: int = 0
    updates: int = 0  # of the taken: another text of an item that was known
    gaps: int = 0


class WorkerReport(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One worker process. Rates are exponential averages per second; latencies in milliseconds."""

    role: str  # ingest | scoring | aggregation | alerts | archive | api | shadow (another model beside the run's)
    name: str
    host: str = ""  # of a former version: none
    pid: int
    started_at: int
    reported_at: int
    processed: int = 0  # records since the process started (not exact across restarts: see Totals)
    per_second: float = 0.0
    latency_p50_ms: float = 0.0
    latency_p99_ms: float = 0.0
    queue: int = 0
    partitions: list[str] = []
    model: str = ""
    model_id: str = ""
    device: str = ""
    precision: str = ""
    resident_bytes: int = 0
    detail: dict[str, str] = {}
    trouble: dict[str, str] = {}  # ingest: source -> why it cannot be read now
    gaps: dict[str, int] = {}  # ingest: source -> stretches that it could not give again
    sources: dict[str, SourceReport] = {}  # ingest: by name


SHADOW: Final = "shadow"
SHADOW_SHARES: Final = ("same_sentiment", "opposite", "same_event")  # keys of a shadow's detail


def encode_report(report: WorkerReport) -> bytes:
    return msgspec.json.encode(report)


def decode_report(raw: bytes) -> WorkerReport:
    return msgspec.json.decode(raw, type=WorkerReport)
