"""Health: whether the system keeps up, what it runs on, and what it refused."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from dashboard import formats, live, snapshots
from dashboard.queries import Store
from dashboard.snapshots import Health
from dashboard.view import View
from shared.clock import SystemClock
from shared.health import WorkerReport

LOOK_FOR_WORKERS = 10.0  # seconds between two walks of the key space


def page() -> None:
    live.page(draw)


def draw(_: View) -> None:
    live.read("find_workers", Store.find_workers, max_age=LOOK_FOR_WORKERS)
    health = live.read("health", snapshots.health)
    rates(health)
    counts(health)
    workers(health.workers)
    run(health)


def _of(reports: list[WorkerReport], role: str) -> list[WorkerReport]:
    return [report for report in reports if report.role == role]


def rates(health: Health) -> None:
    scoring, aggregation = _of(health.workers, "scoring"), _of(health.workers, "aggregation")
    figures = st.columns(6)
    figures[0].metric(
        "Documents/s",
        f"{sum(r.per_second for r in scoring):,.1f}",
        border=True,
        help="Scored now, over all scoring workers (moving average).",
    )
    figures[1].metric(
        "Opinions/s",
        f"{sum(r.per_second for r in aggregation):,.1f}",
        border=True,
        help="Applied to the aggregates now, over all aggregation workers (moving average).",
    )
    lag = [int(r.detail["lag"]) for r in health.workers if r.detail.get("lag", "").isdigit()]
    figures[2].metric(
        "Lag",
        formats.count(sum(lag)) if lag else formats.NOTHING,
        border=True,
        help="Records on the topics that no worker has finished yet, as the workers report it.",
    )
    p50 = max((r.latency_p50_ms for r in aggregation), default=float("nan"))
    p99 = max((r.latency_p99_ms for r in aggregation), default=float("nan"))
    figures[3].metric("Latency p50", _ms(p50), border=True, help="The slowest aggregation worker's median.")
    figures[4].metric("Latency p99", _ms(p99), border=True, help="The slowest aggregation worker's 99th percentile.")
    figures[5].metric("Workers", len(health.workers), border=True, help="Processes heard from in the last 15 seconds.")


def _ms(value: float) -> str:
    return formats.NOTHING if math.isnan(value) else f"{value:,.0f} ms"


def counts(health: Health) -> None:
    totals = health.totals
    figures = st.columns(6)
    for slot, (name, value, text) in zip(
        figures,
        (
            ("Documents scored", totals.documents_scored, "Distinct documents, exact once drained."),
            (
                "Dead letters",
                totals.documents_dead,
                "Documents that failed alone, twice. `bellwether dead-letters list`.",
            ),
            ("Opinions applied", totals.opinions_applied, "Opinions in the aggregates."),
            ("Duplicates", totals.duplicates, "Copies of a document that were recognised and not counted again."),
            ("Late", totals.late, "Opinions older than what is kept."),
            ("Companies", health.companies, "Companies with at least one opinion."),
        ),
        strict=True,
    ):
        slot.metric(name, formats.count(value), border=True, help=text)


def workers(reports: list[WorkerReport]) -> None:
    title, export = st.columns([5, 1], vertical_alignment="center")
    title.markdown("**Workers**")
    if not reports:
        live.nothing("No worker reports", "Nothing is running for this run. Start it with `bellwether up`.")
        return
    table = worker_table(reports, SystemClock().now())
    export.download_button(
        "CSV",
        lambda: formats.csv(table),
        "workers.csv",
        "text/csv",
        key="workers_csv",
        on_click="ignore",
        icon=":material/download:",
    )
    st.dataframe(table, key="workers", hide_index=True)


def worker_table(reports: list[WorkerReport], now: int) -> pd.DataFrame:
    """One row per worker; `now` in microseconds."""
    return pd.DataFrame(
        {
            "role": r.role,
            "name": r.name,
            "pid": r.pid,
            "heard": formats.seconds_ago(now, r.reported_at),
            "started": formats.seconds_ago(now, r.started_at),
            "processed": r.processed,
            "per second": round(r.per_second, 1),
            "p50 ms": round(r.latency_p50_ms, 1),
            "p99 ms": round(r.latency_p99_ms, 1),
            "queue": r.queue,
            "partitions": ", ".join(r.partitions),
            "model": r.model,
            "device": r.device,
            "precision": r.precision,
            "memory": formats.size(r.resident_bytes),
            "detail": ", ".join(f"{k}={v}" for k, v in sorted(r.detail.items())),
        }
        for r in reports
    )


def run(health: Health) -> None:
    """What the run is bound to."""
    st.markdown("**Run**", help="What the first worker of the run recorded; others adopt it or refuse to start.")
    if not health.bound_to:
        st.caption("Not bound to a model or a cluster yet.")
        return
    facts = pd.DataFrame(sorted(health.bound_to.items()), columns=["what", "value"])
    st.dataframe(facts, hide_index=True, key="run")
