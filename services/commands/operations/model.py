"""`bellwether model …`: the model that a run is bound to, and its changes."""

from __future__ import annotations

from typing import Annotated

import typer

from services.commands.access.audit import noted
from services.commands.options import Json, Run, State, say, settings_of

model_app = typer.Typer(help="The model that a run is bound to.", no_args_is_help=True)


@model_app.command("switch")
def switch(
    model: Annotated[str | None, typer.Option("--model", help="The new model (default: the configured one).")] = None,
    run: Run = None,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Bind a run to another model, at a recorded offset. Stop its scoring workers first; then: bellwether resume."""
    from services.scoring.provenance.model_switch import switch as switch_model
    from shared.clients.redis import connect

    settings = settings_of(state, run)
    if model:
        settings = settings.model_copy(update={"model": settings.model.model_copy(update={"name": model})})
    client = connect(settings.redis)
    done = switch_model(settings, client)
    noted(client, "model switch", settings.run, f"{done['before']} -> {done['model_id']}")
    say(done, f"{done['before']} -> {done['model_id']}; now run: bellwether resume", as_json=as_json)


@model_app.command("history")
def history(run: Run = None, state: State = None, as_json: Json = False) -> None:
    """List every switch of a run, oldest first."""
    from services.scoring.provenance.model_switch import switches
    from shared.clients.redis import connect

    settings = settings_of(state, run)
    done = switches(connect(settings.redis), settings.run)
    words = (f"{each['at']}  {each['before']} -> {each['model_id']} ({each['precision']})" for each in done)
    say(done, words, as_json=as_json)
