"""`bellwether replay …`: words and wiring."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.commands.recipes import Recipe

if TYPE_CHECKING:
    from services.runs.progress import Follower
    from shared.settings import Settings

replay_app = typer.Typer(
    help="Play a stretch of the past through the live code, under a run's name.", invoke_without_command=True
)

State = Annotated[Path | None, typer.Option("--state", help="State folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]


@replay_app.callback()
def replay(
    context: typer.Context,
    run: Annotated[str | None, typer.Option("--run", help="Name of the run.")] = None,
    topic: Annotated[
        list[str] | None, typer.Option("--topic", help="documents.news, documents.social; may repeat.")
    ] = None,
    begin: Annotated[str | None, typer.Option("--from", help="Available at this time or later; ISO, UTC.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Available before this time.")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="JSONL, CSV or Parquet (also .gz) in place of topics.")
    ] = None,
    channel: Annotated[str, typer.Option("--channel", help="Of a file: news or social.")] = "news",
    mapping: Annotated[list[str] | None, typer.Option("--map", help="FIELD=column,… of a file.")] = None,
    timezone: Annotated[str, typer.Option("--timezone", help="The exchange's, for bare dates.")] = "America/New_York",
    speed: Annotated[str, typer.Option("--speed", help="60x: an hour a minute; max.")] = "max",
    model: Annotated[str, typer.Option("--model", help="Another model than the settings'.")] = "",
    strategy: Annotated[list[str] | None, typer.Option("--strategy", help="Name or file; may repeat.")] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=0, help="0: this process alone; N: Kafka and N workers.")
    ] = 0,
    anonymise: Annotated[bool, typer.Option("--anonymise", help="Hide company names from the model.")] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Score anew what was scored before.")] = False,
    reuse_opinions: Annotated[
        bool, typer.Option("--reuse-opinions", help="Of topics: take the live opinions where the same model made them.")
    ] = False,
    prices: Annotated[
        str | None,
        typer.Option("--prices", help="Show the equity curve grow, and back-test the run at its end, on these prices."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a run of this name.")] = False,
    recipe: Recipe = None,
    state: State = None,
    as_json: AsJson = False,
) -> None:
    """Replay a range; `bellwether replay list|show|delete` look after the runs."""
    del recipe  # applied while the options were read
    if context.invoked_subcommand is not None:
        return
    from services.replay.progress import Bar
    from services.replay.run import Question, parse_channels, parse_moment, parse_speed, replay
    from services.runs.folder import RunError
    from shared.settings import load_settings

    if run is None:
        raise RunError("--run is missing: give the replay a name, e.g. --run spring-2014")
    channels = parse_channels([f"documents.{channel}"] if file else topic or [])
    question = Question(
        str(file.absolute()) if file else "", channels, parse_moment(begin, "--from"), parse_moment(end, "--to"),
        tuple(mapping or ()), timezone, model, tuple(strategy or ()), anonymise,
    )  # fmt: skip
    settings = load_settings(state)
    follow = _follow(settings, prices) if prices and not workers else None
    with Bar() as bar:
        if workers:
            _alone(workers, anonymise, "--anonymise")
            _alone(workers, resume, "--resume")
            _alone(workers, reuse_opinions, "--reuse-opinions")
            _alone(workers, speed != "max", "--speed")
            from services.replay.through_kafka import replay_through_kafka

            summary = replay_through_kafka(settings, run, question, workers, overwrite=overwrite, progress=bar.advance)
        else:
            summary = replay(
                settings, run, question, speed=parse_speed(speed), cache=not no_cache, reuse_opinions=reuse_opinions,
                resume=resume, overwrite=overwrite, progress=bar.advance, follow=follow,
            )  # fmt: skip
    if prices:
        summary |= {"backtest": _test(settings, run, prices)}
    typer.echo(json.dumps(summary) if as_json else _words(summary))


def _alone(workers: int, given: bool, option: str) -> None:
    from services.runs.folder import RunError

    if workers and given:
        raise RunError(f"{option} works in one process alone: leave out --workers")


def _follow(settings: Settings, prices: str) -> Callable[[Path], Follower]:
    from services.backtest.growing import follower

    return follower(settings, prices)


def _test(settings: Settings, run: str, prices: str) -> dict[str, object]:
    """Back-test every strategy of a finished run with the default options; what else there is, `backtest` has."""
    from services.backtest.inputs import load_run
    from services.backtest.options import Choices
    from services.backtest.run import backtest_run
    from services.commands.backtest import words

    found: dict[str, object] = {}
    for strategy in sorted(set(load_run(settings, run).signals["strategy"])):
        folder, metrics = backtest_run(settings, run, prices, Choices(strategy=strategy))
        typer.echo(f"{strategy}: {words(metrics)}; tear sheet: {folder / 'tearsheet.html'}", err=True)
        found[strategy] = {name: metrics[name] for name in ("ic_mean", "ic_t", "sharpe", "max_drawdown")}
    return found


@replay_app.command("list")
def list_(state: State = None, as_json: AsJson = False) -> None:
    """Every run."""
    from services.runs.folder import list_runs
    from shared.settings import load_settings

    runs = list_runs(load_settings(state))
    if as_json:
        typer.echo(json.dumps(runs))
        return
    for kept in runs:
        typer.echo(f"{kept['run']:24} {kept['state']:9} {_words(kept) if kept['state'] == 'finished' else ''}")


@replay_app.command()
def show(run: str, state: State = None, as_json: AsJson = False) -> None:
    """One run: what it was asked, what it made."""
    from services.runs.folder import show_run
    from shared.settings import load_settings

    typer.echo(json.dumps(show_run(load_settings(state), run), indent=None if as_json else 1))


@replay_app.command()
def delete(run: str, state: State = None) -> None:
    """Forget a run and everything that it made."""
    from services.runs.folder import delete_run, show_run
    from shared.settings import load_settings

    settings = load_settings(state)
    if show_run(settings, run).get("workers"):
        from services.replay.through_kafka import forget_run

        forget_run(settings, run)
    delete_run(settings, run)
    typer.echo(f"{run} is deleted")


def _words(summary: dict[str, object]) -> str:
    return (
        f"{summary['documents']:,} documents, {summary['opinions']:,} opinions, {summary['signals']:,} signals, "
        f"{summary['dead']:,} dead, {summary['seconds']} s, aggregates {str(summary['aggregates_sha256'])[:12]}"
    )
