"""`bellwether status | wait | doctor | alive`: how the running system and its machine are."""

from __future__ import annotations

from typing import Annotated

import typer

from services.commands.options import Json, Run, State, note, print_json, settings_of


def status(state: State = None, run: Run = None, as_json: Json = False) -> None:
    """Show exact counts of documents and opinions, lag, rates and workers. Exits with 0 only if all is healthy."""
    from services.supervisor.status.status import read_status
    from services.supervisor.status.table import print_status

    answer = read_status(settings_of(state, run))
    if as_json:
        print_json(answer)
    else:
        print_status(answer)
    if not answer.healthy:
        raise typer.Exit(1)


def wait(
    state: State = None,
    run: Run = None,
    drained: Annotated[bool, typer.Option("--drained", help="Wait until everything published is applied.")] = True,
    timeout: Annotated[float, typer.Option("--timeout", min=0, help="Give up after this many seconds.")] = 600.0,
) -> None:
    """Wait until everything published before the call is applied. Exits with 1 on a timeout."""
    from services.supervisor.status.drain import wait_drained
    from services.supervisor.status.table import DrainProgress

    del drained  # the only thing there is to wait for; the option says it
    with DrainProgress() as progress:
        done = wait_drained(settings_of(state, run), timeout, progress.update)
    if not done:
        note(f"not drained after {timeout:g} s: {progress.left} records left ({progress.stage})")
        raise typer.Exit(1)


def doctor(state: State = None, as_json: Json = False) -> None:
    """Check what this machine has and lacks, with the fix for each. Exits with 1 if something is missing."""
    from services.supervisor.status.doctor import examine
    from services.supervisor.status.table import print_findings

    findings = examine(settings_of(state))
    healthy = all(finding.state != "missing" for finding in findings)
    if as_json:
        print_json({"healthy": healthy, "findings": findings})
    else:
        print_findings(findings)
    if not healthy:
        raise typer.Exit(1)


def alive(
    role: Annotated[str, typer.Option("--role", help="ingest, scoring, aggregation, alerts or api.")],
    name: Annotated[str, typer.Option("--name", help="Name of the worker.")] = "1",
    state: State = None,
    run: Run = None,
) -> None:
    """Exit with 0 if the worker has reported within the last few seconds, else with 1 (container health checks)."""
    from shared.clients.redis import connect
    from shared.reading.values.workers import Workers

    settings = settings_of(state, run)
    with connect(settings.redis) as client:
        reported = Workers(client, settings.run).alive(role, name)
    if not reported:
        note(f"{role} {name} has not reported")
        raise typer.Exit(1)
