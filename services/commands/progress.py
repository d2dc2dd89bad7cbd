"""A progress bar with the remaining time on standard error; it vanishes when it is done."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn


class Bar:
    """`show` moves it. `amount` is the column behind the bar: a percentage unless another one is named."""

    def __init__(self, words: str, total: int | None = None, amount: ProgressColumn | None = None) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), amount or TextColumn("{task.percentage:3.0f}%"),
            TimeRemainingColumn(), console=Console(stderr=True), transient=True,
        )  # fmt: skip
        self._task = self._progress.add_task(words, total=total)

    def show(self, done: int, total: int | None = None, words: str | None = None) -> None:
        self._progress.update(self._task, completed=done, total=total, description=words)

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
