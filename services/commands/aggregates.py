"""`bellwether aggregates …`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from shared.contract.aggregates import Resolution
    from shared.settings import Settings

aggregates_app = typer.Typer(help="What the aggregation worker keeps in Redis.", no_args_is_help=True)
export_app = typer.Typer(help="Opinions and aggregates as Parquet files.", no_args_is_help=True)

State = Annotated[Path | None, typer.Option("--state", help="State folder.")]
Run = Annotated[str | None, typer.Option("--run", help="Name of the run (default: live).")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]
Begin = Annotated[str | None, typer.Option("--from", help="Available at this time or later; ISO, UTC unless it says.")]
End = Annotated[str | None, typer.Option("--to", help="Available before this time.")]
Out = Annotated[Path, typer.Option("--out", help="The Parquet file to write.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@aggregates_app.callback()
def _group() -> None:
    """A group, although it has one command yet."""


@aggregates_app.command()
def dump(
    state: State = None,
    run: Run = None,
    resolution: Annotated[str | None, typer.Option("--resolution", help="day, hour or minute; default: all.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line (the only form there is).")] = False,
) -> None:
    """Every bucket in the canonical form: equal input gives equal bytes, whatever was killed in between."""
    import sys

    from services.aggregation.admin.dump import lines
    from services.aggregation.admin.runs import dump_on_disk, open_run

    del as_json
    settings, wanted = _settings(state, run), _resolutions(resolution)
    kept = dump_on_disk(settings)
    if kept is not None:
        import gzip

        with gzip.open(kept, "rb") as file:
            for line in file:
                if any(f'"resolution":"{name}"'.encode() in line for name in wanted):
                    sys.stdout.buffer.write(line)
        return
    for line in lines(open_run(settings).rows(wanted)):
        sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


@export_app.command("opinions")
def export_opinions(
    out: Out, begin: Begin = None, end: End = None, state: State = None, run: Run = None, as_json: Json = False
) -> None:
    """Every opinion that counts, one row each, as of `available_at`."""
    from services.aggregation.admin import export

    settings = _settings(state, run)
    _exported(export.export_opinions(settings, out, *_range(begin, end)), out, as_json)


@export_app.command("aggregates")
def export_aggregates(
    out: Out, begin: Begin = None, end: End = None, state: State = None, run: Run = None, as_json: Json = False
) -> None:
    """Every bucket that lies within the range, one row each."""
    from services.aggregation.admin import export
    from services.aggregation.admin.runs import open_run

    store = open_run(_settings(state, run))
    _exported(export.export_aggregates(store, out, *_range(begin, end)), out, as_json)


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write.")],
    state: State = None,
    run: Run = None,
    as_json: Json = False,
) -> None:
    """Write all of a run that lies in Redis, positions included, to one file. Workers may go on meanwhile."""
    from services.aggregation.admin import backup as backups
    from shared.clients.redis import connect
    from shared.clock import SystemClock

    settings = _settings(state, run)
    with connect(settings.redis) as client:
        count = backups.backup(client, settings.run, file, SystemClock())
    _say(as_json, f"{count:,} keys of run {settings.run} in {file}", run=settings.run, keys=count, file=str(file))


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `bellwether backup` wrote.")],
    state: State = None,
    run: Run = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Put a backup back in place of the run. Its workers then read again what came after the backup."""
    from services.aggregation.admin import backup as backups
    from shared.clients.redis import connect
    from shared.clock import to_iso

    settings = _settings(state, run)
    if not yes:
        typer.confirm(f"Replace what Redis holds of the run in {file}?", abort=True)
    with connect(settings.redis) as client:
        header = backups.restore(client, file, run)
    text = f"run {header.run} is as it was at {to_iso(header.created_at)}"
    _say(as_json, text, run=header.run, created_at=to_iso(header.created_at))


def reset(state: State = None, run: Run = None, yes: Yes = False, as_json: Json = False) -> None:
    """Delete all of a run that lies in Redis. Its workers then read `opinions` again from the start."""
    from services.aggregation.admin import backup as backups
    from shared.clients.redis import connect

    settings = _settings(state, run)
    if not yes:
        typer.confirm(f"Delete the aggregates, positions and signals of run {settings.run}?", abort=True)
    with connect(settings.redis) as client:
        count = backups.reset(client, settings.run)
    _say(as_json, f"{count:,} keys of run {settings.run} deleted", run=settings.run, keys=count)


def _range(begin: str | None, end: str | None) -> tuple[int, int]:
    from services.aggregation.admin.export import FIRST, LAST, instant

    return instant(begin) if begin else FIRST, instant(end) if end else LAST


def _exported(rows: int, out: Path, as_json: bool) -> None:
    _say(as_json, f"{rows:,} rows in {out}", rows=rows, file=str(out))


def _say(as_json: bool, text: str, **values: object) -> None:
    import json

    typer.echo(json.dumps(values) if as_json else text)


def _settings(state: Path | None, run: str | None) -> Settings:
    from shared.settings import load_settings

    return load_settings(state, **({"run": run} if run else {}))


def _resolutions(name: str | None) -> tuple[Resolution, ...]:
    from shared.contract.aggregates import RESOLUTIONS

    if name is None:
        return RESOLUTIONS
    for resolution in RESOLUTIONS:
        if resolution == name:
            return (resolution,)
    raise typer.BadParameter(f"{name!r}: expected day, hour or minute", param_hint="--resolution")
