"""`bellwether backtest`: no logic, only words and wiring."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def backtest(
    run: Annotated[str, typer.Option("--run", help="The replay whose signals are tested.")],
    prices: Annotated[
        Path, typer.Option("--prices", help="CSV (also .gz): date,ticker,open,high,low,close[,adj_close],volume.")
    ],
    strategy: Annotated[
        str | None, typer.Option("--strategy", help="One of the run's strategies; default: its only one.")
    ] = None,
    cost_bps: Annotated[
        float, typer.Option("--cost-bps", min=0, help="Cost of a trade, basis points of its value.")
    ] = 10.0,
    delay: Annotated[str, typer.Option("--delay", help="Wait before trading: 0, 1bar, 30min, 4h, 1d.")] = "0",
    calendar: Annotated[str, typer.Option("--calendar", help="Exchange calendar, e.g. XNYS, XLON, XSHG.")] = "XNYS",
    hold: Annotated[int, typer.Option("--hold", min=1, help="Bars that a signal stays in force.")] = 5,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for tearsheet.html, signals.parquet, metrics.json.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first bad row of the price file.")] = False,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the placebo.")] = 7,
    state: Annotated[Path | None, typer.Option("--state", help="State folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the metrics as JSON.")] = False,
) -> None:
    """Test a run's signals against prices: tear sheet, metrics, placebo. A signal trades at the first bar after it."""
    from services.backtest.run import backtest_run
    from shared.settings import load_settings

    folder, metrics = backtest_run(
        load_settings(state), run, prices,
        strategy=strategy, cost_bps=cost_bps, delay=delay, calendar=calendar, hold_bars=hold, out=out, strict=strict,
        seed=seed,
    )  # fmt: skip
    typer.echo(f"tear sheet: {folder / 'tearsheet.html'}", err=True)
    for warning in metrics["warnings"][:10]:
        typer.echo(f"mind: {warning}", err=True)
    if as_json:
        typer.echo(json.dumps(metrics))
    else:
        typer.echo(
            f"{metrics['n_signals']} signals, IC {_number(metrics['ic_mean'], '+.4f')} (t {_number(metrics['ic_t'])}, "
            f"placebo p {_number(metrics['placebo']['ic_p'], '.3f')}), "
            f"Sharpe after costs {_number(metrics['sharpe'])}"
        )


def _number(value: float | None, style: str = ".2f") -> str:
    return "n/a" if value is None else format(value, style)
