"""What a strategy's `grid` declares: every combination as a strategy of its own, for a walk-forward to choose from."""

from __future__ import annotations

import itertools
from typing import Any, Final

import msgspec

from services.aggregation.signals.strategy import Strategy, StrategyError, check_strategy

TUNABLE: Final = (
    "half_life_hours", "lookback_hours", "baseline_days", "minimum_documents", "prior_documents", "author_cap",
    "story_cap", "feed_cap",
)  # fmt: skip
KEYED: Final = ("weights", "scales", "thresholds")  # weights.level, thresholds.buy, …
MOST: Final = 64


def variants(strategy: Strategy) -> dict[str, Strategy]:
    """Every combination, named by what it sets: "half_life_hours=12 weights.level=0.5". Without a grid: the strategy
    itself, named "as declared".

    A variant is called STRATEGY@NAME, so that all of them can run side by side. Raises StrategyError.
    """
    if not strategy.grid:
        return {"as declared": strategy}
    _check(strategy)
    found = {}
    for values in itertools.product(*strategy.grid.values()):
        chosen = dict(zip(strategy.grid, values, strict=True))
        name = " ".join(f"{parameter}={value:g}" for parameter, value in chosen.items())
        found[name] = _variant(strategy, name, chosen)
    return found


def _check(strategy: Strategy) -> None:
    known = ", ".join([*TUNABLE, *(f"{group}.NAME" for group in KEYED)])
    size = 1
    for parameter, values in strategy.grid.items():
        if parameter not in TUNABLE and parameter.partition(".")[0] not in KEYED:
            raise StrategyError(f"strategy {strategy.name}: grid: unknown parameter {parameter!r}; choose from {known}")
        if not values:
            raise StrategyError(f"strategy {strategy.name}: grid: {parameter} has no values")
        size *= len(values)
    if size > MOST:
        raise StrategyError(f"strategy {strategy.name}: grid: {size} combinations; at most {MOST}, or chance decides")


def _variant(strategy: Strategy, name: str, chosen: dict[str, int | float]) -> Strategy:
    plain: dict[str, Any] = msgspec.to_builtins(strategy)
    for parameter, value in chosen.items():
        group, _, key = parameter.partition(".")
        if key:
            plain[group][key] = value
        else:
            plain[group] = value
    plain |= {"name": f"{strategy.name}@{name}", "grid": {}}
    try:
        made = msgspec.convert(plain, Strategy)
    except msgspec.ValidationError as error:
        raise StrategyError(f"strategy {strategy.name}: grid: {name}: {error}") from None
    check_strategy(made, f"strategy {strategy.name}: grid: {name}")
    return made
