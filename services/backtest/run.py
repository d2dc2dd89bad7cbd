"""One back-test from a run's name to its folder of results."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd

from services.backtest.inputs import load_run, run_folder, write_outputs
from services.backtest.prices import load_prices
from services.backtest.report import BacktestError, run_backtest
from services.backtest.tearsheet import tearsheet
from services.backtest.timing import Delay
from shared.clock import SystemClock, to_datetime
from shared.securities import Catalogue
from shared.settings import Settings


def backtest_run(
    settings: Settings,
    run: str,
    prices: Path,
    *,
    strategy: str | None = None,
    cost_bps: float = 10.0,
    delay: str = "0",
    calendar: str = "XNYS",
    hold_bars: int = 5,
    out: Path | None = None,
    strict: bool = False,
    seed: int = 7,
) -> tuple[Path, dict[str, Any]]:
    """Returns (folder, metrics). Raises BacktestError, PriceError or DelayError,
    each naming the input and the remedy.
    """
    parsed = Delay.parse(delay)
    signals, events = load_run(settings, run, strategy)
    chosen, tried = _one_strategy(signals, strategy)
    catalogue = Catalogue.load()

    def company_of(ticker: str, day: date) -> str:
        found = catalogue.resolve(ticker, day)
        return found.id if found else ticker

    frame = load_prices(
        prices,
        calendar=calendar,
        today=to_datetime(SystemClock().now()).date(),
        strict=strict,
        company_of=company_of,
    )
    result = run_backtest(
        chosen,
        frame,
        delay=parsed,
        cost_bps=cost_bps,
        hold_bars=hold_bars,
        sector_of={company.id: company.sector for company in catalogue.companies},
        events=events,
        seed=seed,
        warnings=_training_warnings(chosen, tried),
    )
    folder = out or run_folder(settings, run) / "backtest"
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(result.metrics))  # NaN becomes None
    curves = {name: one.equity for name, one in result.tracks.items()}
    equity = pd.DataFrame(curves).rename_axis("date").ffill().reset_index()
    write_outputs(folder, tearsheet(result, f"Back-test of {run}"), chosen, equity, plain)
    return folder, plain


def _one_strategy(signals: pd.DataFrame, strategy: str | None) -> tuple[pd.DataFrame, int]:
    names = sorted(set(signals["strategy"]))
    if strategy is None and len(names) > 1:
        raise BacktestError(f"the run has several strategies ({', '.join(names)}); choose one with --strategy")
    return signals, max(len(names), 1)


def _training_warnings(signals: pd.DataFrame, tried: int) -> list[str]:
    warnings = []
    if tried > 1:
        warnings.append(
            f"{tried} strategies were run on these texts: read the deflated Sharpe ratio, not the plain one"
        )
    if not signals.empty:
        first = to_datetime(int(signals["available_at"].min())).date()
        warnings.append(
            f"the texts begin on {first}; a language model trained on later text may know how they ended: "
            "compare with a replay made with --anonymise"
        )
    return warnings
