"""Replays on disk, as the Back-test page shows them: STATE/runs/NAME. Read only, and only what is there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from shared.clock import SECOND, SystemClock

SILENT_SECONDS: Final = 120.0  # a running replay writes its progress every second; a silent one was killed
PLAIN: Final = "backtest"  # the folder of a run's back-test; a walk-forward, or one of several strategies, has its own

Run = dict[str, Any]


def read_runs(state: Path) -> list[Run]:
    """Every run's summary, with `progress` while it runs; broken files are left out. A run that has been silent for two
    minutes is called `silent`."""
    found = []
    for path in sorted((state / "runs").glob("*/run.json")):
        summary = _json(path)
        if summary and summary.get("state") == "running":
            progress = path.parent / "progress.json"
            summary["progress"] = _json(progress)
            if _age(progress, path) > SILENT_SECONDS:
                summary["state"] = "silent"
        if summary:
            found.append(summary)
    return found


def read_tests(state: Path, known: Sequence[Run]) -> list[Run]:
    """Every back-test of these runs: `name` (the run's own for its plain one), `run`, `asked`, `folder`, `metrics`."""
    found = []
    for run in known:
        for path in sorted((state / "runs" / run["run"]).glob("*/metrics.json")):
            metrics, folder = _json(path), path.parent.name
            if metrics:
                name = run["run"] if folder == PLAIN else f"{run['run']}, {folder}"
                asked = run.get("asked", {}) | {"test": folder}
                found.append(
                    {"name": name, "run": run["run"], "asked": asked, "folder": path.parent, "metrics": metrics}
                )
    return found


def read_curves(tests: Sequence[Run]) -> dict[str, pd.DataFrame]:
    """Name of a back-test -> its equity curves: columns date, long_short, long_only."""
    paths = {test["name"]: test["folder"] / "equity.parquet" for test in tests}
    return {name: pd.read_parquet(path) for name, path in paths.items() if path.exists()}


def read_growing(state: Path, run: str) -> dict[str, pd.DataFrame]:
    """Strategy -> equity curve so far of a run that goes on; empty before the first position, or without prices."""
    path = state / "runs" / run / "growing.parquet"
    if not path.exists():
        return {}
    return {str(name): part for name, part in pd.read_parquet(path).groupby("strategy")}


def tearsheet(test: Run) -> str:
    """The tear sheet of a back-test; "" where there is none."""
    try:
        return str((test["folder"] / "tearsheet.html").read_text(encoding="utf-8"))
    except OSError:
        return ""


def _age(*paths: Path) -> float:
    """Seconds since the latest change of any of them."""
    changed = [path.stat().st_mtime for path in paths if path.exists()]
    return SystemClock().now() / SECOND - max(changed) if changed else 0.0


def _json(path: Path) -> Run:
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
