"""`bellwether signals …`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

signals_app = typer.Typer(help="What the strategies say.", no_args_is_help=True)


@signals_app.callback()
def _group() -> None:
    """A group, although it has one command yet."""


@signals_app.command("list")
def list_signals(
    company: Annotated[str | None, typer.Option("--company", help="This company's whole history.")] = None,
    strategy: Annotated[str | None, typer.Option("--strategy", help="Of this strategy alone.")] = None,
    run: Annotated[str | None, typer.Option("--run", help="Name of the run (default: live).")] = None,
    state: Annotated[Path | None, typer.Option("--state", help="State folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array as the last line.")] = False,
) -> None:
    """The latest signal of each company, strongest first; with --company, every one that was given out."""
    import json

    from services.aggregation.admin.runs import open_run
    from services.aggregation.given import given_out, latest
    from shared.clock import to_iso
    from shared.settings import load_settings

    settings = load_settings(state, **({"run": run} if run else {}))
    store = open_run(settings)
    names = [strategy] if strategy else None
    found = given_out(store, company, names) if company else latest(store, names)
    if as_json:
        typer.echo(json.dumps(found))
        return
    for signal in found:
        typer.echo(
            f"{to_iso(signal['at'])}  {signal['company']:6} {signal['action']:11} {signal['score']:+.3f} "
            f"confidence {signal['confidence']:.2f}  {signal['documents']} documents  {signal['strategy']}"
        )
