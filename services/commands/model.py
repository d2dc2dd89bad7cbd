"""`bellwether model …`: which model a run is bound to, and its changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

model_app = typer.Typer(help="The model that a run is bound to.", no_args_is_help=True)

State = Annotated[Path | None, typer.Option("--state", help="State folder.")]
Run = Annotated[str | None, typer.Option("--run", help="Name of the run (default: live).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON as the last line.")]


@model_app.command("switch")
def switch(
    model: Annotated[str | None, typer.Option("--model", help="The new model; default: the settings'.")] = None,
    run: Run = None,
    state: State = None,
    as_json: AsJson = False,
) -> None:
    """Bind a run to another model, at a recorded offset. No scoring worker may be alive; then: bellwether resume."""
    from services.scoring.model_switch import switch as switch_model
    from shared.clients.redis import connect
    from shared.settings import load_settings

    settings = load_settings(state, **({"run": run} if run else {}))
    if model:
        chosen = settings.model.model_copy(update={"name": model})
        settings = settings.model_copy(update={"model": chosen})
    done = switch_model(settings, connect(settings.redis))
    typer.echo(json.dumps(done) if as_json else f"{done['before']} -> {done['model_id']}; now: bellwether resume")


@model_app.command("history")
def history(run: Run = None, state: State = None, as_json: AsJson = False) -> None:
    """Every switch of a run, oldest first."""
    from services.scoring.model_switch import switches
    from shared.clients.redis import connect
    from shared.settings import load_settings

    settings = load_settings(state, **({"run": run} if run else {}))
    found = switches(connect(settings.redis), settings.run)
    if as_json:
        typer.echo(json.dumps(found))
    for entry in [] if as_json else found:
        typer.echo(f"{entry['at']}  {entry['before']} -> {entry['model_id']} ({entry['precision']})")
