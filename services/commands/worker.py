"""`bellwether worker ROLE`: one worker process. What it does is in the role's own package."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Run one worker process in the foreground (the supervisor does this for you).")

Name = Annotated[str, typer.Option("--name", help="Name of this worker, unique within its role.")]
State = Annotated[Path | None, typer.Option("--state", help="State folder.")]
Run = Annotated[str | None, typer.Option("--run", help="Run that the worker belongs to (default: live).")]


def _run(role: str, name: str, state: Path | None, run: str | None) -> None:
    from services.runtime.logs import configure, secrets_of
    from shared.settings import load_settings

    settings = load_settings(state, **({"run": run} if run else {}))
    configure(settings.state_dir, role, name, settings.worker.log_level, secrets_of(settings))
    importlib.import_module(f"services.{role}.main").run_worker(settings, name)  # none pays for the others' imports


@app.command()
def ingest(name: Name = "1", state: State = None, run: Run = None) -> None:
    """Read the sources of the settings into documents.*, and write ticks."""
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
def alerts(name: Name = "1", state: State = None, run: Run = None) -> None:
    """Look at signals by the rules, and send what follows."""
    _run("alerts", name, state, run)
