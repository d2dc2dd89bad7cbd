"""The dot on every page: the worst that is known, in one line."""

from __future__ import annotations

import pytest

from dashboard.reading.condition import LONGEST, condition
from shared.contract.operation.health import WorkerReport
from shared.contract.operation.processes import ChildState, SupervisorState
from shared.reading.offsets import Backlog, Lag

IDLE = Lag(Backlog(0, 0), Backlog(0, 0))
RUNNING = [ChildState(role, "1", "running") for role in ("scoring", "aggregation")]


def reports(*roles: str) -> list[WorkerReport]:
    return [WorkerReport(role=role, name="1", pid=1, started_at=0, reported_at=0, per_second=10.0) for role in roles]


ALL = reports("scoring", "aggregation")
HELD = ChildState("scoring", "1", "held", message="the run is bound to model A, not B")


@pytest.mark.parametrize(
    ("children", "alive", "lag", "level", "reason"),
    [
        (RUNNING, ALL, IDLE, "good", "all workers run, nothing waits"),
        ([HELD], ALL, IDLE, "bad", "scoring-1 is held: the run is bound to model A, not B; then: bellwether resume"),
        ([*RUNNING, ChildState("ingest", "1", "waiting", message="it fell")], ALL, IDLE, "bad", "restarting: it fell"),
        (RUNNING, reports("aggregation"), IDLE, "busy", "scoring is loading its model"),
        (RUNNING, reports("scoring"), IDLE, "busy", "aggregation is starting"),
        ([], [], IDLE, "bad", "no scoring and no aggregation worker runs"),
        ([], ALL, None, "bad", "Kafka does not answer"),
        (
            [],
            ALL,
            Lag(Backlog(6000, 0), Backlog(0, 0)),
            "busy",
            "6,000 documents wait for scoring, about 10 min",
        ),
        ([], ALL, Lag(Backlog(3, 0), Backlog(0, 0)), "good", "nothing waits"),
        ([], ALL, Lag(Backlog(0, 0), Backlog(500, 500)), "busy", "500 opinions wait"),
    ],
)
def test_the_worst_is_named(
    children: list[ChildState], alive: list[WorkerReport], lag: Lag | None, level: str, reason: str
) -> None:
    found = condition(SupervisorState(phase="running", children=children), alive, lag)
    assert found.level == level
    assert reason in found.reason


def test_a_reason_is_one_short_line() -> None:
    child = ChildState("scoring", "1", "held", message="much\n" * 400)
    found = condition(SupervisorState(phase="running", children=[child]), ALL, IDLE)
    assert "\n" not in found.reason
    assert len(found.reason) <= LONGEST
