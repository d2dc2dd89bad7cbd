"""`bellwether aggregates …`, and the entry of `bellwether worker aggregation`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from shared.aggregates import Resolution
    from shared.settings import Settings

aggregates_app = typer.Typer(help="What the aggregation worker keeps in Redis.", no_args_is_help=True)

State = Annotated[Path | None, typer.Option("--state", help="State folder.")]
Run = Annotated[str | None, typer.Option("--run", help="Run to read (default: live).")]


def run_worker(settings: Settings, name: str) -> NoReturn:
    """Be an aggregation worker until stopped."""
    from services.aggregation.worker import run_worker as run

    run(settings, name)


@aggregates_app.callback()
def _group() -> None:
    """A group, although it has one command yet."""


@aggregates_app.command()
def dump(
    state: State = None,
    run: Run = None,
    resolution: Annotated[str | None, typer.Option("--resolution", help="day, hour or minute; default: all.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line (the only form there is).")] = False,
) -> None:
    """Every bucket in the canonical form: equal input gives equal bytes, whatever was killed in between."""
    import sys

    from services.aggregation.dump import lines
    from services.aggregation.runs import open_run

    del as_json
    store = open_run(_settings(state, run))
    for line in lines(store.rows(_resolutions(resolution))):
        sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def _settings(state: Path | None, run: str | None) -> Settings:
    from shared.settings import load_settings

    return load_settings(state, **({"run": run} if run else {}))


def _resolutions(name: str | None) -> tuple[Resolution, ...]:
    from shared.aggregates import RESOLUTIONS

    if name is None:
        return RESOLUTIONS
    for resolution in RESOLUTIONS:
        if resolution == name:
            return (resolution,)
    raise typer.BadParameter(f"{name!r}: expected day, hour or minute", param_hint="--resolution")
