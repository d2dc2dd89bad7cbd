"""`bellwether archive …`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from services.commands.options import Json, OptionError, Run, State, Yes, note, say, settings_of

if TYPE_CHECKING:
    from services.archive.keeping import ArchiveStatus
    from shared.settings import Settings

archive_app = typer.Typer(help="What is kept of every document, opinion, reading and signal.", no_args_is_help=True)


@archive_app.command()
def status(state: State = None, run: Run = None, as_json: Json = False) -> None:
    """Show what the archive holds, and what of the log it has yet to take in."""
    from services.archive import keeping
    from shared.reading.offsets import KafkaUnreachable, require_broker

    settings = settings_of(state, run)
    try:
        require_broker(settings.kafka)
        told = keeping.status(settings, keeping.topic_ends(settings))
    except KafkaUnreachable as error:
        note(f"{error}: what waits is not known")
        told = keeping.status(settings)
    say(told, _lines(told), as_json=as_json)


def _lines(told: ArchiveStatus) -> Iterator[str]:
    yield f"{told.address}" + (f", {told.bytes:,} bytes" if told.bytes is not None else "")
    for table in told.tables:
        waiting = "unknown" if table.waiting is None else f"{table.waiting:,}"
        yield f"{table.name:10} {table.rows:>12,} rows  {waiting} waiting  {table.unindexed:,} not indexed"
    yield f"{told.checkpoints:,} checkpoints"


@archive_app.command()
def rebuild(state: State = None, run: Run = None, yes: Yes = False, as_json: Json = False) -> None:
    """Make the archive anew from the log. Its worker stands aside meanwhile; answers are the same afterwards."""
    from services.archive import keeping

    name = settings_of(state, run).run
    if not yes:
        typer.confirm(f"Make the archive of run {name} anew from the log?", abort=True)
    with _servers(state, run) as settings:
        count = keeping.rebuild(settings)
    say({"run": name, "rows": count}, f"{count:,} rows in the archive of run {name}", as_json=as_json)


@archive_app.command()
def compact(state: State = None, run: Run = None, as_json: Json = False) -> None:
    """Merge small files, update indices and checkpoints, drop old versions now (the worker does so each minute)."""
    from services.archive.tables import Tables
    from services.archive.upkeep import Upkeep
    from shared.clients.redis import connect
    from shared.reading.archive.tables import ArchiveTables

    settings = settings_of(state, run)
    tables = Tables(ArchiveTables.of(settings))
    with connect(settings.redis) as client:
        done = Upkeep(tables, client, settings).round()
    if not done:
        raise OptionError("another process compacts the archive now; see: bellwether archive status")
    say({"run": settings.run, "compacted": True}, f"archive of run {settings.run} compacted", as_json=as_json)


@contextmanager
def _servers(state: Path | None, run: str | None) -> Iterator[Settings]:
    """The settings, with Kafka running and the archive worker not."""
    from services.supervisor.processes.endpoints import own_servers
    from services.supervisor.processes.pause import workers_paused

    folder = settings_of(state, run).state_dir.absolute()
    with workers_paused(folder, ("archive",)), own_servers(folder, with_kafka=True):
        yield settings_of(state, run)
