"""What a replay leaves in STATE/runs/NAME, as any reader finds it. Its writers: services/runs, services/backtest.

Tables are given as paths: whoever wants one has a library for it, and shared stays light.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from shared.clients.state_folder import StateFolder
from shared.contract.names import checked_name, is_name

SUMMARY: Final = "run.json"
PROGRESS: Final = "progress.json"
DUMP: Final = "aggregates.jsonl.gz"
OPINIONS: Final = "opinions.jsonl.gz"
SIGNALS: Final = "signals.parquet"
EVENTS: Final = "events.parquet"
GROWING: Final = "growing.parquet"  # equity curves so far of a replay that goes on
METRICS: Final = "metrics.json"  # of a back-test, as are the two below
EQUITY: Final = "equity.parquet"
TEAR_SHEET: Final = "tearsheet.html"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run; what is not there, or is broken, reads as empty."""

    path: Path

    @classmethod
    def of(cls, state: Path, run: str) -> RunFolder:
        """Raises BadName: whatever is written to, or deleted, by a run's name lies under STATE/runs."""
        return cls(StateFolder(state).runs / checked_name(run))

    @property
    def name(self) -> str:
        return self.path.name

    def exists(self) -> bool:
        """Whether there is a summary, readable or not."""
        return (self.path / SUMMARY).exists()

    def summary(self) -> dict[str, Any]:
        """What the run was asked, its state, and what it made once it is finished."""
        return _json(self.path / SUMMARY)

    def progress(self) -> dict[str, Any]:
        """How far a run is that goes on."""
        return _json(self.path / PROGRESS)

    def heard_at(self) -> float:
        """When the run last wrote its progress or its summary, in seconds since the epoch; 0 for never."""
        paths = (self.path / PROGRESS, self.path / SUMMARY)
        return max((path.stat().st_mtime for path in paths if path.exists()), default=0.0)

    def table(self, name: str) -> Path | None:
        """The file of this name, if it is there."""
        path = self.path / name
        return path if path.exists() else None

    def tests(self) -> list[BackTestFolder]:
        """Its back-tests that can be read, by name."""
        folders = [BackTestFolder(path.parent) for path in sorted(self.path.glob(f"*/{METRICS}"))]
        return [folder for folder in folders if folder.metrics()]


@dataclass(frozen=True, slots=True)
class BackTestFolder:
    """One back-test of a run."""

    path: Path

    def metrics(self) -> dict[str, Any]:
        return _json(self.path / METRICS)

    def tear_sheet(self) -> str:
        """HTML; "" where there is none."""
        try:
            return (self.path / TEAR_SHEET).read_text(encoding="utf-8")
        except OSError:
            return ""


def run_folders(state: Path) -> list[RunFolder]:
    """Every run of a state folder, by name."""
    found = sorted(StateFolder(state).runs.glob(f"*/{SUMMARY}"))
    return [RunFolder(path.parent) for path in found if is_name(path.parent.name)]


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
