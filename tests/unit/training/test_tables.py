"""Tables on a narrow terminal: names of models, classes, sources and letters are there as a whole."""

from __future__ import annotations

import io
import re
from types import SimpleNamespace
from typing import Any

import pytest
import rich.console
from rich.console import Console

from services.commands.storage.dead_letters import _print_table
from services.commands.training import reports
from services.scoring.dead_letters import DeadLetter
from services.supervisor.status import table
from services.supervisor.status.finding import Finding
from services.supervisor.status.status import Status
from services.training.measuring.evaluate import MEASURES
from shared.contract.operation.health import SourceReport, WorkerReport

NARROW = 50
LONG = "an-organisation/a-model-with-a-rather-long-name-v2"


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is printed, on a terminal of so many columns."""
    out = io.StringIO()
    console = Console(file=out, width=NARROW, force_terminal=False)
    monkeypatch.setattr(reports, "out", console)
    monkeypatch.setattr(table, "_console", lambda: console)
    monkeypatch.setattr(rich.console, "Console", lambda: console)
    return out


def has(out: io.StringIO, column: int, name: str) -> bool:
    """Whether a column holds the name, over as many lines as it takes; nothing is cut anywhere."""
    text = out.getvalue()
    assert "…" not in text
    cells = [re.split(r"[│┃]", line)[column:][:1] for line in text.splitlines()]
    return name in "".join(cell[0].strip() for cell in cells if cell)


def test_models_are_named_as_a_whole(narrow: io.StringIO) -> None:
    row = {"name": LONG, "kind": "opinion", "megabytes": 12.3, "accuracy": {"sentfin": 0.87, "tfns": 0.88}}
    reports.print_inventory([row])
    assert has(narrow, 1, LONG)
    scores = dict.fromkeys(MEASURES, 0.5)
    interval = SimpleNamespace(**dict.fromkeys(MEASURES, (0.4, 0.6)))
    found: Any = SimpleNamespace(scores=SimpleNamespace(n=10, **scores), interval=interval, docs_per_s=5.0)
    reports.print_comparison({LONG: found, f"{LONG}-other": found})
    assert has(narrow, 1, f"{LONG}-other")


def test_letters_are_named_as_a_whole(narrow: io.StringIO) -> None:
    name = "TTTTTTTTTTTTTTTTTTTTTT:3:123456789"
    fields: dict[str, Any] = dict.fromkeys(DeadLetter.__struct_fields__, "")
    letter = DeadLetter(**(fields | {"id": name, "bytes": 3, "tries": 1, "dead_at": 1_700_000_000_000_000}))
    _print_table([letter], 1)
    assert has(narrow, 1, name)


def test_sources_and_findings_are_named_as_a_whole(narrow: io.StringIO) -> None:
    name = "Our-very-own-desk-of-Zurich.and.Geneva"
    worker = WorkerReport(role="ingest", name="1", pid=1, started_at=1, reported_at=1)
    worker.sources[name] = SourceReport(kind="rss", state="well")
    status = Status(run="live", phase="running", healthy=True, problems=[])
    status.workers = [worker]
    table.print_status(status)
    assert "…" not in narrow.getvalue()
    letters = re.sub(r"\s", "", narrow.getvalue())
    assert all(letters.count(sign) >= name.count(sign) for sign in "OZG")
    table.print_findings([Finding(LONG, "ok", "found")])
    assert "…" not in narrow.getvalue()
