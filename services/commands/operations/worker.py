"""`bellwether worker ROLE`: one worker process. What it does is in its role's package."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated

import typer

from services.commands.options import Run, State, settings_of
from shared.contract.names import checked_name

app = typer.Typer(help="Run one worker process in the foreground (`bellwether up` does this for you).")

Name = Annotated[str, typer.Option("--name", help="Name of this worker, unique within its role.")]


def _run(role: str, name: str, state: Path | None, run: str | None) -> None:
    from services.runtime.telemetry.logs import configure, secrets_of
    from services.runtime.telemetry.traces import begin_traces

    settings = settings_of(state, run)
    name = checked_name(name)
    configure(settings.state_dir, role, name, settings.worker.log_level, secrets_of(settings))
    begin_traces(settings, role, name)
    importlib.import_module(f"services.{role}.main").run_worker(
        settings, name
    )  # no role pays for the imports of the others


@app.command()
def ingest(name: Name = "1", state: State = None, run: Run = None) -> None:
    """Read the configured sources into documents.*, and write ticks."""
    _run("ingest", name, state, run)


@app.command()
def scoring(name: Name = "1", state: State = None, run: Run = None) -> None:
    """Score documents.* into opinions."""
    _run("scoring", name, state, run)


@app.command()
def aggregation(name: Name = "1", state: State = None, run: Run = None) -> None:
    """Apply opinions to the aggregates in Redis."""
    _run("aggregation", name, state, run)


@app.command()
def archive(name: Name = "1", state: State = None, run: Run = None) -> None:
    """Keep every document, opinion, reading and signal where search and as-of read them."""
    _run("archive", name, state, run)


@app.command()
def alerts(name: Name = "1", state: State = None, run: Run = None) -> None:
    """Apply the alert rules to signals and send the alerts."""
    _run("alerts", name, state, run)


@app.command()
def api(name: Name = "1", state: State = None, run: Run = None) -> None:
    """Answer the HTTP API."""
    _run("api", name, state, run)
