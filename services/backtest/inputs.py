"""A run as a back-test reads it, and what it leaves behind. Runs live in STATE/runs/NAME."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec
import pandas as pd

from services.backtest.result import BacktestError
from services.runs.tables import read_table, write_signals
from shared.clients.state_folder import whole_files
from shared.event_classes.former import class_of_former
from shared.reading.runs_folder import EQUITY, EVENTS, METRICS, SIGNALS, TEAR_SHEET, RunFolder, run_folders
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
    synthetic: bool = False  # texts of it were invented (bellwether sample)
    universe_as_of: str = ""  # ISO date of the list of instruments that it was read with; "" of former versions
    relations: str = ""  # digest of the relations by which opinions were passed on; "" where none were
    texts_until: str = ""  # ISO date of the newest text that the model learnt from; "" when it is not known


def load_run(settings: Settings, run: str) -> Run:
    """Raises BacktestError when the run is unknown or not finished."""
    folder = RunFolder.of(settings.state_dir, run)
    path = folder.table(SIGNALS)
    if path is None:
        known = [each.name for each in run_folders(settings.state_dir) if each.table(SIGNALS)]
        listed = f"known runs: {', '.join(known)}" if known else "there are none yet"
        raise BacktestError(f"no run is named {run!r} ({listed}); make one with: bellwether replay --run {run} …")
    if (ended := folder.summary().get("state", "finished")) != "finished":
        raise BacktestError(
            f"run {run!r} is not finished ({ended}); go on with: bellwether replay --run {run} --resume"
        )
    signals = read_table(path)
    if "revision" in signals:
        signals = signals[signals["revision"] == 0]
    events = folder.table(EVENTS)
    summary = folder.summary()
    asked = summary.get("asked", {})
    return Run(
        run,
        folder.path,
        signals,
        _in_classes(read_table(events) if events else pd.DataFrame(columns=EVENT_COLUMNS)),
        tuple(asked.get("strategies", ())),
        bool(asked.get("anonymise", False)),
        "synthetic" in signals and bool(signals["synthetic"].any()),
        str(summary.get("universe_as_of", "")),
        relations=str(summary.get("relations", "")),
        texts_until=str(summary.get("model_texts_until", "")),
    )


def _in_classes(events: pd.DataFrame) -> pd.DataFrame:
    """The events by the classes of now; the replay may be one of a former version."""
    return events.assign(event=events["event"].map(class_of_former))


def write_outputs(
    out: Path, html: str, signals: pd.DataFrame, equity: pd.DataFrame, metrics: dict[str, object]
) -> None:
    """DIR/tearsheet.html, signals.parquet, equity.parquet and, last, metrics.json (NaN becomes null): all or none."""
    with whole_files(out) as draft:
        (draft / TEAR_SHEET).write_text(html, encoding="utf-8")
        write_signals(draft / SIGNALS, signals)
        equity.to_parquet(draft / EQUITY, index=False)
        (draft / METRICS).write_bytes(msgspec.json.format(msgspec.json.encode(metrics), indent=2) + b"\n")
