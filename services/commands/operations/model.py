"""`bellwether model …`: the model that a run is bound to, and its changes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.commands.options import Json, Run, State, say, settings_of

model_app = typer.Typer(help="The model that a run is bound to.", no_args_is_help=True)


@model_app.command("switch")
def switch(
    model: Annotated[str | None, typer.Option("--model", help="The new model (default: the configured one).")] = None,
    against: Annotated[
        str | None, typer.Option("--against", help="The model before, to compare with (default: the configured one).")
    ] = None,
    labelled: Annotated[
        Path, typer.Option("--labelled", help="Folder of labelled sets, whose dev files are compared on where there.")
    ] = Path("../shared/data/labelled"),
    force: Annotated[bool, typer.Option("--force", help="Switch without comparing.")] = False,
    run: Run = None,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Bind a run to another model, at a recorded offset. The scoring workers that `bellwether up` started here stop
    for that moment; others have to be stopped first. Behind it: bellwether resume.

    From 200 answers of reviewers on, a model that is worse on feedback that was held back, or on dev, is refused.
    """
    from services.commands.operations.switching import switched

    switched(settings_of(state, run), model, against=against, labelled=labelled, force=force, as_json=as_json)


@model_app.command("shadow")
def shadow(
    model: Annotated[str, typer.Argument(metavar="NAME", help="A name under models/, a folder or a Hub id.")],
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what arrives, until interrupted.")] = False,
    run: Run = None,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Have another model read what the run's model has read, and say how far they agree. Nothing of it is kept.

    It reads the newest 1,000 archived documents; what a rule had a say in is not compared.
    """
    from services.commands.operations.shadowing import shadowed

    shadowed(settings_of(state, run), model, follow=follow, as_json=as_json)


@model_app.command("history")
def history(run: Run = None, state: State = None, as_json: Json = False) -> None:
    """List every switch of a run, oldest first."""
    from services.scoring.provenance.model_switch import switches
    from shared.clients.redis import connect

    settings = settings_of(state, run)
    done = switches(connect(settings.redis), settings.run)
    words = (f"{each['at']}  {each['before']} -> {each['model_id']} ({each['precision']})" for each in done)
    say(done, words, as_json=as_json)
