"""What listening to related companies was worth: the same strategy once more, deaf to them, on the same opinions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pandas as pd

from services.aggregation.signals.strategy import Strategy
from services.backtest.candidates import panel_of
from services.backtest.horizons import one_bar
from services.backtest.options import Choices
from services.backtest.prices import Prices
from services.backtest.report import long_short_sharpe
from services.backtest.statistics import information_coefficient, newey_west_t
from services.backtest.variants import variant_signals
from shared.contract.signals import PEER_FEATURES
from shared.settings import Settings

SUFFIX = "@deaf"


def deaf(strategy: Strategy) -> Strategy | None:
    """The strategy without what it hears of peers; None where nothing else has a weight."""
    weights = {name: value for name, value in strategy.weights.items() if name not in PEER_FEATURES}
    scales = {name: value for name, value in strategy.scales.items() if name not in PEER_FEATURES}
    if not any(weights.values()):
        return None
    return msgspec.structs.replace(strategy, name=f"{strategy.name}{SUFFIX}", weights=weights, scales=scales, grid={})


def peers_worth(
    folder: Path, strategy: Strategy, panel: pd.DataFrame, prices: Prices, choices: Choices, settings: Settings
) -> dict[str, Any] | None:
    """`panel`: what the strategy itself traded. None where it listens to nobody, or to nobody else."""
    without = deaf(strategy)
    if not strategy.hears_peers or without is None:
        return None
    other = panel_of(variant_signals(folder, {"": without}, settings)[""], prices, choices)
    told = {"with_peers": _worth(panel, prices, choices), "without_peers": _worth(other, prices, choices)}
    forward = one_bar(prices)
    gained = (information_coefficient(panel, forward) - information_coefficient(other, forward)).dropna()
    return told | {
        "ic_gained": float(gained.mean()) if len(gained) else float("nan"),
        "ic_gained_t": newey_west_t(gained),
        "sessions": len(gained),
    }


def _worth(panel: pd.DataFrame, prices: Prices, choices: Choices) -> dict[str, float]:
    ic = information_coefficient(panel, one_bar(prices))
    return {
        "ic_mean": float(ic.mean()) if len(ic) else float("nan"),
        "sharpe": long_short_sharpe(panel, prices, choices.cost_bps),
        "coverage": float(panel.notna().to_numpy().mean()) if panel.size else 0.0,
    }
