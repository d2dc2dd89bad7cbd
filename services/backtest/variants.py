"""Signals of a strategy's variants on the opinions that a run kept: nothing is scored again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pandas as pd

from services.aggregation.core.plan import Rules
from services.aggregation.signals.strategy import Strategy
from services.backtest.result import BacktestError
from services.runs.folder import signal_frame
from services.runs.opinion_file import replayed
from shared.clients.state_folder import make_folder, whole_file
from shared.reading.runs_folder import OPINIONS
from shared.settings import Settings

FOLDER: Final = "variants"
AT_ONCE: Final = 4  # variants that share one pass over the opinions; more would only take more memory


def variant_signals(folder: Path, wanted: Mapping[str, Strategy], settings: Settings) -> dict[str, pd.DataFrame]:
    """Variant -> its signals (first revisions), kept in the run's folder, so that the next walk-forward is cheap.

    Raises BacktestError when the run kept no opinions.
    """
    if not (folder / OPINIONS).exists():
        raise BacktestError(
            f"run {folder.name!r} kept no opinions ({OPINIONS}); "
            "replay it again with --overwrite (its scores are cached)"
        )
    missing = {name: strategy for name, strategy in wanted.items() if not _path(folder, strategy).exists()}
    names = list(missing)
    for start in range(0, len(names), AT_ONCE):
        some = [missing[name] for name in names[start : start + AT_ONCE]]
        frame = signal_frame(replayed(folder, some, Rules.of(settings.aggregation)))
        for strategy in some:
            path = _path(folder, strategy)
            make_folder(path.parent)
            with whole_file(path) as draft:
                frame[(frame["strategy"] == strategy.name) & (frame["revision"] == 0)].to_parquet(draft, index=False)
    return {name: pd.read_parquet(_path(folder, strategy)) for name, strategy in wanted.items()}


def _path(folder: Path, strategy: Strategy) -> Path:
    return folder / FOLDER / f"{strategy.digest}.parquet"
