"""A run's signals and events as frames: from the run's folder (replay in one process), else from Redis (live,
Kafka).
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import pandas as pd

from services.backtest.report import BacktestError
from shared.settings import Settings

SIGNAL_COLUMNS = ["company", "ticker", "available_at", "score", "confidence", "action", "model", "strategy", "evidence"]
EVENT_COLUMNS = ["company", "available_at", "event"]


def run_folder(settings: Settings, run: str) -> Path:
    """Where a replay in one process leaves what it made."""
    return settings.state_dir / "runs" / run


def load_run(settings: Settings, run: str, strategy: str | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(signals, events) of a run. Revisions: the first one of each (strategy, company, T) counts, as it was tradeable
    then.

    Raises BacktestError when the run is unknown or the strategy is not among its own.
    """
    folder = run_folder(settings, run)
    path = folder / "signals.parquet"
    if not path.exists():
        known = sorted(p.parent.name for p in folder.parent.glob("*/signals.parquet")) if folder.parent.exists() else []
        listed = f"known runs: {', '.join(known)}" if known else "there is none yet"
        raise BacktestError(f"no run is called {run!r} ({listed}); make one with: bellwether replay --run {run} …")
    signals = pd.read_parquet(path)
    if strategy is not None:
        there = sorted(set(signals["strategy"]))
        if there and strategy not in there:
            raise BacktestError(f"run {run!r} has no strategy {strategy!r}; it has {', '.join(there)}")
        signals = signals[signals["strategy"] == strategy]
    if "revision" in signals:
        signals = signals[signals["revision"] == 0]
    events_path = folder / "events.parquet"
    events = pd.read_parquet(events_path) if events_path.exists() else pd.DataFrame(columns=EVENT_COLUMNS)
    return signals, events


def write_outputs(
    out: Path, html: str, signals: pd.DataFrame, equity: pd.DataFrame, metrics: dict[str, object]
) -> None:
    """DIR/tearsheet.html, signals.parquet, equity.parquet, and last DIR/metrics.json (NaN becomes null)."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "tearsheet.html").write_text(html, encoding="utf-8")
    signals.to_parquet(out / "signals.parquet", index=False)
    equity.to_parquet(out / "equity.parquet", index=False)
    (out / "metrics.json").write_bytes(msgspec.json.format(msgspec.json.encode(metrics), indent=2) + b"\n")
