"""Signals and the alerts that were made of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.api.door import door_of
from services.api.wire.answers import page
from services.api.wire.parameters import WITH_FORMAT, AsOf, CompanyFilter, Cursor, End, Limit, Start, between, instant
from services.api.wire.problems import Problem
from services.api.wire.rows import alert_row, signal_row
from services.api.wire.schemas import AlertPage, SignalPage, answers
from shared.reading.measuring.windows import AHEAD

router = APIRouter(tags=["signals"], dependencies=WITH_FORMAT)

Strategy = Annotated[str | None, Query(max_length=200, description="Only this strategy.")]
Action = Annotated[str | None, Query(max_length=20, description="Only this action, for example, `strong buy`.")]


@router.get("/v1/signals", responses=answers(SignalPage))
def signals(
    request: Request,
    company: CompanyFilter = None,
    strategy: Strategy = None,
    action: Action = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """The latest signal of every company and strategy, strongest conviction first."""
    door = door_of(request)
    run = door.run()
    only = door.company(company) if company else None
    rows = [
        signal_row(signal)
        for signal in run.signals.latest()
        if only in (None, signal.company) and strategy in (None, signal.strategy) and action in (None, signal.action)
    ]
    return page(
        request, rows, lambda row: (-abs(row["score"]), row["company"], row["strategy"]), limit, cursor, door.about(run)
    )


@router.get("/v1/signals/history", responses=answers(SignalPage))
def history(
    request: Request,
    company: Annotated[str, Query(max_length=200, description="Id, ticker or name.")],
    strategy: Strategy = None,
    start: Start = None,
    end: End = None,
    as_of: AsOf = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Every revision of every signal on a company that was known in the range, in the order of T."""
    door = door_of(request)
    run = door.run()
    first, last = between(start, end, (0, door.clock.now() + AHEAD))
    name = door.company(company)
    past = None if as_of is None else door.past(name, instant(as_of, "as_of"))
    if past and past.silent:
        raise Problem(404, past.silent, "ask for a moment at which today's strategies ran")
    if past:
        found = [signal for signal in past.signals() if strategy in (None, signal.strategy)]
    else:
        found = run.signals.revisions([name], [strategy] if strategy else None)
    rows = [signal_row(signal) for signal in found if first <= signal.available_at < last]
    about = past.about if past else door.about(run)
    return page(request, rows, lambda row: (row["at"], row["strategy"], row["revision"]), limit, cursor, about)


@router.get("/v1/alerts", responses=answers(AlertPage))
def alerts(
    request: Request,
    company: CompanyFilter = None,
    rule: Annotated[str | None, Query(max_length=200, description="Only of this rule.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """The alerts that are kept, newest first."""
    door = door_of(request)
    run = door.run()
    only = door.company(company) if company else None
    rows = [
        alert_row(number, alert)
        for number, alert in run.alerts.numbered()
        if only in (None, alert.company) and rule in (None, alert.rule)
    ]
    return page(request, rows, lambda row: -row["number"], limit, cursor, door.about(run))
