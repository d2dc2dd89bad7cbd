"""`bellwether up | down | status | wait | resume | doctor | logs`: words and wiring, no logic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

State = Annotated[Path | None, typer.Option("--state", help="State folder (default: one per user).")]
Run = Annotated[str | None, typer.Option("--run", help="Run (default: live).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Bootstrap = Annotated[
    str | None, typer.Option("--bootstrap-servers", help="Use this Kafka (HOST:PORT,…) and start none.")
]
RedisUrl = Annotated[str | None, typer.Option("--redis-url", help="Use this Redis (redis://…) and start none.")]
Sample = Annotated[
    bool | None,
    typer.Option("--sample/--no-sample", help="Feed the synthetic week; by default only into a Kafka of our own."),
]
Dashboard = Annotated[bool, typer.Option("--dashboard/--no-dashboard", help="Start the dashboard.")]
Port = Annotated[
    int | None, typer.Option("--dashboard-port", min=0, max=65535, help="Port of the dashboard; 0: any free one.")
]
Scoring = Annotated[int, typer.Option("--scoring", min=0, help="Scoring workers.")]
Aggregation = Annotated[int, typer.Option("--aggregation", min=0, help="Aggregation workers.")]


def up(
    state: State = None,
    run: Run = None,
    detach: Annotated[bool, typer.Option("--detach", help="Return when all is healthy, and leave it running.")] = False,
    bootstrap_servers: Bootstrap = None,
    redis_url: RedisUrl = None,
    sample: Sample = None,
    dashboard: Dashboard = True,
    dashboard_port: Port = None,
    scoring: Scoring = 1,
    aggregation: Aggregation = 1,
    as_json: AsJson = False,
) -> None:
    """Start Kafka, Redis, ingest, scoring, aggregation, alerts and the dashboard, and keep them running."""
    from services.supervisor.launch import launch_detached, run_attached
    from services.supervisor.processes.records import running_supervisor
    from services.supervisor.processes.specs import Options
    from services.supervisor.status.status import read_supervisor

    folder = _folder(state)
    if running_supervisor(folder) is not None:
        typer.echo(f"already running on {folder}", err=True)
        _report_up(read_supervisor(folder), as_json=as_json)
        return
    options = Options(
        bootstrap_servers, redis_url, sample, dashboard, dashboard_port, scoring, aggregation
    )  # fmt: skip
    if detach:
        _report_up(launch_detached(folder, run, options, lambda text: typer.echo(text, err=True)), as_json=as_json)
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
) -> None:
    """What `up --detach` leaves running."""
    from services.supervisor.launch import run_quietly
    from services.supervisor.processes.specs import Options

    folder = _folder(state)
    _log_to(folder)
    options = Options(bootstrap_servers, redis_url, sample, dashboard, dashboard_port, scoring, aggregation)
    run_quietly(folder, run, options)


def down(state: State = None) -> None:
    """Stop everything that belongs to the state folder. Data stays."""
    from services.supervisor.launch import stop_all

    remaining = stop_all(_folder(state))
    if remaining:
        typer.echo(f"could not stop: {', '.join(f'{found.role} (pid {found.pid})' for found in remaining)}", err=True)
        raise typer.Exit(1)
    typer.echo("stopped", err=True)


def status(state: State = None, run: Run = None, as_json: AsJson = False) -> None:
    """Documents and opinions counted exactly, lag, rate, workers. Exit code 0 only when all is healthy."""
    import msgspec

    from services.supervisor.status.status import read_status
    from services.supervisor.status.table import print_status

    found = read_status(_settings(state, run))
    if as_json:
        typer.echo(msgspec.json.encode(found))
    else:
        print_status(found)
    if not found.healthy:
        raise typer.Exit(1)


def wait(
    state: State = None,
    run: Run = None,
    drained: Annotated[bool, typer.Option("--drained", help="Until all that was published is applied.")] = True,
    timeout: Annotated[float, typer.Option("--timeout", min=0, help="Give up after this many seconds.")] = 600.0,
) -> None:
    """Return 0 once everything published before the call is applied, 1 on time-out."""
    from services.supervisor.status.drain import wait_drained
    from services.supervisor.status.table import DrainProgress

    del drained  # the only thing there is to wait for; the option says it
    with DrainProgress() as progress:
        done = wait_drained(_settings(state, run), timeout, progress.update)
    if not done:
        typer.echo(f"not drained after {timeout:g} s: {progress.left} records left ({progress.stage})", err=True)
        raise typer.Exit(1)


def resume(state: State = None) -> None:
    """Let workers that stopped for a reason of their own (too many dead letters, refused) be started again."""
    from services.supervisor.processes.holds import release_all

    released = release_all(_folder(state))
    typer.echo(f"released: {', '.join(released)}" if released else "no worker is held", err=True)


def doctor(state: State = None, as_json: AsJson = False) -> None:
    """What this machine has and lacks, with the remedy for each. Exit code 1 when something is missing."""
    import msgspec

    from services.supervisor.status.doctor import examine
    from services.supervisor.status.table import print_findings

    findings = examine(_settings(state, None))
    healthy = all(finding.state != "missing" for finding in findings)
    if as_json:
        typer.echo(msgspec.json.encode({"healthy": healthy, "findings": findings}))
    else:
        print_findings(findings)
    if not healthy:
        raise typer.Exit(1)


def alive(
    role: Annotated[str, typer.Option("--role", help="ingest, scoring, aggregation or alerts.")],
    name: Annotated[str, typer.Option("--name", help="Name of the worker.")] = "1",
    state: State = None,
    run: Run = None,
) -> None:
    """Exit code 0 when that worker has reported in the last seconds, else 1 (health checks of containers)."""
    from services.supervisor.status.status import is_alive

    if not is_alive(_settings(state, run), role, name):
        typer.echo(f"{role} {name} has not reported", err=True)
        raise typer.Exit(1)


def logs(
    state: State = None,
    role: Annotated[str | None, typer.Argument(help="Only this role, e.g. scoring.")] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="Lines of each file.")] = 20,
) -> None:
    """The last lines of the processes' logs, oldest first."""
    from services.supervisor.status.log_files import latest

    for line in latest(_folder(state), role, lines):
        typer.echo(line)


def _folder(state: Path | None) -> Path:
    from shared.settings import load_settings

    return Path(load_settings(state).state_dir).absolute()


def _settings(state: Path | None, run: str | None) -> Any:
    from shared.settings import load_settings

    return load_settings(state, **({"run": run} if run else {}))


def _log_to(folder: Path) -> None:
    from services.runtime.logs import configure, secrets_of
    from shared.settings import load_settings

    settings = load_settings(folder)
    configure(folder, "supervisor", "", settings.worker.log_level, secrets_of(settings))


def _report_up(found: Any, *, as_json: bool) -> None:
    import msgspec

    if as_json:
        typer.echo(msgspec.json.encode(found))
    if found.dashboard:
        typer.echo(f"Dashboard: {found.dashboard}", err=True)
    for problem in found.problems:
        typer.echo(f"not healthy: {problem}", err=True)
    if not found.healthy:
        raise typer.Exit(1)
