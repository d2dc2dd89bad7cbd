"""Runs on disk: STATE/runs/NAME holds what a replay was asked and what it made. `bellwether backtest` reads it."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd

from services.aggregation.admin.dump import lines
from services.runs.result import Result
from services.runs.tables import write_events, write_signals
from shared.clients.disk import NO_SPACE, full_disk, is_full
from shared.clients.state_folder import make_folder, write_atomically
from shared.clock import to_datetime
from shared.contract.events import MICRO
from shared.contract.names import WHAT, is_name
from shared.contract.signals import Signal
from shared.contract.topics import LIVE
from shared.reading.runs_folder import DUMP, EVENTS, OPINIONS, SIGNALS, SUMMARY, RunFolder, run_folders
from shared.settings import Settings
from shared.universe.securities import Catalogue


class RunError(ValueError):
    """A run that cannot be made or found; the text names it and the remedy."""


def folder_of(settings: Settings, run: str) -> Path:
    return RunFolder.of(settings.state_dir, run).path


def refuse_in_use(settings: Settings, run: str, asked: dict[str, Any], *, resume: bool, overwrite: bool) -> None:
    """A name in use is refused unless `resume` (the same question) or `overwrite`. Raises RunError."""
    if not is_name(run) or run == LIVE:
        raise RunError(f"--run {run!r} is not a valid name: {WHAT}; 'live' is taken")
    folder = RunFolder.of(settings.state_dir, run)
    if folder.exists() and not overwrite:
        before = _summary(folder)
        if not resume:
            raise RunError(
                f"run {run!r} already exists ({before.get('state', '?')}); "
                "continue it with --resume, replace it with --overwrite, or choose another name"
            )
        if before["asked"] != asked:
            raise RunError(
                f"run {run!r} was made with other options: {before['asked']}; use --overwrite or another name"
            )


def begin_run(settings: Settings, run: str, asked: dict[str, Any], *, overwrite: bool, workers: int = 0) -> Path:
    """Make the run's folder, once it is known that there is something to replay. `workers`: it goes through Kafka."""
    folder = folder_of(settings, run)
    if overwrite:
        shutil.rmtree(folder, ignore_errors=True)
    make_folder(folder)
    _write(folder / SUMMARY, {"run": run, "state": "running", "asked": asked, "workers": workers})
    return folder


@contextmanager
def stopped_by_error(folder: Path, remedy: str) -> Iterator[None]:
    """A run that ends in the block before its end is noted as stopped. Raises RunError when the disk is full, also
    where the error speaks of Kafka or Redis, which have halted on it.

    `remedy`: how it goes on once there is room.
    """
    try:
        yield
    except BaseException as error:
        with suppress(OSError):  # the disk is full, which is told below; "running" is not finished either
            _write(folder / SUMMARY, RunFolder(folder).summary() | {"state": "stopped"})
        if is_full(error):
            raise RunError(
                f"run {folder.name!r} was stopped: {NO_SPACE} (under {folder}, or the cache of answers); "
                f"free space, then {remedy}"
            ) from error
        if isinstance(error, Exception) and (full := full_disk(folder)):
            raise RunError(f"run {folder.name!r} was stopped: {full} ({remedy}; {error})") from error
        raise


def finish_run(
    folder: Path, run: str, asked: dict[str, Any], result: Result, seconds: float, more: dict[str, Any]
) -> dict[str, Any]:
    """Write everything that a run made; the summary is written last, so a run is finished or it is not."""
    try:
        digest = _write_tables(folder, result)
    except BaseException:
        for name in (DUMP, SIGNALS, EVENTS, OPINIONS):  # --resume makes them again, and its summary needs room
            (folder / name).unlink(missing_ok=True)
        raise
    totals = [result.store.totals(slot) for slot in range(result.store.slots)]
    summary = {
        "run": run,
        "documents": result.documents,
        "opinions": sum(t.opinions_applied for t in totals),
        "signals": len(result.signals),
        "dead": result.dead,
        "duplicates": sum(t.duplicates for t in totals),
        "seconds": round(seconds, 3),
        "cached": result.cached,
        "aggregates_sha256": digest,
    } | more
    _write(folder / SUMMARY, {"run": run, "state": "finished", "asked": asked, **summary})
    return summary


def _write_tables(folder: Path, result: Result) -> str:
    """Everything but the summary; the digest of the aggregates."""
    digest = hashlib.sha256()
    with gzip.GzipFile(folder / DUMP, "wb", compresslevel=3, mtime=0) as file:
        for line in lines(result.store.rows()):
            digest.update(line)
            file.write(line)
    write_signals(folder / SIGNALS, signal_frame(result.signals))
    write_events(folder / EVENTS, pd.DataFrame(result.events, columns=["company", "available_at", "event"]))
    return digest.hexdigest()


def signal_frame(signals: Iterable[Signal]) -> pd.DataFrame:
    """One row a signal, ordered by (available_at, strategy, company). Scores and confidences as fractions."""
    catalogue = Catalogue.load()
    ordered = sorted(signals, key=lambda s: (s.available_at, s.strategy, s.company, s.revision))
    rows = [
        {
            "ticker": _ticker(catalogue, s.company, s.at),
            "company": s.company,
            "available_at": s.available_at,
            "at": s.at,
            "revision": s.revision,
            "score": s.score / MICRO,
            "confidence": s.confidence / MICRO,
            "action": s.action,
            "documents": s.documents,
            "model": s.model,
            "strategy": s.strategy,
            "strategy_hash": s.strategy_hash,
            "reasons": msgspec.json.encode(s.reasons).decode(),
            "evidence": json.dumps(s.evidence),
            "contributions": json.dumps(s.contributions),
            "synthetic": s.synthetic,
        }
        for s in ordered
    ]
    columns = ["ticker", "company", "available_at", "at", "revision", "score", "confidence", "action", "documents"]
    columns += ["model", "strategy", "strategy_hash", "reasons", "evidence", "contributions", "synthetic"]
    return pd.DataFrame(rows, columns=columns)


def _ticker(catalogue: Catalogue, company: str, at: int) -> str:
    security = catalogue.by_id.get(company)
    if security is None:
        return company
    day = to_datetime(at).date()
    return next((t.symbol for t in security.listings if t.valid(day)), security.ticker)


def list_runs(settings: Settings) -> list[dict[str, Any]]:
    """Every run's summary, by name."""
    return list(map(_summary, run_folders(settings.state_dir)))


def show_run(settings: Settings, run: str) -> dict[str, Any]:
    """Raises RunError."""
    folder = RunFolder.of(settings.state_dir, run)
    if not folder.exists():
        names = ", ".join(each.name for each in run_folders(settings.state_dir)) or "none yet"
        raise RunError(f"no run is named {run!r}; known: {names}")
    return _summary(folder)


def _summary(folder: RunFolder) -> dict[str, Any]:
    summary = folder.summary()
    if not summary:
        raise RunError(f"{folder.path / SUMMARY} cannot be read; replace the run with --overwrite")
    return summary


def delete_run(settings: Settings, run: str) -> None:
    """Raises RunError."""
    show_run(settings, run)
    shutil.rmtree(folder_of(settings, run))


def _write(path: Path, value: dict[str, Any]) -> None:
    write_atomically(path, (json.dumps(value, indent=1) + "\n").encode())
