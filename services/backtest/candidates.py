"""Which signals a back-test trades: a strategy's own, or, in a walk-forward, those of the parameters chosen so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from services.aggregation.signals.strategy import Strategy, StrategyError, load_strategy
from services.aggregation.signals.variants import variants
from services.backtest.inputs import Run
from services.backtest.options import Choices
from services.backtest.portfolio import bar_of, by_action, factor_panel
from services.backtest.prices import Prices
from services.backtest.report import long_short_sharpe
from services.backtest.result import BacktestError
from services.backtest.variants import variant_signals
from services.backtest.walk_forward import Candidate, Walk, folds, walk
from shared.settings import Settings


@dataclass(slots=True)
class Tested:
    """What is traded, and what else was tried on the same texts."""

    strategy: str
    signals: pd.DataFrame
    panel: pd.DataFrame
    trials: list[float]  # annualised Sharpe ratios of everything else
    warnings: list[str] = field(default_factory=list)
    folds: list[dict[str, Any]] = field(default_factory=list)
    walk_forward: dict[str, Any] | None = None


def fixed(settings: Settings, run: Run, prices: Prices, choices: Choices) -> Tested:
    """One strategy with the parameters that its file declares."""
    name, signals = _signals(settings, run, choices)
    others = _others(run, name, prices, choices)
    return Tested(name, signals, panel_of(signals, prices, choices), others, _tried(len(others) + 1))


def walked(settings: Settings, run: Run, prices: Prices, choices: Choices) -> Tested:
    """The strategy's grid, walked forward. Signals and panel are those of the test stretches alone."""
    strategy, warnings = _declared(settings, run, choices)
    wanted = variants(strategy)
    if len(wanted) == 1:
        warnings.append(f"strategy {strategy.name} declares no grid: the folds use it as it is; nothing was chosen")
    made = variant_signals(run.folder, wanted, settings)
    panels = {name: panel_of(signals, prices, choices) for name, signals in made.items()}
    spoken = [np.flatnonzero(panel.notna().any(axis=1).to_numpy()) for panel in panels.values()]
    if not any(len(bars) for bars in spoken):
        raise BacktestError("no variant has a signal with a matching price; use prices for the same companies and days")
    first = min(int(bars[0]) for bars in spoken if len(bars))
    last = max(int(bars[-1]) for bars in spoken if len(bars))
    candidates = {name: Candidate.of(panel, prices, choices.cost_bps) for name, panel in panels.items()}
    fold_list = folds(prices.opens_at[: last + 1], first, choices.windows)
    walked_through = walk(candidates, fold_list, choices.choose_by)
    idle = sum(name is None for _, name in walked_through.chosen)
    if idle:
        warnings.append(f"{idle} folds had too little history to choose from and traded nothing")
    others = _others(run, strategy.name, prices, choices)
    trials = [*others, *(long_short_sharpe(panel, prices, choices.cost_bps) for panel in panels.values())]
    return Tested(
        strategy.name,
        _traded(made, walked_through, prices, choices),
        walked_through.panel,
        trials,
        [*warnings, *_tried(len(trials))],
        walked_through.rows,
        _summary(choices, wanted, walked_through),
    )


def declared(settings: Settings, run: Run, choices: Choices, name: str) -> Strategy | None:
    """The file of the strategy that is traded, where it is still there as it was when it was replayed."""
    try:
        strategy, changed = _declared(settings, run, choices)
    except (BacktestError, StrategyError):
        return None
    return strategy if strategy.name == name and not changed else None


def panel_of(signals: pd.DataFrame, prices: Prices, choices: Choices) -> pd.DataFrame:
    """Sessions x companies: what is traded at each open."""
    worth = by_action(signals) if choices.trade == "action" else signals
    return factor_panel(worth, prices, choices.wait, choices.hold_bars)


def _signals(settings: Settings, run: Run, choices: Choices) -> tuple[str, pd.DataFrame]:
    there = sorted(set(run.signals["strategy"]))
    if choices.strategy is not None and choices.strategy not in there and Path(choices.strategy).is_file():
        strategy = load_strategy(choices.strategy)
        if strategy.hears_peers and not run.relations:
            raise BacktestError(
                f"strategy {strategy.name} counts what is said of related companies, and run {run.name!r} passed no "
                f"opinions on to them; replay it with --strategy {choices.strategy}"
            )
        return strategy.name, variant_signals(run.folder, {"": strategy}, settings)[""]
    name = _one(run, there, choices.strategy)
    return name, run.signals[run.signals["strategy"] == name] if name else run.signals


def _one(run: Run, there: list[str], wanted: str | None) -> str:
    if wanted is None and len(there) > 1:
        raise BacktestError(f"the run has several strategies ({', '.join(there)}); choose one with --strategy")
    if wanted is not None and there and wanted not in there:
        raise BacktestError(f"run {run.name!r} has no strategy {wanted!r}; it has {', '.join(there)}, or name a file")
    return wanted or (there[0] if there else "")


def _declared(settings: Settings, run: Run, choices: Choices) -> tuple[Strategy, list[str]]:
    """The strategy's file as it is now, and a warning when the run's signals came from another version of it."""
    if choices.strategy is not None and Path(choices.strategy).is_file():
        return load_strategy(choices.strategy), []
    name = _one(run, sorted(set(run.signals["strategy"])), choices.strategy)
    for source in [*(run.strategies or settings.aggregation.strategies), name]:
        try:
            strategy = load_strategy(source)
        except StrategyError:
            continue
        if strategy.name == name:
            hashes = set(run.signals.loc[run.signals["strategy"] == name, "strategy_hash"])
            changed = bool(hashes) and strategy.digest not in hashes
            return strategy, [f"strategy {name} has changed since the replay; the current file is used"] * changed
    raise BacktestError(f"the file of strategy {name!r} no longer exists; give it with --strategy FILE")


def _others(run: Run, name: str, prices: Prices, choices: Choices) -> list[float]:
    others = (signals for other, signals in run.signals.groupby("strategy") if other != name)
    sharpes = [long_short_sharpe(panel_of(signals, prices, choices), prices, choices.cost_bps) for signals in others]
    return [value for value in sharpes if not np.isnan(value)]


def _tried(count: int) -> list[str]:
    if count < 2:
        return []
    return [
        f"{count} strategies or variants were tried on these texts: read the deflated Sharpe ratio, not the plain one"
    ]


def _traded(made: Mapping[str, pd.DataFrame], walked_through: Walk, prices: Prices, choices: Choices) -> pd.DataFrame:
    """The signals that became tradeable in a test stretch whose parameters they have."""
    parts = []
    for fold, name in walked_through.chosen:
        if name is not None:
            bar = bar_of(made[name]["available_at"], prices, choices.wait)
            inside = (bar >= fold.test[0]) & (bar < fold.test[1])
            parts.append(made[name][inside].assign(parameters=name))
    if not parts:
        raise BacktestError("no fold has enough history to choose from; use a shorter --train-window")
    return pd.concat(parts, ignore_index=True)


def _summary(choices: Choices, wanted: Mapping[str, Strategy], walked_through: Walk) -> dict[str, Any]:
    windows = choices.windows
    return {
        "train_days": windows.train,
        "test_days": windows.test,
        "embargo_days": windows.embargo,
        "purged_bars": windows.horizon,
        "choose_by": choices.choose_by,
        "candidates": list(wanted),
        "folds": len(walked_through.chosen),
        "folds_without_choice": sum(name is None for _, name in walked_through.chosen),
    }
