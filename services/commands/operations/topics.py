"""`bellwether topics create | list | resize`; `forget` has a module of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from services.commands.access.audit import noted
from services.commands.operations.forget import forget
from services.commands.options import Json, Run, State, note, say, settings_of

if TYPE_CHECKING:
    from services.supervisor.topics.listing import TopicRow

app = typer.Typer(help="The topics of a run.", no_args_is_help=True)
app.command()(forget)


@app.command()
def create(state: State = None, run: Run = None) -> None:
    """Create the missing topics with the configured partition counts."""
    from services.supervisor.topics.listing import create_topics

    for topic in create_topics(settings_of(state, run)):
        typer.echo(f"{topic.name}: {topic.partitions} partitions, id {topic.topic_id}")


@app.command("list")
def list_topics(state: State = None, run: Run = None, as_json: Json = False) -> None:
    """List the topics of a run: partitions, records, and the configured partition count where it differs."""
    from services.supervisor.topics.listing import list_run_topics

    rows = list_run_topics(settings_of(state, run))
    say({"topics": rows}, map(_line, rows), as_json=as_json)


def _line(row: TopicRow) -> str:
    differs = "" if row.partitions in (0, row.configured) else f"   (settings: {row.configured})"
    missing = "" if row.partitions else "   missing; run: bellwether topics create"
    return f"{row.name:24} {row.partitions:3} partitions  {row.records:12,} records{differs}{missing}"


@app.command()
def resize(
    state: State = None,
    run: Run = None,
    opinions: Annotated[int | None, typer.Option("--opinions", min=1, help="New partition count of opinions.")] = None,
    documents: Annotated[
        int | None, typer.Option("--documents", min=1, help="New partition count of each documents.* topic.")
    ] = None,
) -> None:
    """Change the partition counts of a run that is drained and stopped.

    The records of opinions are repartitioned, and the workers rebuild the aggregates from them. A documents topic can
    change only while it is empty. Embedded servers are started for as long as this takes.
    """
    from services.supervisor.processes.endpoints import own_servers
    from services.supervisor.topics.resize import resize_topics
    from shared.clients.redis import connect

    with own_servers(settings_of(state, run).state_dir):
        settings = settings_of(state, run)
        for line in resize_topics(settings, documents=documents, opinions=opinions, tell=note):
            typer.echo(line)
        with connect(settings.redis) as client:
            noted(client, "topics resize", settings.run, f"documents {documents}, opinions {opinions}")
