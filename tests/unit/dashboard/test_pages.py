"""What pages and their parts compute before anything is drawn."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dashboard.pages.health import drift_table, process_table
from dashboard.reading.companies import label, listed
from dashboard.view import zone_of
from shared.clock import SECOND
from shared.contract.events import MARKET
from shared.contract.operation.health import WorkerReport
from shared.contract.operation.processes import ChildState
from shared.reading.measuring.drift import Drift, Moved
from shared.reading.supervisor import recorded_state


def test_labels() -> None:
    assert label(MARKET).long == "Market as a whole"
    assert label("META").ticker == "META"
    assert "FB" in label("META").searched
    assert label("<odd>").long == "<odd> · <odd>"
    assert len(listed()) >= 500


@pytest.mark.parametrize(
    ("choice", "browser", "zone"),
    [
        ("UTC", "Europe/Berlin", "UTC"),
        ("exchange", None, "America/New_York"),
        ("local", "Europe/Berlin", "Europe/Berlin"),
        ("local", None, "UTC"),
        ("local", "../../etc/passwd", "UTC"),
        ("local", "No/Where", "UTC"),
    ],
)
def test_zones(choice: str, browser: str | None, zone: str) -> None:
    assert zone_of(choice, browser).key == zone


def test_processes_join_reports_and_the_supervisor() -> None:
    now = 10**15
    report = WorkerReport(role="scoring", name="1", pid=7, started_at=now - 60 * SECOND, reported_at=now - SECOND)
    started = [
        ChildState("scoring", "1", "running", restarts=3),
        ChildState("aggregation", "1", "waiting", restarts=5, message="Redis was lost"),
    ]
    table = process_table([report], started, now)
    assert list(table["restarts"]) == ["3", "5"]
    assert list(table["state"]) == ["running", "waiting"]
    assert table.loc[0, "heard"] == "1 s ago"
    assert table.loc[1, "detail"] == "Redis was lost"


def test_what_drifts_comes_first_with_what_moved() -> None:
    calm = Drift("sentiment", 0.001, 0.01, 900, (Moved("positive", 0.3, 0.31),))
    moved = tuple(Moved(name, 0.1, 0.2) for name in ("ja", "en", "de", "zh", "fr"))
    table = drift_table([calm, Drift("language", 0.2, 0.01, 900, moved)])
    assert list(table["what"]) == ["language", "sentiment"]
    assert list(table["state"]) == ["drift", "as before"]
    assert table.loc[0, "moved most"] == ", ".join(f"{name} 10.0% → 20.0%" for name in ("ja", "en", "de", "zh"))


def test_the_supervisors_record(tmp_path: Path) -> None:
    assert recorded_state(tmp_path).children == []
    (tmp_path / "supervisor.json").write_text(
        json.dumps({"children": [{"role": "scoring", "name": "1", "state": "running", "restarts": 2}]})
    )
    assert recorded_state(tmp_path).children == [ChildState("scoring", "1", "running", restarts=2)]


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"children": 3}', '{"children": [1]}', '{"children": [{"restarts": "x"}]}']
)
def test_a_broken_record_is_no_record(tmp_path: Path, text: str) -> None:
    (tmp_path / "supervisor.json").write_text(text)
    assert recorded_state(tmp_path).children == []
