"""`bellwether ingest …`: words and wiring."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from services.ingest.delivery.ledger import Counts
    from services.ingest.sources.files import FileSource
    from shared.contract.events import Channel

app = typer.Typer(help="Bring documents in: from a file now, from feeds by the worker.", no_args_is_help=True)
rejected_app = typer.Typer(help="Items that ingest refused (STATE/rejected).", no_args_is_help=True)
app.add_typer(rejected_app, name="rejected")

State = Annotated[Path | None, typer.Option("--state", help="State folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]


class IngestError(ValueError):
    """A wrong option; the text names it and what is possible."""


@app.command("file")
def ingest_file(
    path: Annotated[Path, typer.Argument(help="JSONL, CSV, TSV (also .gz) or Parquet.")],
    channel: Annotated[str, typer.Option("--channel", help="news or social.")],
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map", help="FIELD=column,… where the file's columns are called otherwise; FIELD= leaves it out."
        ),
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="News of now: available when read, not when dated.")] = False,
    timezone: Annotated[
        str, typer.Option("--timezone", help="The exchange's time zone: a bare date counts from its next midnight.")
    ] = "America/New_York",
    source: Annotated[str | None, typer.Option("--source", help="Name of the source; default: file:NAME.")] = None,
    state: State = None,
    as_json: AsJson = False,
) -> None:
    """Load a file of documents. Interrupted, it goes on where it stopped; loaded twice, nothing counts twice."""
    from services.ingest.file_load import load_file
    from shared.clock import SystemClock
    from shared.settings import load_settings

    settings = load_settings(state)
    feed = _file_source(path, _channel(channel), mapping or [], live, timezone, source)
    try:
        with _Bar(feed.size) as bar:
            result = load_file(settings, feed, SystemClock(), bar.advance)
    except KeyboardInterrupt:
        typer.echo("stopped; the same command goes on from here", err=True)
        raise typer.Exit(130) from None
    _remark(result, settings.state_dir)
    typer.echo(json.dumps(result) if as_json else _words(result))


@rejected_app.command("list")
def list_rejected(
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most this many.")] = 50,
    state: State = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """The items that ingest refused, with reason and original. They may hold personal data."""
    import itertools

    import msgspec

    from services.ingest.delivery.rejected import read_rejected
    from shared.clock import to_iso
    from shared.settings import load_settings

    for item in itertools.islice(read_rejected(load_settings(state).state_dir), limit):
        if as_json:
            typer.echo(msgspec.json.encode(item).decode())
        else:
            typer.echo(f"{to_iso(item.at)}  {item.source} {item.position}  {item.reason}: {item.detail}")


def _file_source(
    path: Path, channel: Channel, mapping: list[str], live: bool, timezone: str, source: str | None
) -> FileSource:
    from zoneinfo import ZoneInfo

    from services.ingest.documents.normalise import Reading
    from services.ingest.sources.files import FileSource, source_name
    from services.ingest.sources.mapping import parse_map
    from services.ingest.sources.rows import format_of

    try:
        exchange = ZoneInfo(timezone)
    except (KeyError, ValueError, OSError):
        raise IngestError(f"--timezone {timezone}: no such zone; write e.g. America/New_York or UTC") from None
    format_of(path)
    reading = Reading(channel, source or source_name(path), exchange, live)
    return FileSource(path, parse_map(mapping), reading)


def _channel(name: str) -> Channel:
    from shared.contract.events import CHANNELS

    for channel in CHANNELS:
        if channel == name:
            return channel
    raise IngestError(f"--channel {name}: write {' or '.join(CHANNELS)}")


def _words(result: dict[str, Any]) -> str:
    return (
        f"{result['read']:,} read = {result['published']:,} published + {result['rejected']:,} rejected + "
        f"{result['duplicates']:,} duplicates, {result['documents_per_s']:,.0f}/s"
    )


def _remark(result: dict[str, Any], state: Path) -> None:
    if result["rejected"]:
        typer.echo(f"mind: {result['rejected']:,} rejected: bellwether ingest rejected list --state {state}", err=True)
    if result["undated"]:
        typer.echo(f"mind: {result['undated']:,} carry no time and count as available when they were read", err=True)
    if result["unlinked"]:
        typer.echo(f"mind: {result['unlinked']:,} company names are not in the catalogue", err=True)


class _Bar:
    """A progress bar on standard error, by bytes of the file."""

    def __init__(self, size: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.fields[words]}"), BarColumn(), TextColumn("{task.percentage:3.0f}%"),
            TimeRemainingColumn(), console=Console(stderr=True), transient=True,
        )  # fmt: skip
        self._task = self._progress.add_task("load", total=max(1, size), words="reading")

    def advance(self, bytes_read: int, counts: Counts) -> None:
        self._progress.update(self._task, completed=bytes_read, words=f"{counts.read:,} documents")

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
