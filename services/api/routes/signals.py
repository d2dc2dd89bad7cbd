"""Signals and the alerts that were made of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.api.door import door_of
from services.api.past import past_instant, require_signals
from services.api.wire.answers import About, page
from services.api.wire.parameters import WITH_FORMAT, AsOf, CompanyFilter, Cursor, End, Limit, Start, between
from services.api.wire.problems import Problem
from services.api.wire.rows import alert_row, signal_row
from services.api.wire.schemas import AlertPage, SignalPage, answers
from shared.clock import to_iso
from shared.contract.alerts import Alert
from shared.reading.measuring.windows import AHEAD
from shared.reading.run import RunView
from shared.reading.values.alerts import NotKept

router = APIRouter(tags=["signals"], dependencies=WITH_FORMAT)

Strategy = Annotated[str | None, Query(max_length=200, description="Only this strategy.")]
Action = Annotated[str | None, Query(max_length=20, description="Only this action, for example, `strong buy`.")]


@router.get("/v1/signals", responses=answers(SignalPage))
def signals(
    request: Request,
    company: CompanyFilter = None,
    strategy: Strategy = None,
    action: Action = None,
    as_of: AsOf = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """The latest signal of every company and strategy, strongest conviction first."""
    door = door_of(request)
    only = door.company(company) if company else None
    asked = door.asked(as_of, only)
    if asked.past:
        require_signals(asked.past)
    rows = [
        signal_row(signal)
        for signal in asked.run.signals.latest()
        if only in (None, signal.company) and strategy in (None, signal.strategy) and action in (None, signal.action)
    ]
    return page(
        request, rows, lambda row: (-abs(row["score"]), row["company"], row["strategy"]), limit, cursor, asked.about
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
    name = door.company(company)
    asked = door.asked(as_of, name)
    if asked.past:
        require_signals(asked.past)
    first, last = between(start, end, (0, asked.wall + AHEAD))
    found = asked.run.signals.revisions([name], [strategy] if strategy else None)
    rows = [signal_row(signal) for signal in found if first <= signal.available_at < last]
    return page(request, rows, lambda row: (row["at"], row["strategy"], row["revision"]), limit, cursor, asked.about)


@router.get("/v1/alerts", responses=answers(AlertPage))
def alerts(
    request: Request,
    company: CompanyFilter = None,
    rule: Annotated[str | None, Query(max_length=200, description="Only of this rule.")] = None,
    as_of: AsOf = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """The alerts that are kept, newest first; as of a moment those that were kept then, as long as none of them made
    room since."""
    door = door_of(request)
    run, at = door.run(), None if as_of is None else past_instant(as_of, door.clock.now())
    only = door.company(company) if company else None
    rows = [
        alert_row(number, alert)
        for number, alert in (run.alerts.numbered() if at is None else _then(run, at))
        if only in (None, alert.company) and rule in (None, alert.rule)
    ]
    now = door.about(run)
    about = now if at is None else About(to_iso(at), now.model, now.universe)
    return page(request, rows, lambda row: -row["number"], limit, cursor, about)


def _then(run: RunView, at: int) -> list[tuple[int, Alert]]:
    """Raises Problem."""
    try:
        return run.alerts.as_of(at)
    except NotKept as error:
        raise Problem(404, str(error), "ask for a later moment, or without as_of") from None
