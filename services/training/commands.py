"""The commands of a model's life: ``bellwether train …``, ``models …``, ``evaluate``, ``predict``. Thin: no logic here.

``services/cli.py`` finds ``train_app``, ``models_app``, ``evaluate`` and ``predict`` here by their names.
"""

from __future__ import annotations

import logging
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

train_app = typer.Typer(no_args_is_help=True, help="Train, shrink and export the opinion model.")
models_app = typer.Typer(no_args_is_help=True, help="The models on this machine.")

ModelName = Annotated[str, typer.Option("--model", help="A name under models/, a folder, or a hub id.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]
Labelled = Annotated[Path, typer.Option("--labelled", help="Folder of the labelled sets (SET/train.csv, SET/dev.csv).")]


class TaskName(StrEnum):
    """What a model is asked for."""

    sentiment = "sentiment"
    event = "event"


def quiet_libraries() -> None:
    """Keep the libraries' load reports and progress bars off the terminal."""
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()


def evaluate(
    model: ModelName,
    data: Annotated[Path, typer.Option(help="A CSV file with a header.")],
    text: Annotated[str, typer.Option(help="Column of the text.")] = "text",
    label: Annotated[str, typer.Option(help="Column of the label.")] = "polarity",
    entity: Annotated[str | None, typer.Option(help="Column of the company that is asked about.")] = None,
    task: TaskName = TaskName.sentiment,
    restrict_labels: Annotated[bool, typer.Option(help="Leave classes out that the file never uses.")] = False,
    as_json: AsJson = False,
) -> None:
    """Score a model on a labelled file: report, confusion, F1, accuracy, calibration, intervals."""
    from services.training import reports
    from services.training.datasets import read_table
    from services.training.evaluate import Columns
    from services.training.evaluate import evaluate as evaluate_file
    from services.training.scorers import load_scorer

    quiet_libraries()
    rows = len(read_table(data, [text, label, *([entity] if entity else [])]))
    scorer = load_scorer(model)
    with reports.progress(f"{scorer.name} on {data.name}", rows) as tick:
        found = evaluate_file(
            scorer,
            data,
            Columns(text, label, entity),
            task=task.value,
            restrict_labels=restrict_labels,
            tick=tick,
        )
    if as_json:
        reports.print_json(found.as_json())
    else:
        reports.print_evaluation(found, f"{scorer.name} on {data.name}")


def predict(
    data: Annotated[Path, typer.Option(help="A CSV file with a header; needs no labels.")],
    out: Annotated[Path, typer.Option(help="The CSV file to write: one row per input row, in its order.")],
    text: Annotated[str, typer.Option(help="Column of the text.")] = "text",
    entity: Annotated[str | None, typer.Option(help="Column of the company that is asked about.")] = None,
    model: ModelName = "bellwether-mini",
) -> None:
    """Write negative, neutral, positive (and event, event_probability) for every row of a file."""
    from services.training import reports
    from services.training.datasets import read_table
    from services.training.evaluate import predictions
    from services.training.scorers import load_scorer

    quiet_libraries()
    rows = len(read_table(data, [text, *([entity] if entity else [])]))
    scorer = load_scorer(model)
    with reports.progress(f"{scorer.name} on {data.name}", rows) as tick:
        answer = predictions(scorer, data, text, entity, tick)
    out.parent.mkdir(parents=True, exist_ok=True)
    answer.to_csv(out, index=False, float_format="%.6f")
    typer.echo(f"{len(answer)} rows written to {out}", err=True)


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
