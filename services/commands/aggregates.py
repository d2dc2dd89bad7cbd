"""`bellwether aggregates | export | backup | restore | reset`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.commands.options import Begin, End, Json, JsonLines, Run, State, Yes, between, say, settings_of

if TYPE_CHECKING:
    from shared.contract.aggregates import Resolution

aggregates_app = typer.Typer(help="The aggregates that the workers keep in Redis.", no_args_is_help=True)
export_app = typer.Typer(help="Export opinions and aggregates as Parquet files.", no_args_is_help=True)

Out = Annotated[Path, typer.Option("--out", help="Parquet file to write.")]


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


@export_app.command("opinions")
def export_opinions(
    out: Out, begin: Begin = None, end: End = None, state: State = None, run: Run = None, as_json: Json = False
) -> None:
    """Export every opinion that counts, one per row, as of `available_at`."""
    from services.aggregation.admin import export

    settings = settings_of(state, run)
    _exported(export.export_opinions(settings, out, *_range(begin, end)), out, as_json)


@export_app.command("aggregates")
def export_aggregates(
    out: Out, begin: Begin = None, end: End = None, state: State = None, run: Run = None, as_json: Json = False
) -> None:
    """Export every bucket that lies within the range, one per row."""
    from services.aggregation.admin import export
    from services.aggregation.admin.runs import open_run

    store = open_run(settings_of(state, run))
    _exported(export.export_aggregates(store, out, *_range(begin, end)), out, as_json)


def backup(
    file: Annotated[Path, typer.Argument(help="File to write.")],
    state: State = None,
    run: Run = None,
    as_json: Json = False,
) -> None:
    """Back up everything Redis holds for a run, positions included, to one file. Workers may keep running."""
    from services.aggregation.admin import backup as backups
    from shared.clients.redis import connect
    from shared.clock import SystemClock

    settings = settings_of(state, run)
    with connect(settings.redis) as client:
        count = backups.backup(client, settings.run, file, SystemClock())
    values = {"run": settings.run, "keys": count, "file": str(file)}
    say(values, f"{count:,} keys of run {settings.run} written to {file}", as_json=as_json)


def restore(
    file: Annotated[Path, typer.Argument(help="File written by `bellwether backup`.")],
    state: State = None,
    run: Run = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Replace a run with a backup. Its workers then read again whatever came after the backup."""
    from services.aggregation.admin import backup as backups
    from shared.clients.redis import connect
    from shared.clock import to_iso

    settings = settings_of(state, run)
    if not yes:
        typer.confirm(f"Replace everything Redis holds for the run in {file}?", abort=True)
    with connect(settings.redis) as client:
        header = backups.restore(client, file, run)
    values = {"run": header.run, "created_at": to_iso(header.created_at)}
    say(values, f"run {header.run} restored to {to_iso(header.created_at)}", as_json=as_json)


def reset(state: State = None, run: Run = None, yes: Yes = False, as_json: Json = False) -> None:
    """Delete everything Redis holds for a run. Its workers then read `opinions` again from the start."""
    from services.aggregation.admin import backup as backups
    from shared.clients.redis import connect

    settings = settings_of(state, run)
    if not yes:
        typer.confirm(f"Delete the aggregates, positions and signals of run {settings.run}?", abort=True)
    with connect(settings.redis) as client:
        count = backups.reset(client, settings.run)
    say({"run": settings.run, "keys": count}, f"{count:,} keys of run {settings.run} deleted", as_json=as_json)


def _range(begin: str | None, end: str | None) -> tuple[int, int]:
    from services.aggregation.admin.export import FIRST, LAST

    first, last = between(begin, end)
    return FIRST if first is None else first, LAST if last is None else last


def _exported(rows: int, out: Path, as_json: bool) -> None:
    say({"rows": rows, "file": str(out)}, f"{rows:,} rows written to {out}", as_json=as_json)


def _resolutions(name: str | None) -> tuple[Resolution, ...]:
    from shared.contract.aggregates import RESOLUTIONS

    chosen = tuple(resolution for resolution in RESOLUTIONS if name in (None, resolution))
    if not chosen:
        raise typer.BadParameter(f"{name!r}: use one of: {', '.join(RESOLUTIONS)}", param_hint="--resolution")
    return chosen
