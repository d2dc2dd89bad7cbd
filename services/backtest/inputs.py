"""A run as a back-test reads it, and what it leaves behind. Runs live in STATE/runs/NAME."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pandas as pd

from services.backtest.result import BacktestError
from shared.clients.state_folder import StateFolder
from shared.settings import Settings

EVENT_COLUMNS = ["company", "available_at", "event"]


@dataclass(frozen=True, slots=True)
class Run:
    """What a replay made. Of the revisions of a signal the first one counts: it was the one that could be traded."""

    name: str
    folder: Path
    signals: pd.DataFrame  # of every strategy of the run
    events: pd.DataFrame  # EVENT_COLUMNS
    strategies: tuple[str, ...]  # names or files, as the replay was asked; () for the settings' own
    anonymised: bool = False
    texts_until: str = ""  # ISO date of the newest text that the model learnt from; "" when it is not known


def run_folder(settings: Settings, run: str) -> Path:
    """Where a replay leaves what it made."""
    return StateFolder(settings.state_dir).runs / run


def load_run(settings: Settings, run: str) -> Run:
    """Raises BacktestError when the run is unknown or not finished."""
    folder = run_folder(settings, run)
    path = folder / "signals.parquet"
    if not path.exists():
        known = sorted(p.parent.name for p in folder.parent.glob("*/signals.parquet")) if folder.parent.exists() else []
        listed = f"known runs: {', '.join(known)}" if known else "there are none yet"
        raise BacktestError(f"no run is named {run!r} ({listed}); make one with: bellwether replay --run {run} …")
    signals = pd.read_parquet(path)
    if "revision" in signals:
        signals = signals[signals["revision"] == 0]
    events_path = folder / "events.parquet"
    events = pd.read_parquet(events_path) if events_path.exists() else pd.DataFrame(columns=EVENT_COLUMNS)
    summary_path = folder / "run.json"
    summary = json.loads(summary_path.read_text()) if summary_path.exists() else {}
    asked = summary.get("asked", {})
    return Run(
        run,
        folder,
        signals,
        events,
        tuple(asked.get("strategies", ())),
        bool(asked.get("anonymise", False)),
        str(summary.get("model_texts_until", "")),
    )


def write_outputs(
    out: Path, html: str, signals: pd.DataFrame, equity: pd.DataFrame, metrics: dict[str, object]
) -> None:
    """DIR/tearsheet.html, signals.parquet, equity.parquet, and last DIR/metrics.json (NaN becomes null)."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "tearsheet.html").write_text(html, encoding="utf-8")
    signals.to_parquet(out / "signals.parquet", index=False)
    equity.to_parquet(out / "equity.parquet", index=False)
    (out / "metrics.json").write_bytes(msgspec.json.format(msgspec.json.encode(metrics), indent=2) + b"\n")
