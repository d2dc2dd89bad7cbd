"""Options that several ``bellwether train`` commands share, and how they read and say things."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from services.training.errors import DataError

LABELLED = Path("../shared/data/labelled")
MINI = "tfns_sentiment,tfns_topic,sentfin,finentity"
Labelled = Annotated[Path, typer.Option(help="Folder of the labelled sets (SET/train.csv, SET/dev.csv).")]
Out = Annotated[Path, typer.Option(help="Folder to write.")]
Sets = Annotated[str, typer.Option(help="Labelled sets, joined by commas.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random.")]
ModelName = Annotated[str, typer.Option("--model", help="A name under models/ or a folder of an opinion model.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]


def cap_of(item: str) -> tuple[str, int]:
    """SET=ROWS as a pair. Raises DataError for anything else."""
    name, _, rows = item.partition("=")
    if not rows.isdigit():
        raise DataError(f"--cap {item}: not of the form SET=ROWS")
    return name, int(rows)


def names_of(joined: str) -> tuple[str, ...]:
    """Names joined by commas."""
    return tuple(name.strip() for name in joined.split(",") if name.strip())


def say(found: dict[str, Any], as_json: bool) -> None:
    """Print what a command found: as one line of JSON, or readable."""
    from services.commands.training import reports

    if as_json:
        reports.print_json(found)
    else:
        reports.out.print_json(data=found)
