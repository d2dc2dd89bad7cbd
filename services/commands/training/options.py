"""Options that several ``bellwether train`` commands share, and how they read and say things."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from services.commands.options import note
from services.training.errors import DataError

LABELLED = Path("../shared/data/labelled")
MINI = "tfns_sentiment,tfns_topic,sentfin,finentity"


class TaskName(StrEnum):
    """What a model is asked for."""

    sentiment = "sentiment"
    event = "event"


class MethodName(StrEnum):
    """Which weights learn; see ``methods.METHODS``."""

    full = "full"
    company = "company"
    lora = "lora"
    adalora = "adalora"
    adapter = "adapter"
    prefix = "prefix"


class ReportTo(StrEnum):
    """Where the curves of a run go."""

    tensorboard = "tensorboard"
    wandb = "wandb"
    none = "none"


class DeviceChoice(StrEnum):
    """What a run computes on; auto takes CUDA where there is some."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


Labelled = Annotated[Path, typer.Option(help="Folder of the labelled sets (SET/train.csv, SET/dev.csv).")]
GOLD = Path("benchmarks/gold/linking.txt")
Gold = Annotated[Path, typer.Option(help="Texts with the companies that they speak of, to measure links on.")]
Out = Annotated[Path, typer.Option(help="Folder to write.")]
Sets = Annotated[str, typer.Option(help="Labelled sets, separated by commas.")]
Seed = Annotated[int, typer.Option(help="Seed of every random choice.")]
Epochs = Annotated[int, typer.Option(help="Passes over the training rows.")]
TokenBudget = Annotated[int, typer.Option(help="Padded tokens per step.")]
Method = Annotated[MethodName, typer.Option(help="Which weights to train.")]
Reports = Annotated[ReportTo, typer.Option(help="Where the training curves go.")]
Device = Annotated[DeviceChoice, typer.Option(help="Device to train on; auto uses CUDA if there is any.")]
ModelName = Annotated[str, typer.Option("--model", help="A name under models/ or the folder of an opinion model.")]
AnyModel = Annotated[str, typer.Option("--model", help="A name under models/, a folder or a Hub id.")]

Feedback = Annotated[
    Path | None, typer.Option(help='Folder of "bellwether feedback export"; the rows held back are not learnt from.')
]

# of a labelled file
Text = Annotated[str, typer.Option(help="Column of the text.")]
Label = Annotated[str, typer.Option(help="Column of the label; where there is no polarity, label.")]
Entity = Annotated[str | None, typer.Option(help="Column of the company in question.")]
Task = Annotated[TaskName, typer.Option(help="What the labels are.")]
RestrictLabels = Annotated[bool, typer.Option(help="Leave out classes that the file never uses.")]


def cap_of(item: str) -> tuple[str, int]:
    """SET=ROWS as a pair. Raises DataError for anything else."""
    name, _, rows = item.partition("=")
    if not rows.isdigit():
        raise DataError(f"--cap {item}: use SET=ROWS, for example, sentfin=2000")
    return name, int(rows)


def names_of(joined: str) -> tuple[str, ...]:
    """Names separated by commas."""
    return tuple(name.strip() for name in joined.split(",") if name.strip())


def say(values: dict[str, Any], as_json: bool) -> None:
    """Print an answer: as one line of JSON, or indented."""
    from services.commands.training import reports

    if as_json:
        reports.print_json(values)
    else:
        reports.out.print_json(data=values)


def label_column(columns: Iterable[str], label: str) -> str:
    """The column of labels: files of one's own call it `label`, the sets that ship `polarity`."""
    there = set(columns)
    return "label" if label == "polarity" and label not in there and "label" in there else label


def note_unused_entity(columns: Iterable[str], entity: str | None) -> None:
    """Say that a file names companies and the sentiment of the whole text is asked for."""
    if entity is None and "entity" in columns:
        note(
            "column entity is ignored: answers are about the whole text; for the company that it names: --entity entity"
        )
