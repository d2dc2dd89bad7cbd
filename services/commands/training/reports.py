"""How evaluations look on a terminal: tables on standard output, progress on standard error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from services.training.measuring.evaluate import MEASURES, Evaluation
from shared.nothing import says_nothing

_ROWS_SHOWN = 10
out = Console()
err = Console(stderr=True)


def print_json(value: dict[str, Any]) -> None:
    """One JSON object on one line of standard output, unwrapped and unstyled."""
    out.file.write(json.dumps(value, ensure_ascii=False) + "\n")
    out.file.flush()


@contextmanager
def progress(title: str, total: int) -> Iterator[Any]:
    """A progress bar on standard error; yields a function that takes how much was done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.advance(task, done)


def rows_told(texts: list[str]) -> str:
    """What became of a file's rows: every row has its line in the answer, one without a text has no answer there."""
    empty = [number for number, text in enumerate(texts, 1) if says_nothing(text)]
    answered = len(texts) - len(empty)
    copies = answered - len({text for text in texts if not says_nothing(text)})
    shown = ", ".join(f"{number:,}" for number in empty[:_ROWS_SHOWN]) + (", …" if len(empty) > _ROWS_SHOWN else "")
    return (
        f"{len(texts):,} read = {answered:,} answered{f', {copies:,} of them copies' if copies else ''} + "
        f"{len(empty):,} without a text{f' (row {shown})' if empty else ''}"
    )


def print_evaluation(found: Evaluation, title: str) -> None:
    """The classification report, the confusion matrix and the summary, as tables."""
    report = Table(title=title)
    for heading in ("class", "precision", "recall", "F1", "95 %", "n"):
        report.add_column(heading, justify="left" if heading == "class" else "right", overflow="fold")
    for name, item, (low, high) in zip(found.labels, found.scores.per_class, found.interval.f1, strict=True):
        figures = (f"{item.precision:.3f}", f"{item.recall:.3f}", f"{item.f1:.3f}", f"{low:.3f} to {high:.3f}")
        report.add_row(name, *figures, str(item.n))
    out.print(report)
    confusion = Table(title="confusion (row: label, column: answer)")
    confusion.add_column("", overflow="fold")
    for name in found.labels:
        confusion.add_column(name, justify="right", overflow="fold")
    for name, row in zip(found.labels, found.scores.confusion.tolist(), strict=True):
        confusion.add_row(name, *map(str, row))
    out.print(confusion)
    for name in MEASURES:
        low, high = getattr(found.interval, name)
        out.print(f"{name:12} {getattr(found.scores, name):.4f}   95 % [{low:.4f}, {high:.4f}]")
    out.print(f"n {found.scores.n}   {found.docs_per_s:.0f} texts/s")


def print_comparison(found: dict[str, Evaluation]) -> None:
    """One row per model."""
    table = Table()
    for heading in ("model", "n", "accuracy", "macro F1", "weighted F1", "ECE", "texts/s"):
        table.add_column(heading, justify="left" if heading == "model" else "right", overflow="fold")
    for name, item in found.items():
        scores = item.scores
        cells = []
        for measure in MEASURES:
            low, high = getattr(item.interval, measure)
            cells.append(f"{getattr(scores, measure):.4f}\n{low:.3f} to {high:.3f}")
        table.add_row(name, str(scores.n), *cells, f"{item.docs_per_s:.0f}")
    out.print(table)


def print_inventory(models: list[dict[str, Any]]) -> None:
    """One row per model."""
    table = Table()
    for heading in ("model", "kind", "MB", "accuracy, all of dev (half of it chose the epoch)"):
        table.add_column(heading, overflow="fold")
    for item in models:
        accuracy = "  ".join(f"{name} {value:.3f}" for name, value in item["accuracy"].items())
        table.add_row(item["name"], item["kind"], f"{item['megabytes']:.1f}", accuracy)
    out.print(table)
