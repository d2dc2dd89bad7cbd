"""`bellwether replay …`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.commands.accounts import warn
from services.commands.options import (
    NEW_YORK,
    Begin,
    Columns,
    DateFormat,
    Encoding,
    End,
    Json,
    Mapping,
    OptionError,
    Preset,
    State,
    Timezone,
    between,
    channel_of,
    date_format_of,
    note,
    say,
    settings_of,
    timezone_of,
)
from services.commands.recipes import Recipe

if TYPE_CHECKING:
    from services.runs.progress import Follower
    from shared.settings import Settings

replay_app = typer.Typer(
    help="Replay a stretch of the past through the live code, as a run with its own name.", invoke_without_command=True
)

RunName = Annotated[str, typer.Argument(help="Name of the run.")]


@replay_app.callback()
def replay(
    context: typer.Context,
    run: Annotated[str | None, typer.Option("--run", help="Name for the run.")] = None,
    topic: Annotated[
        list[str] | None,
        typer.Option("--topic", help="documents.news or documents.social (default: both). May be repeated."),
    ] = None,
    begin: Begin = None,
    end: End = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="Replay a file, of any format of `ingest file`, instead of topics.")
    ] = None,
    channel: Annotated[str, typer.Option("--channel", help="Channel of the file: news or social.")] = "news",
    mapping: Mapping = None,
    timezone: Timezone = NEW_YORK,
    date_format: DateFormat = "",
    encoding: Encoding = "",
    columns: Columns = "",
    preset: Preset = "",
    speed: Annotated[str, typer.Option("--speed", help="60x: an hour per minute; max: as fast as possible.")] = "max",
    model: Annotated[str, typer.Option("--model", help="Another model than the configured one.")] = "",
    strategy: Annotated[
        list[str] | None, typer.Option("--strategy", help="Name or YAML file. May be repeated.")
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=0, help="0: in this process; N: through Kafka and N workers of each role.")
    ] = 0,
    anonymise: Annotated[bool, typer.Option("--anonymise", help="Hide company names from the model.")] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Score everything again, cached or not.")] = False,
    reuse_opinions: Annotated[
        bool, typer.Option("--reuse-opinions", help="From topics: reuse live opinions made by the same model.")
    ] = False,
    prices: Annotated[
        str | None,
        typer.Option(
            "--prices", help="Draw the equity curve as it grows and back-test the finished run on these prices."
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue a run that was stopped.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a run of this name.")] = False,
    recipe: Recipe = None,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Replay a range; `bellwether replay list|show|delete` manage the runs."""
    del recipe  # applied while the options were read
    if context.invoked_subcommand is not None:
        return
    from rich.progress import MofNCompleteColumn

    from services.commands.progress import Bar
    from services.replay.run import Question, parse_channels, parse_speed, replay

    if run is None:
        raise OptionError("--run is missing; give the replay a name, for example, --run spring-2014")
    channels = (channel_of(channel),) if file else parse_channels(topic or [])
    question = Question(
        str(file.absolute()) if file else "", channels, *between(begin, end),
        tuple(mapping or ()), timezone_of(timezone).key, model, tuple(strategy or ()), anonymise,
        date_format_of(date_format), encoding, columns, preset,
    )  # fmt: skip
    settings = settings_of(state)
    follow = _follow(settings, prices) if prices and not workers else None
    with Bar("replay", amount=MofNCompleteColumn()) as bar:
        if workers:
            _alone(anonymise, "--anonymise")
            _alone(resume, "--resume")
            _alone(reuse_opinions, "--reuse-opinions")
            _alone(speed != "max", "--speed")
            from services.replay.through_kafka import replay_through_kafka

            summary = replay_through_kafka(
                settings, run, question, workers, overwrite=overwrite, progress=bar.show, tell=note
            )
        else:
            summary = replay(
                settings, run, question, speed=parse_speed(speed), cache=not no_cache, reuse_opinions=reuse_opinions,
                resume=resume, overwrite=overwrite, progress=bar.show, follow=follow,
            )  # fmt: skip
    if prices:
        summary |= {"backtest": _test(settings, run, prices)}
    warn(summary, f"bellwether ingest rejected list --state {settings.state_dir}" if file else "")
    say(summary, _words(summary), as_json=as_json)


def _alone(used: bool, option: str) -> None:
    if used:
        raise OptionError(f"{option} works only in one process; leave out --workers")


def _follow(settings: Settings, prices: str) -> Callable[[Path], Follower]:
    from services.backtest.growing import follower

    return follower(settings, prices)


def _test(settings: Settings, run: str, prices: str) -> dict[str, object]:
    """Back-test every strategy of a finished run with the default options; `bellwether backtest` has the others."""
    from services.backtest.inputs import load_run
    from services.backtest.options import Choices
    from services.backtest.run import backtest_run
    from services.commands.offline.backtest import words
    from shared.reading.runs_folder import TEAR_SHEET

    measures: dict[str, object] = {}
    for strategy in sorted(set(load_run(settings, run).signals["strategy"])):
        folder, metrics = backtest_run(settings, run, prices, Choices(strategy=strategy))
        note(f"{strategy}: {words(metrics)}; tear sheet: {folder / TEAR_SHEET}")
        measures[strategy] = {name: metrics[name] for name in ("ic_mean", "ic_t", "sharpe", "max_drawdown")}
    return measures


@replay_app.command("list")
def list_(state: State = None, as_json: Json = False) -> None:
    """List all runs."""
    from services.runs.folder import list_runs

    runs = list_runs(settings_of(state))
    words = (f"{run['run']:24} {run['state']:9} {_words(run) if run['state'] == 'finished' else ''}" for run in runs)
    say(runs, words, as_json=as_json)


@replay_app.command()
def show(run: RunName, state: State = None, as_json: Json = False) -> None:
    """Show one run: what was asked and what came out."""
    from services.runs.folder import show_run

    summary = show_run(settings_of(state), run)
    say(summary, json.dumps(summary, indent=1), as_json=as_json)


@replay_app.command()
def delete(run: RunName, state: State = None) -> None:
    """Delete a run and everything it produced."""
    from services.runs.folder import delete_run, show_run

    settings = settings_of(state)
    if show_run(settings, run).get("workers"):
        from services.replay.through_kafka import forget_run

        forget_run(settings, run)
    delete_run(settings, run)
    typer.echo(f"run {run} deleted")


def _words(summary: dict[str, object]) -> str:
    return (
        f"{_rows(summary)}{summary['documents']:,} documents, {summary['opinions']:,} opinions, "
        f"{summary['signals']:,} signals, {summary['dead']:,} dead letters, {summary['seconds']} s, "
        f"aggregates {str(summary['aggregates_sha256'])[:12]}"
    )


def _rows(summary: dict[str, object]) -> str:
    """What was read and what became of it; runs of former versions do not say."""
    if "read" not in summary:
        return ""
    return (
        f"{summary['read']:,} read = {summary['taken']:,} taken + {summary['outside']:,} outside the range + "
        f"{summary['rejected']:,} rejected + {summary['copies']:,} copies; "
    )
