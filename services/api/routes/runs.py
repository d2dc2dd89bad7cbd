"""Replays and their back-tests, as they lie in the state folder; nothing is started here."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from services.api.door import door_of
from services.api.wire.answers import one, page
from services.api.wire.parameters import WITH_FORMAT, Cursor, Limit
from services.api.wire.problems import Problem
from services.api.wire.schemas import RunAnswer, RunPage, answers
from shared.contract.names import BadName
from shared.reading.runs_folder import RunFolder, run_folders

router = APIRouter(tags=["runs"], dependencies=WITH_FORMAT)


def _row(folder: RunFolder) -> dict[str, Any]:
    tests = [test.path.name for test in folder.tests()]
    return {"name": folder.name, "summary": folder.summary(), "backtests": tests}


@router.get("/v1/runs", responses=answers(RunPage))
def runs(request: Request, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """The replays of this machine, by name."""
    door = door_of(request)
    rows = [_row(folder) for folder in run_folders(door.state)]
    return page(request, rows, lambda row: row["name"], limit, cursor, door.about(door.run()))


@router.get("/v1/runs/{name}", responses=answers(RunAnswer))
def run(request: Request, name: str) -> Response:
    """One replay: what it was asked, what it made, how far it is, and what its back-tests found."""
    door = door_of(request)
    try:
        folder = RunFolder.of(door.state, name)
        there = folder.exists()
    except BadName:
        there = False
    if not there:
        raise Problem(404, "there is no such run in this state folder", "GET /v1/runs lists those that there are")
    found = _row(folder) | {"progress": folder.progress()}
    found["backtests"] = {test.path.name: test.metrics() for test in folder.tests()}
    return one(request, found, door.about(door.run()))
