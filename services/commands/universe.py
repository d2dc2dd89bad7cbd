"""`bellwether universe …`: the instruments that Bellwether knows."""

from __future__ import annotations

import typer

from services.commands.options import Json, Run, State, say, settings_of

universe_app = typer.Typer(help="The instruments that Bellwether knows.", no_args_is_help=True)


@universe_app.command("history")
def history(run: Run = None, state: State = None, as_json: Json = False) -> None:
    """List every universe that a run was read with, oldest first: its digest, and the offsets where it began."""
    from services.scoring.universe_record import universes
    from shared.clients.redis import connect

    settings = settings_of(state, run)
    done = universes(connect(settings.redis), settings.run)
    words = (
        f"{each['at']}  {each['before'] or '(none)'} -> {each['universe']} ({each['instruments']:,} instruments)"
        for each in done
    )
    say(done, words, as_json=as_json)
