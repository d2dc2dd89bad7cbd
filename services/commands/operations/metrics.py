"""`bellwether metrics serve | show`: a run as Prometheus sees it, without a supervisor on the spot."""

from __future__ import annotations

import signal
import sys
import threading
from typing import Annotated

import typer

from services.commands.options import Run, State, note, settings_of

app = typer.Typer(help="Show a run to Prometheus (`bellwether up` does this for you).")


@app.command()
def serve(
    state: State = None,
    run: Run = None,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on (default: metrics.host).")] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="Port (default: metrics.port); 0: any free port.")
    ] = None,
) -> None:
    """Answer /metrics (the run as a whole) and /targets (where its workers answer) until it is stopped."""
    from services.supervisor.exposition.exporter import Exporter
    from services.supervisor.status.status import read_status

    settings = settings_of(state, run)
    chosen = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = settings.model_copy(update={"metrics": settings.metrics.model_copy(update=chosen)})
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    exporter = Exporter(settings, lambda: read_status(settings))
    note(f"http://{exporter.start()}/metrics")
    stopped.wait()
    exporter.stop()


@app.command()
def show(state: State = None, run: Run = None) -> None:
    """Print the run's metrics as /metrics would give them now."""
    from services.supervisor.exposition.exporter import Exporter
    from services.supervisor.status.status import read_status

    settings = settings_of(state, run)
    exporter = Exporter(settings, lambda: read_status(settings))
    sys.stdout.write(exporter.text().decode())
    exporter.stop()
