"""Replays on disk, as the Back-test page shows them: STATE/runs/NAME. Read only, and only what is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd


def read_runs(state: Path) -> list[dict[str, Any]]:
    """Every run's summary, with `metrics` where it was back-tested; broken files are left out."""
    found = []
    for path in sorted((state / "runs").glob("*/run.json")):
        summary = _json(path)
        if summary:
            found.append(summary | {"metrics": _json(path.parent / "backtest" / "metrics.json")})
    return found


def read_curves(state: Path, runs: list[str]) -> dict[str, pd.DataFrame]:
    """Equity curves of those runs that have one: columns date, long_short, long_only."""
    curves = {}
    for run in runs:
        path = state / "runs" / run / "backtest" / "equity.parquet"
        if path.exists():
            curves[run] = pd.read_parquet(path)
    return curves


def tearsheet(state: Path, run: str) -> Path | None:
    """The run's tear sheet, where it has one."""
    path = state / "runs" / run / "backtest" / "tearsheet.html"
    return path if path.exists() else None


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
