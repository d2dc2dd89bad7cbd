"""`bellwether backup | restore | reset`: a run's data kept, put back and deleted.

Each works on a system that is up and on one that is down: workers stand aside while the run changes under them, and
embedded servers that do not run are started for as long as it takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.commands.access.audit import noted
from services.commands.options import Json, Run, State, Yes, say, settings_of

if TYPE_CHECKING:
    from shared.settings import Settings

Topics = Annotated[
    bool,
    typer.Option(
        "--topics", help="Also delete its topics with every document and opinion: nothing of the run remains."
    ),
]


def backup(
    file: Annotated[Path, typer.Argument(help="File to write.")],
    state: State = None,
    run: Run = None,
    as_json: Json = False,
) -> None:
    """Back up what is truth: all that Redis holds for a run, positions included; profiles, the API's keys, the ledger
    of ingest, settings, rules and instruments of the state folder. Workers may keep running. The file holds secrets.
    """
    from services.aggregation.admin import backup as backups
    from services.aggregation.admin.backup_state import left_out
    from shared.clients.redis import connect
    from shared.clock import SystemClock

    with _servers(state, run, kafka=False) as settings, connect(settings.redis) as client:
        rules = Path(settings.alerts.rules)  # from where the command runs, as the worker has it
        named = [*settings.universe.files, *([rules.absolute()] if rules.is_file() else [])]
        count = backups.backup(client, settings.run, file, SystemClock(), settings.state_dir, named)
    lacking = left_out(settings.state_dir, named)
    values = {"run": settings.run, "keys": count, "file": str(file), "left_out": lacking}
    words = [f"{count:,} keys of run {settings.run} written to {file}", f"left out: {', '.join(lacking)}"]
    say(values, words, as_json=as_json)


def restore(
    file: Annotated[Path, typer.Argument(help="File written by `bellwether backup`.")],
    state: State = None,
    run: Run = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Replace a run with a backup. Its workers stop meanwhile, then read again whatever came after the backup.

    Files of the state folder, and the API's keys, are put back where there are none.
    """
    from services.aggregation.admin import backup as backups
    from shared.clients.redis import connect
    from shared.clock import to_iso

    _ask(f"Replace everything Redis holds for the run in {file}?", settings_of(state), yes)
    with _servers(state, run, kafka=False, pausing=_APPLYING) as settings, connect(settings.redis) as client:
        done = backups.restore(client, file, run, settings.state_dir)
        noted(client, "restore", done.run, f"to {to_iso(done.created_at)}")
    values = {"run": done.run, "created_at": to_iso(done.created_at), "files": done.files}
    words = [f"run {done.run} restored to {to_iso(done.created_at)}"]
    words += [f"put back: {', '.join(done.files)}"] if done.files else []
    say(values, words, as_json=as_json)


def reset(
    state: State = None, run: Run = None, topics: Topics = False, yes: Yes = False, as_json: Json = False
) -> None:
    """Delete everything Redis holds for a run. Its workers then read `opinions` again from the start.

    With --topics its documents go, too: a run that was fed the synthetic week is as new, and `up --sample` feeds it
    again.
    """
    from shared.clients.redis import connect

    settings = settings_of(state, run)
    what = "every document, opinion and aggregate" if topics else "the aggregates, positions and signals"
    _ask(f"Delete {what} of run {settings.run}?", settings, yes)
    pausing = (*_APPLYING, "ingest", "archive") if topics else _APPLYING
    with _servers(state, run, kafka=topics, pausing=pausing) as settings:
        count = _without_topics(settings) if topics else _emptied(settings)
        with connect(settings.redis) as client:
            noted(client, "reset", settings.run, "with its topics" if topics else "")
    deleted = f"{count:,} keys{' and the topics' if topics else ''} of run {settings.run} deleted"
    say({"run": settings.run, "keys": count, "topics": topics}, deleted, as_json=as_json)


_APPLYING = ("scoring", "aggregation", "alerts")


def _ask(question: str, settings: Settings, yes: bool) -> None:
    from services.supervisor.processes.records import running_supervisor

    if not yes:
        up = running_supervisor(settings.state_dir.absolute()) is not None
        typer.confirm(question + (" Its workers stop for as long as this takes." if up else ""), abort=True)


@contextmanager
def _servers(state: Path | None, run: str | None, *, kafka: bool, pausing: Sequence[str] = ()) -> Iterator[Settings]:
    """The settings, with the servers running and the workers of these roles not."""
    from services.supervisor.processes.endpoints import own_servers
    from services.supervisor.processes.pause import workers_paused

    folder = settings_of(state, run).state_dir.absolute()
    with workers_paused(folder, pausing), own_servers(folder, with_kafka=kafka):
        yield settings_of(state, run)


def _emptied(settings: Settings) -> int:
    from services.aggregation.admin import backup as backups
    from shared.clients.redis import connect

    with connect(settings.redis) as client:
        return backups.reset(client, settings.run)


def _without_topics(settings: Settings) -> int:
    """Redis first: after a crash in between, the workers would make the aggregates anew, and nothing is refused."""
    from services.supervisor.processes.records import running_supervisor
    from services.supervisor.topics.listing import create_topics
    from services.supervisor.topics.removal import remove_run_topics
    from shared.reading.values.binding import UnknownRun

    try:
        count = _emptied(settings)
    except UnknownRun:
        count = 0  # it has topics and no worker has touched them, or it has nothing
        if not remove_run_topics(settings):
            raise
    else:
        remove_run_topics(settings)
    _forget_archive(settings)
    if running_supervisor(settings.state_dir.absolute()) is not None:
        create_topics(settings)  # its workers start again behind this
    return count


def _forget_archive(settings: Settings) -> None:
    """The archive of a run whose topics are gone."""
    from services.archive.keeping import forget

    forget(settings)
