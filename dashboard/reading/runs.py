"""Replays on disk, as the Back-test page shows them. Read only, and only what is there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from shared.clock import SECOND, SystemClock
from shared.reading.runs_folder import EQUITY, GROWING, BackTestFolder, RunFolder, run_folders

SILENT_SECONDS: Final = 120.0  # a running replay writes its progress every second; a silent one was killed
PLAIN: Final = "backtest"  # the folder of a run's back-test; a walk-forward, or one of several strategies, has its own

Run = dict[str, Any]


def read_runs(state: Path) -> list[Run]:
    """Every run's summary, with `progress` while it runs; broken files are left out. A run that has been silent for two
    minutes is called `silent`."""
    summaries = []
    for folder in run_folders(state):
        summary = folder.summary()
        if summary and summary.get("state") == "running":
            summary["progress"] = folder.progress()
            if SystemClock().now() / SECOND - folder.heard_at() > SILENT_SECONDS:
                summary["state"] = "silent"
        if summary:
            summaries.append(summary)
    return summaries


def read_tests(state: Path, known: Sequence[Run]) -> list[Run]:
    """Every back-test of these runs: `name` (the run's own for its plain one), `run`, `asked`, `folder`, `metrics`."""
    tests = []
    for run in known:
        for folder in RunFolder.of(state, run["run"]).tests():
            test = folder.path.name
            name = run["run"] if test == PLAIN else f"{run['run']}, {test}"
            asked = run.get("asked", {}) | {"test": test}
            tests.append(
                {"name": name, "run": run["run"], "asked": asked, "folder": folder.path, "metrics": folder.metrics()}
            )
    return tests


def read_curves(tests: Sequence[Run]) -> dict[str, pd.DataFrame]:
    """Name of a back-test -> its equity curves: columns date, long_short, long_only."""
    paths = {test["name"]: test["folder"] / EQUITY for test in tests}
    return {name: pd.read_parquet(path) for name, path in paths.items() if path.exists()}


def read_growing(state: Path, run: str) -> dict[str, pd.DataFrame]:
    """Strategy -> equity curve so far of a run that goes on; empty before the first position, or without prices."""
    path = RunFolder.of(state, run).table(GROWING)
    if path is None:
        return {}
    return {str(name): part for name, part in pd.read_parquet(path).groupby("strategy")}


def tearsheet(test: Run) -> str:
    """The tear sheet of a back-test; "" where there is none."""
    return BackTestFolder(test["folder"]).tear_sheet()
