"""`bellwether up | down | resume`, and `supervisor`, which `up --detach` leaves running."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.commands.options import Json, OptionError, Run, State, note, print_json, settings_of

if TYPE_CHECKING:
    from shared.contract.operation.processes import SupervisorState

Bootstrap = Annotated[
    str | None,
    typer.Option("--bootstrap-servers", help="Use this Kafka (HOST:PORT,…) instead of starting one."),
]
RedisUrl = Annotated[
    str | None,
    typer.Option(
        "--redis-url",
        help="Use this Redis (redis://…) instead of starting one.",
        envvar="BELLWETHER_UP_REDIS_URL",  # how a password gets here: see services/commands/private_arguments.py
        show_envvar=False,
    ),
]
Sample = Annotated[
    bool | None,
    typer.Option("--sample/--no-sample", help="Feed the synthetic week (default: the setting ingest.sample: no)."),
]
Dashboard = Annotated[bool, typer.Option("--dashboard/--no-dashboard", help="Start the dashboard.")]
Port = Annotated[
    int | None, typer.Option("--dashboard-port", min=0, max=65535, help="Port of the dashboard; 0: any free port.")
]
Api = Annotated[bool, typer.Option("--api/--no-api", help="Start the HTTP API.")]
ApiPort = Annotated[int | None, typer.Option("--api-port", min=0, max=65535, help="Port of the API; 0: any free port.")]
Insecure = Annotated[
    bool, typer.Option("--insecure", help="Serve the dashboard to others although nobody has to log in.")
]
Scoring = Annotated[int, typer.Option("--scoring", min=0, help="Number of scoring workers.")]
Aggregation = Annotated[int, typer.Option("--aggregation", min=0, help="Number of aggregation workers.")]
WorkersOnly = Annotated[
    bool,
    typer.Option("--workers-only", help="Only workers, beside a system that runs elsewhere (docs/second-machine.md)."),
]
_REST = "Number of {} workers (default: 1; with --workers-only 0)."
Alerts = Annotated[int | None, typer.Option("--alerts", min=0, help=_REST.format("alerts"))]
Archive = Annotated[int | None, typer.Option("--archive", min=0, help=_REST.format("archive"))]
Ingest = Annotated[int | None, typer.Option("--ingest", min=0, max=1, help=_REST.format("ingest"))]


def up(
    state: State = None,
    run: Run = None,
    detach: Annotated[bool, typer.Option("--detach", help="Return once all is healthy and leave it running.")] = False,
    bootstrap_servers: Bootstrap = None,
    redis_url: RedisUrl = None,
    sample: Sample = None,
    dashboard: Dashboard = True,
    dashboard_port: Port = None,
    scoring: Scoring = 1,
    aggregation: Aggregation = 1,
    api: Api = True,
    api_port: ApiPort = None,
    insecure: Insecure = False,
    workers_only: WorkersOnly = False,
    alerts: Alerts = None,
    archive: Archive = None,
    ingest: Ingest = None,
    as_json: Json = False,
) -> None:
    """Start Kafka, Redis, ingest, scoring, aggregation, alerts, the dashboard and the API, and keep them running.

    With --workers-only, nothing but workers, for a Kafka and a Redis that run elsewhere."""
    from services.supervisor.launch import launch_detached, run_attached
    from services.supervisor.processes.records import running_supervisor
    from services.supervisor.processes.specs import SAMPLE_NOTE, Options
    from services.supervisor.status.status import read_supervisor

    folder = _folder(state)
    if running_supervisor(folder) is not None:
        running = read_supervisor(folder)
        _refuse_another_run(running.run, settings_of(state, run).run, folder)
        note(f"already running on {folder}" + (f", run {running.run}" if running.run else ""))
        _report(running, as_json=as_json)
        return
    _check_universe(folder, run)
    page, door = dashboard and not workers_only, api and not workers_only
    options = Options(
        bootstrap_servers, redis_url, sample, page, dashboard_port, scoring, aggregation, door, api_port, insecure,
        workers_only, alerts, archive, ingest,
    )  # fmt: skip
    if detach:
        started = launch_detached(folder, run, options, note)
        if sample:
            note(SAMPLE_NOTE.format(run=started.run))
        _report(started, as_json=as_json)
    else:
        _log_to(folder)
        run_attached(folder, run, options)


def supervisor(
    state: State = None,
    run: Run = None,
    bootstrap_servers: Bootstrap = None,
    redis_url: RedisUrl = None,
    sample: Sample = None,
    dashboard: Dashboard = True,
    dashboard_port: Port = None,
    scoring: Scoring = 1,
    aggregation: Aggregation = 1,
    api: Api = True,
    api_port: ApiPort = None,
    insecure: Insecure = False,
    workers_only: WorkersOnly = False,
    alerts: Alerts = None,
    archive: Archive = None,
    ingest: Ingest = None,
) -> None:
    """What `up --detach` leaves running."""
    from services.supervisor.launch import run_quietly
    from services.supervisor.processes.specs import Options

    folder = _folder(state)
    _log_to(folder)
    _check_universe(folder, run)
    page, door = dashboard and not workers_only, api and not workers_only
    options = Options(
        bootstrap_servers, redis_url, sample, page, dashboard_port, scoring, aggregation, door, api_port, insecure,
        workers_only, alerts, archive, ingest,
    )  # fmt: skip
    run_quietly(folder, run, options)


def down(state: State = None) -> None:
    """Stop everything that belongs to the state folder. Data is kept."""
    from services.supervisor.launch import stop_all

    remaining = stop_all(_folder(state))
    if remaining:
        note(f"could not stop: {', '.join(f'{process.role} (pid {process.pid})' for process in remaining)}")
        raise typer.Exit(1)
    note("stopped")


def resume(state: State = None) -> None:
    """Allow workers that stopped themselves (too many dead letters, or refused) to be started again."""
    from services.supervisor.processes.holds import release_all

    released = release_all(_folder(state))
    note(f"released: {', '.join(released)}" if released else "no worker is held")


def _folder(state: Path | None) -> Path:
    return settings_of(state).state_dir.absolute()


def _check_universe(folder: Path, run: str | None) -> None:
    """A file of instruments that cannot be read is told here, and not by every worker. Raises CatalogueError."""
    from shared.universe.own_files import files_in_use
    from shared.universe.securities import Catalogue

    settings_of(folder, run)
    if files_in_use():
        Catalogue.load()


def _refuse_another_run(running: str, wanted: str, folder: Path) -> None:
    """A state folder has one run up at a time: its pages and commands speak of that one."""
    if running not in ("", wanted):
        raise OptionError(
            f"run {running} is up on {folder}, not {wanted}; stop it first (bellwether down), or give the other run "
            "a state folder of its own (--state)"
        )


def _log_to(folder: Path) -> None:
    from services.runtime.telemetry.logs import configure, secrets_of

    settings = settings_of(folder)
    configure(folder, "supervisor", "", settings.worker.log_level, secrets_of(settings))


def _report(running: SupervisorState, *, as_json: bool) -> None:
    if as_json:
        print_json(running)
    if running.dashboard:
        note(f"Dashboard: {running.dashboard}")
    if running.api:
        note(f"API: {running.api}/v1")
    for problem in running.problems:
        note(f"not healthy: {problem}")
    if not running.healthy:
        raise typer.Exit(1)
