"""`bellwether topics create | list | resize`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from shared.settings import Settings

app = typer.Typer(help="The topics of a run.", no_args_is_help=True)

State = Annotated[Path | None, typer.Option("--state", help="State folder.")]
Run = Annotated[str | None, typer.Option("--run", help="Run (default: live).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


@app.command()
def create(state: State = None, run: Run = None) -> None:
    """Create the topics that are missing, with the partition counts of the settings."""
    from services.supervisor.topics.listing import create_topics

    for topic in create_topics(_settings(state, run)):
        typer.echo(f"{topic.name}: {topic.partitions} partitions, id {topic.topic_id}")


@app.command("list")
def list_topics(state: State = None, run: Run = None, as_json: AsJson = False) -> None:
    """Topics of the run: partitions, id, records, and what the settings say where that differs."""
    import msgspec

    from services.supervisor.topics.listing import list_run_topics

    rows = list_run_topics(_settings(state, run))
    if as_json:
        typer.echo(msgspec.json.encode({"topics": rows}))
        return
    for row in rows:
        differs = "" if row.partitions in (0, row.configured) else f"   (settings say {row.configured})"
        missing = "" if row.partitions else "   missing: bellwether topics create"
        typer.echo(f"{row.name:24} {row.partitions:3} partitions  {row.records:12,} records{differs}{missing}")


@app.command()
def resize(
    state: State = None,
    run: Run = None,
    opinions: Annotated[int | None, typer.Option("--opinions", min=1, help="New partition count of opinions.")] = None,
    documents: Annotated[
        int | None, typer.Option("--documents", min=1, help="New partition count of each documents.* topic.")
    ] = None,
) -> None:
    """Change partition counts of a run that is drained and stopped.

    The records of opinions are laid anew over the new partitions, and the workers make the aggregates again from
    them. A documents topic changes only while it holds no record. Embedded servers are started for as long as it takes.
    """
    from services.supervisor.processes.endpoints import own_servers
    from services.supervisor.topics.resize import resize_topics

    with own_servers(_settings(state, run).state_dir):
        settings = _settings(state, run)
        for line in resize_topics(
            settings, documents=documents, opinions=opinions, tell=lambda text: typer.echo(text, err=True)
        ):
            typer.echo(line)


def _settings(state: Path | None, run: str | None) -> Settings:
    from shared.settings import load_settings

    return load_settings(state, **({"run": run} if run else {}))
