"""Health: whether the system keeps up, what it runs on, and what it refused."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from dashboard import components, live
from dashboard.drawing import alert_list, formats
from dashboard.drawing.figures import Figure
from dashboard.reading import alerting, snapshots
from dashboard.reading.snapshots import Health
from dashboard.view import View
from shared.clock import SECOND, SystemClock
from shared.contract.operation.health import WorkerReport
from shared.contract.operation.processes import ChildState
from shared.reading.measuring.drift import Drift, drifts
from shared.reading.supervisor import recorded_state

DRIFT_SECONDS = 60.0
MOVED_SHOWN = 4
_NUMBERS = {
    "processed": "{:,.0f}", "per second": "{:,.1f}", "p50 ms": "{:,.1f}", "p99 ms": "{:,.1f}", "queue": "{:,.0f}",
    "pid": "{:.0f}",
}  # fmt: skip


def draw(view: View) -> None:
    live.read("find_workers", lambda run: run.workers.find(), max_age=live.LOOK_FOR_WORKERS)
    health = live.read("health", lambda run: snapshots.health(run, live.now()))
    rates(health, view)
    counts(health, view)
    processes(health)
    sources(health)
    drift()
    channels()
    run(health)


def _of(reports: list[WorkerReport], role: str) -> list[WorkerReport]:
    return [report for report in reports if report.role == role]


def rates(health: Health, view: View) -> None:
    """Whether it keeps up."""
    scoring, aggregation = _of(health.workers, "scoring"), _of(health.workers, "aggregation")
    p50 = max((report.latency_p50_ms for report in scoring), default=math.nan)
    p99 = max((report.latency_p99_ms for report in scoring), default=math.nan)
    models = sorted({f"{report.device} {report.precision}" for report in scoring if report.device})
    figures = [
        Figure(
            "Documents/s",
            f"{sum(report.per_second for report in scoring):,.1f}",
            "Scored now, over all scoring workers; a moving average.",
            note=f"{len(scoring)} scoring",
        ),
        Figure(
            "Opinions/s",
            f"{sum(report.per_second for report in aggregation):,.1f}",
            "Applied to the aggregates now, over all aggregation workers; a moving average.",
            note=f"{len(aggregation)} aggregation",
        ),
        _lag(health),
        Figure(
            "Latency p50",
            _ms(p50),
            "From reading to acknowledgement, without the start: the slowest scoring worker's median.",
        ),
        Figure(
            "Latency p99",
            _ms(p99),
            "From reading to acknowledgement, without the start: the slowest scoring worker's 99th percentile.",
        ),
        Figure(
            "Model",
            next((report.model for report in scoring if report.model), formats.NOTHING),
            "The model that scores, the device and the precision that it runs in.",
            note=", ".join(models),
        ),
    ]
    components.strip(figures, view.colours, key="rates")


def counts(health: Health, view: View) -> None:
    """What was done since the run began."""
    totals = health.totals
    rows = (
        ("Documents scored", totals.documents_scored, "Distinct documents; exact once drained."),
        ("Dead letters", totals.documents_dead, "Documents that failed alone, twice: bellwether dead-letters list."),
        (
            "Unscored",
            totals.documents_unscored,
            "In a language that no model reads: counted, and not taken for neutral.",
        ),
        ("Retracted", totals.retracted, "Gone at their source: their numbers count, their words are not shown."),
        ("Opinions applied", totals.opinions_applied, "Opinions in the aggregates."),
        ("Dropped", totals.dropped, "Opinions that a rule dropped: bellwether rules list. They count nowhere."),
        ("Duplicates", totals.duplicates, "Copies of a document that were recognised and not counted again."),
        ("Late", totals.late, "Opinions older than every bucket that is kept."),
        ("Unreadable", totals.invalid, "Records of the opinions topic that this version cannot read."),
    )
    figures = [Figure(name, formats.count(value), f"{text} Now {value:,}.") for name, value, text in rows]
    components.strip(figures, view.colours, key="counts")


def _ms(value: float) -> str:
    return f"{value:,.0f} ms" if value > 0 else formats.NOTHING  # 0: nothing behind the start yet


def _lag(health: Health) -> Figure:
    lag = live.waiting(tuple(sorted(health.positions.items())))
    if lag is None:
        return Figure("Lag", formats.NOTHING, "Records that wait in Kafka.", note="Kafka does not answer")
    return Figure(
        "Lag",
        formats.count(lag.records),
        "Records on documents.* and opinions that are not finished yet, ticks left out.",
        note=f"{lag.documents.records:,} documents, {lag.opinions.records:,} opinions",
    )


def processes(health: Health) -> None:
    """Workers as they report themselves, with how often the supervisor had to start them again."""
    row = components.heading("Processes", "Workers report every two seconds; one that is silent for 15 disappears.")
    started = recorded_state(live.settings().state_dir).children
    if not health.workers and not started:
        live.nothing("Nothing is running", "Start everything with `bellwether up`.")
        return
    table = process_table(health.workers, started, SystemClock().now())
    components.csv_button(row, "processes", lambda: table)
    right = {name: st.column_config.TextColumn(alignment="right") for name in _NUMBERS}
    components.table(_as_text(table), key="processes", column_config=right)


def _as_text(table: pd.DataFrame) -> pd.DataFrame:
    """As it is shown, with numbers as text: Streamlit shows a number that is not there as the word None."""
    shown = table.copy()
    for name, pattern in _NUMBERS.items():
        if name in shown:
            shown[name] = [formats.NOTHING if pd.isna(value) else pattern.format(value) for value in shown[name]]
    return shown.fillna(formats.NOTHING)


def sources(health: Health) -> None:
    """What documents come from, as the ingest worker finds each source; nothing where no worker tells of any."""
    table = source_table(health.workers, SystemClock().now())
    if table.empty:
        return
    row = components.heading("Sources", "Counts since a source's ledger began: read = taken + refused + copies.")
    components.csv_button(row, "sources", lambda: table)
    components.table(table, key="sources")


def source_table(reports: list[WorkerReport], now: int) -> pd.DataFrame:
    """One row per source, those in trouble first; `now` in microseconds."""
    found = [(name, each) for report in reports for name, each in report.sources.items()]
    rows = [
        {
            "source": name,
            "kind": each.kind,
            "state": each.state,
            "last success": formats.seconds_ago(now, each.heard_at) if each.heard_at else formats.NOTHING,
            "read": each.read,
            "taken": each.taken,
            "refused": each.refused,
            "copies": each.copies,
            "updates": each.updates,
            "gaps": each.gaps,
            "next poll": f"in {max(0, each.next_poll_at - now) / SECOND:,.0f} s" if each.next_poll_at else "stream",
            "trouble": each.trouble,
        }
        for name, each in sorted(found, key=lambda one: (one[1].state in {"well", "ended"}, one[0]))
    ]
    return pd.DataFrame(rows)


def drift() -> None:
    """Whether what is scored differs from the 28 days before; nothing while there is too little to compare."""
    found = live.read("drift", lambda run: drifts(run.compositions()), max_age=DRIFT_SECONDS)
    if not found:
        return
    row = components.heading(
        "Drift", "The newest two days against the 28 before: bits of divergence, and the limit of chance and habit."
    )
    table = drift_table(found)
    components.csv_button(row, "drift", lambda: table)
    components.table(table, key="drift")


def drift_table(found: list[Drift]) -> pd.DataFrame:
    """One row per kind, those that drift first."""
    rows = [
        {
            "what": each.kind,
            "state": "drift" if each.drifting else "as before",
            "distance": round(each.distance, 4),
            "limit": round(each.limit, 4),
            "compared": each.compared,
            "moved most": ", ".join(
                f"{moved.value} {moved.before:.1%} → {moved.now:.1%}" for moved in each.moved[:MOVED_SHOWN]
            ),
        }
        for each in sorted(found, key=lambda each: not each.drifting)
    ]
    return pd.DataFrame(rows)


def channels() -> None:
    """Where alerts are sent, and whether they arrive; nothing where no rule sends any."""
    table = alert_list.channel_table(live.read("alerts", alerting.read), SystemClock().now())
    if table.empty:
        return
    row = components.heading("Alert channels", "What happened to alerts sent to channels.")
    components.csv_button(row, "channels", lambda: table)
    components.table(table, key="channels")


def process_table(reports: list[WorkerReport], started: list[ChildState], now: int) -> pd.DataFrame:
    """One row per process, those first that report; `now` in microseconds."""
    by_name = {(child.role, child.name): child for child in started}
    rows = []
    for report in reports:
        child = by_name.pop((report.role, report.name), None)
        rows.append(
            {
                "role": report.role,
                "name": report.name,
                "host": report.host,
                "state": child.state if child else "reporting",
                "restarts": str(child.restarts) if child else formats.NOTHING,
                "heard": formats.seconds_ago(now, report.reported_at),
                "started": formats.seconds_ago(now, report.started_at),
                "processed": report.processed,
                "per second": round(report.per_second, 1),
                "p50 ms": round(report.latency_p50_ms, 1),
                "p99 ms": round(report.latency_p99_ms, 1),
                "queue": report.queue,
                "memory": formats.size(report.resident_bytes),
                "model": report.model,
                "device": f"{report.device} {report.precision}".strip(),
                "partitions": ", ".join(report.partitions),
                "pid": report.pid,
                "detail": ", ".join(f"{name} {value}" for name, value in sorted(report.detail.items())),
            }
        )
    silent = [
        {"role": c.role, "name": c.name, "state": c.state, "restarts": str(c.restarts), "detail": c.message}
        for c in by_name.values()
    ]
    return pd.DataFrame([*rows, *silent])


def run(health: Health) -> None:
    """What the run is bound to."""
    row = components.heading("Run", "What the first worker of the run recorded; others adopt it or refuse to start.")
    if not health.bound_to:
        st.caption("Not bound to a model or a cluster yet.")
        return
    facts = pd.DataFrame(sorted(health.bound_to.items()), columns=["what", "value"])
    components.csv_button(row, "run", lambda: facts)
    components.table(facts, key="run")
