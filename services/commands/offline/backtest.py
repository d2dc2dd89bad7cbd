"""`bellwether backtest`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from services.commands.options import Json, State, note, say, settings_of

# read by the annotations below
Trade = Literal["score", "action"]
Criterion = Literal["sharpe", "ic"]
BarTime = Literal["start", "end"]


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise typer.BadParameter(f"{number} is no cost; give basis points, as 10")
    return number


def backtest(
    run: Annotated[str, typer.Option("--run", help="The replay whose signals to test.")],
    prices: Annotated[
        str,
        typer.Option(
            "--prices",
            help="CSV or Parquet: date,ticker,open,high,low,close[,adj_close][,currency],volume, or a column of closes "
            "for each ticker; a folder with a file for each ticker; or a provider's name. Bars of 1 to 60 minutes have "
            "a time in place of the date, or beside it.",
        ),
    ],
    strategy: Annotated[
        str | None,
        typer.Option(
            "--strategy", help="A strategy of the run (default: its only one), or a YAML file to try on its texts."
        ),
    ] = None,
    cost_bps: Annotated[
        float,
        typer.Option("--cost-bps", min=0, callback=_finite, help="Cost of a trade in basis points of its value."),
    ] = 10.0,
    delay: Annotated[str, typer.Option("--delay", help="Delay before trading: 0, 1bar, 30min, 4h, 1d.")] = "0",
    calendar: Annotated[
        str, typer.Option("--calendar", help="Exchange calendar, for example, XNYS, XLON, XSHG.")
    ] = "XNYS",
    currency: Annotated[
        str, typer.Option("--currency", help="Currency of the prices; rows in another one are skipped.")
    ] = "USD",
    hold: Annotated[
        str,
        typer.Option(
            "--hold",
            help="How long a signal stays in force: a number of bars, 30min, 2h or 1session. Default: 5 days; with "
            "bars of less than a day, 1session.",
        ),
    ] = "",
    zone: Annotated[
        str,
        typer.Option("--zone", help="Of bars' times that name none: UTC, exchange, or, for example, Europe/London."),
    ] = "UTC",
    bar_time: Annotated[
        BarTime | None,
        typer.Option("--bar-time", help="What a bar's time is. Without it: its start, unless it looks like its end."),
    ] = None,
    horizons: Annotated[
        str,
        typer.Option("--horizons", help="Of the returns, for example, 1bar,30min,1session,night; default: several."),
    ] = "",
    trade: Annotated[
        Trade, typer.Option("--trade", help="What the weights follow: the score, or only the recommendation.")
    ] = "score",
    train_window: Annotated[
        str, typer.Option("--train-window", help="Walk-forward: days of history to choose on, for example, 180d.")
    ] = "",
    test_window: Annotated[
        str, typer.Option("--test-window", help="Walk-forward: days to use each choice for, for example, 30d.")
    ] = "",
    embargo: Annotated[str, typer.Option("--embargo", help="Walk-forward: days left out between the two.")] = "0",
    choose_by: Annotated[
        Criterion,
        typer.Option("--choose-by", help="Walk-forward: choose by the Sharpe ratio after costs, or by the mean IC."),
    ] = "sharpe",
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for tearsheet.html, signals.parquet and metrics.json.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first bad row of the price file.")] = False,
    ticker: Annotated[
        str, typer.Option("--ticker", help="Whose prices a file without a column of tickers holds (default: its name).")
    ] = "",
    price_map: Annotated[
        str, typer.Option("--map", help="FIELD=column,…: the price file's names for our fields, as close=Settle.")
    ] = "",
    seed: Annotated[int, typer.Option("--seed", help="Seed of the placebo.")] = 7,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Test a run's signals against prices: tear sheet, metrics, placebo. A signal trades at the first bar after it."""
    from services.backtest.bars import Clock
    from services.backtest.options import Choices
    from services.backtest.run import backtest_run
    from shared.reading.runs_folder import TEAR_SHEET

    choices = Choices(
        strategy=strategy, cost_bps=cost_bps, delay=delay, calendar=calendar, currency=currency, hold=hold,
        trade=trade, strict=strict, ticker=ticker, mapping=price_map,
        seed=seed, train_window=train_window, test_window=test_window, embargo=embargo,
        choose_by=choose_by, clock=Clock(zone, bar_time or ""), horizons=horizons,
    )  # fmt: skip
    folder, metrics = backtest_run(settings_of(state), run, prices, choices, out)
    note(f"tear sheet: {folder / TEAR_SHEET}")
    for warning in metrics["warnings"][:10]:
        note(f"warning: {warning}")
    say(metrics, words(metrics), as_json=as_json)


def words(metrics: dict[str, Any]) -> str:
    """One line for a person."""
    walk = metrics["walk_forward"]
    return (
        f"{metrics['n_signals']} signals, IC {_number(metrics['ic_mean'], '+.4f')} (t {_number(metrics['ic_t'])}, "
        f"placebo p {_number(metrics['placebo']['ic_p'], '.3f')}), "
        f"Sharpe after costs {_number(metrics['sharpe'])} ± {_number(metrics['sharpe_error'])}"
        + (f", out of sample over {walk['folds']} folds" if walk else "")
    )


def _number(value: float | None, style: str = ".2f") -> str:
    return "n/a" if value is None else format(value, style)
