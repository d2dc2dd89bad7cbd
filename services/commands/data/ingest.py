"""`bellwether ingest …`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.commands.accounts import warn
from services.commands.options import (
    NEW_YORK,
    Columns,
    DateFormat,
    Encoding,
    Json,
    JsonLines,
    Limit,
    Mapping,
    Preset,
    Run,
    State,
    Timezone,
    Yes,
    channel_of,
    count,
    date_format_of,
    note,
    print_json,
    say,
    settings_of,
    timezone_of,
)

if TYPE_CHECKING:
    from services.ingest.delivery.ledger import Counts

app = typer.Typer(help="Load documents: from a file now, from feeds by the worker.", no_args_is_help=True)
rejected_app = typer.Typer(help="Items that ingest rejected (STATE/rejected).", no_args_is_help=True)
app.add_typer(rejected_app, name="rejected")


@app.command("file")
def ingest_file(
    path: Annotated[
        Path, typer.Argument(help="JSONL, .json array, CSV, TSV (each also as .gz or .zip), Parquet, .xlsx.")
    ],
    channel: Annotated[str, typer.Option("--channel", help="news or social.")],
    mapping: Mapping = None,
    live: Annotated[
        bool, typer.Option("--live", help="Current news: available when read rather than when dated.")
    ] = False,
    timezone: Timezone = NEW_YORK,
    date_format: DateFormat = "",
    encoding: Encoding = "",
    columns: Columns = "",
    preset: Preset = "",
    source: Annotated[str | None, typer.Option("--source", help="Name of the source (default: file:NAME).")] = None,
    state: State = None,
    run: Run = None,
    as_json: Json = False,
) -> None:
    """Load a file of documents. If interrupted, it continues where it stopped; loaded twice, nothing counts twice."""
    from services.commands.progress import Bar
    from services.ingest.documents.normalise import Reading
    from services.ingest.file_load import load_file
    from services.ingest.sources.in_house.files import FileSource, source_name
    from services.ingest.sources.tabular.layout import layout_of
    from services.ingest.sources.tabular.mapping import parse_map
    from services.ingest.sources.tabular.rows import format_of
    from services.runtime.telemetry.traces import begin_traces
    from shared.clock import SystemClock

    settings = settings_of(state, run)
    begin_traces(settings, "ingest", "file")
    reading = Reading(
        channel_of(channel), source or source_name(path), timezone_of(timezone), live,
        date_format=date_format_of(date_format),
    )  # fmt: skip
    format_of(path)
    feed = FileSource(path, parse_map(mapping or []), reading, layout_of(preset, encoding, columns))
    try:
        with Bar("reading", max(1, feed.size)) as bar:

            def advance(bytes_read: int, counts: Counts) -> None:
                bar.show(bytes_read, words=f"{counts.read:,} documents")

            result = load_file(settings, feed, SystemClock(), advance)
    except KeyboardInterrupt:
        note("stopped; run the same command again to continue")
        raise typer.Exit(130) from None
    warn(result, f"bellwether ingest rejected list --state {settings.state_dir}")
    say(result, _words(result), as_json=as_json)


@rejected_app.command("list")
def list_rejected(limit: Limit = 50, state: State = None, as_json: JsonLines = False) -> None:
    """List the items that ingest rejected, with the reason and the original. They may contain personal data."""
    import itertools

    from services.ingest.delivery.rejected import read_rejected
    from services.ingest.delivery.rejected_folder import RejectedFolder
    from shared.clients.state_folder import StateFolder
    from shared.clock import to_iso

    folder = settings_of(state).state_dir
    for item in itertools.islice(read_rejected(folder), limit):
        if as_json:
            print_json(item)
        else:
            typer.echo(f"{to_iso(item.at)}  {item.source} {item.position}  {item.reason}: {item.detail}")
    if dropped := sum(RejectedFolder(StateFolder(folder).rejected).dropped().values()):
        note(f"{count(dropped, 'older item')} no longer kept: the folder {StateFolder(folder).rejected} is bounded")


@rejected_app.command("erase")
def erase_rejected(
    source: Annotated[str, typer.Option("--source", help="Only those of this source (as in `list`).")] = "",
    yes: Yes = False,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Erase the items that ingest rejected, which may contain personal data."""
    from services.ingest.delivery.rejected import file_name
    from services.ingest.delivery.rejected_folder import RejectedFolder
    from shared.clients.state_folder import StateFolder

    root = StateFolder(settings_of(state).state_dir).rejected
    if not yes:
        typer.confirm(f"Erase {f'what {source} left' if source else 'everything'} in {root}?", abort=True)
    erased = RejectedFolder(root).erase(file_name(source) if source else "")
    say({"erased": erased}, f"{count(erased, 'rejected item')} erased", as_json=as_json)


def _words(result: dict[str, Any]) -> str:
    return (
        f"{result['read']:,} read = {result['published']:,} published + {result['rejected']:,} rejected + "
        f"{result['duplicates']:,} duplicates, {result['documents_per_s']:,.0f}/s"
    )
