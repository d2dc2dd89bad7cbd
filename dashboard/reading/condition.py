"""Whether the system is well, as a dot and one line of reason: what stands on every page. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from shared.contract.operation.health import WorkerReport
from shared.contract.operation.processes import ChildState, SupervisorState
from shared.reading.offsets import Lag

Level = Literal["good", "busy", "bad"]
NEEDED: Final = ("scoring", "aggregation")
WAITING: Final = 20  # documents that may wait without a word: a batch or two
LONGEST: Final = 160  # letters of a reason


@dataclass(frozen=True, slots=True)
class Condition:
    """`reason` is one line for a person, with the remedy where one is needed."""

    level: Level
    reason: str


def condition(supervisor: SupervisorState, reports: Sequence[WorkerReport], lag: Lag | None) -> Condition:
    """The worst that is known. `lag` is None when Kafka does not answer."""
    found = _processes(supervisor, reports) or _queue(reports, lag)
    return Condition(found[0], _line(found[1])) if found else Condition("good", "all workers run, nothing waits")


def _processes(supervisor: SupervisorState, reports: Sequence[WorkerReport]) -> tuple[Level, str] | None:
    for child in supervisor.children:
        if child.state == "held":
            return "bad", f"{_name(child)} is held: {child.message or 'no reason given'}; then: bellwether resume"
    for child in supervisor.children:
        if child.state != "running" and supervisor.phase == "running":
            return "bad", f"{_name(child)} is restarting: {child.message or child.state}"
    reporting = {report.role for report in reports}
    started = {child.role for child in supervisor.children if child.state == "running"}
    for role in NEEDED:
        if role not in reporting and role in started:
            doing = "loading its model" if role == "scoring" else "starting"
            return "busy", f"{role} is {doing}; documents wait until then"
    missing = [role for role in NEEDED if role not in reporting]
    if missing:
        return "bad", f"no {' and no '.join(missing)} worker runs; start everything with: bellwether up"
    return None


def _queue(reports: Sequence[WorkerReport], lag: Lag | None) -> tuple[Level, str] | None:
    if lag is None:
        return "bad", "Kafka does not answer; nothing new arrives"
    waiting = lag.documents.records
    if waiting > WAITING:
        speed = sum(report.per_second for report in reports if report.role == "scoring")
        soon = f", about {_minutes(waiting / speed)} at {speed:,.0f}/s" if speed >= 1 else ""
        return "busy", f"{waiting:,} documents wait for scoring{soon}"
    if lag.opinions.records > WAITING:
        return "busy", f"{lag.opinions.records:,} opinions wait to be counted"
    return None


def _name(child: ChildState) -> str:
    return child.role if child.name in ("", child.role) else f"{child.role}-{child.name}"


def _minutes(seconds: float) -> str:
    return f"{seconds:,.0f} s" if seconds < 120 else f"{seconds / 60:,.0f} min"


def _line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
