"""`bellwether logs`."""

from __future__ import annotations

from typing import Annotated

import typer

from services.commands.options import State, settings_of


def logs(
    state: State = None,
    role: Annotated[str | None, typer.Argument(help="Only this role, for example, scoring.")] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="Lines of each file.")] = 20,
) -> None:
    """Print the last lines of each process's log, oldest first."""
    from services.supervisor.status.log_files import latest

    for line in latest(settings_of(state).state_dir.absolute(), role, lines):
        typer.echo(line)
