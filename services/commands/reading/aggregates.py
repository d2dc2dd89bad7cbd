"""`bellwether aggregates`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from services.commands.options import JsonLines, Run, State, settings_of

if TYPE_CHECKING:
    from shared.contract.aggregates import Resolution

aggregates_app = typer.Typer(help="The aggregates that the workers keep in Redis.", no_args_is_help=True)


@aggregates_app.callback()
def _group() -> None:
    """A group, although it has only one command so far."""


@aggregates_app.command()
def dump(
    state: State = None,
    run: Run = None,
    resolution: Annotated[
        str | None, typer.Option("--resolution", help="day, hour or minute (default: all of them).")
    ] = None,
    as_json: JsonLines = False,
) -> None:
    """Print every bucket as a line of JSON in canonical form: the same input gives the same bytes, whatever crashed."""
    from services.aggregation.admin.runs import dumped_lines

    del as_json  # the only form there is; the option says it
    for line in dumped_lines(settings_of(state, run), _resolutions(resolution)):
        sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def _resolutions(name: str | None) -> tuple[Resolution, ...]:
    from shared.contract.aggregates import RESOLUTIONS

    chosen = tuple(resolution for resolution in RESOLUTIONS if name in (None, resolution))
    if not chosen:
        raise typer.BadParameter(f"{name!r}: use one of: {', '.join(RESOLUTIONS)}", param_hint="--resolution")
    return chosen
