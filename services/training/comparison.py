"""Every fine-tuning method on the same small sample, as one table: what a method costs and what it reaches."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from services.training.datasets import MINI_SETS
from services.training.devset import judge
from services.training.errors import DataError
from services.training.finetune import Finetuning
from services.training.methods import METHODS, trainable_parameters
from services.training.settings import FinetuneSettings
from services.training.shrink import drop_layers, quantise

BEGIN, END = "<!-- methods: begin (bellwether train compare-methods) -->", "<!-- methods: end -->"
# a method that leaves the encoder's own weights alone needs larger steps
_RATE = {"full": 2e-4, "lora": 1e-3, "adalora": 2e-3, "adapter": 1e-3, "prefix": 5e-3}


@dataclass(frozen=True)
class Trial:
    """One row: a label, the method, and the encoder it starts from (None: the base encoder)."""

    label: str
    method: str
    encoder: str | None = None


def compare(
    out: Path, labelled: Path, rows: int, epochs: int, page: Path | None = None, encoder: str | None = None
) -> list[dict[str, Any]]:
    """Run all trials (those whose row is in ``out`` already are not run again); write the table into ``page``."""
    trials = [Trial(name, name) for name in METHODS if name != "company"]
    if encoder:
        trials.append(Trial("full, further pre-trained", "full", encoder))
    found: list[dict[str, Any]] = []
    for trial in trials:
        kept = out / f"{trial.label.replace(' ', '_')}.json"
        if not kept.is_file():
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(_run(trial, out, labelled, rows, epochs)), encoding="utf-8")
        found += json.loads(kept.read_text(encoding="utf-8"))
    if page is not None:
        replace_table(page, methods_table(found, rows, epochs))
    return found


def _run(trial: Trial, out: Path, labelled: Path, rows: int, epochs: int) -> list[dict[str, Any]]:
    settings = FinetuneSettings(
        out=out / trial.label.replace(" ", "_"),
        labelled=labelled,
        per_set=rows,
        encoder=trial.encoder,
        method=trial.method,
        epochs=epochs,
        encoder_rate=_RATE[trial.method],
        mean_decay=0.97,
        report_to="none",
    )
    run = Finetuning(settings)
    started = perf_counter()
    progress = run.run()
    seconds = perf_counter() - started
    row = _row(trial.label, trainable_parameters(run.model), seconds, progress.history[progress.best_epoch])
    found = [row]
    if trial.label == "full":
        run.mean.swap(run.model)
        for label, model in (
            ("full, then layers 0-3 only", drop_layers(run.model, [0, 1, 2, 3])),
            ("full, then 8 bits per row", quantise(run.model)),
        ):
            judged = judge(model, run.tokenizer, labelled, MINI_SETS, "choose")
            scores = {f"{name}/accuracy": item.scores("choose").accuracy for name, item in judged.items()}
            found.append(_row(label, 0, 0.0, scores))
    return found


def _row(label: str, parameters: int, seconds: float, scores: dict[str, float]) -> dict[str, Any]:
    accuracy = {name: scores[f"{name}/accuracy"] for name in MINI_SETS}
    return {"method": label, "parameters": parameters, "seconds": seconds, "accuracy": accuracy}


def methods_table(found: list[dict[str, Any]], rows: int, epochs: int) -> str:
    """The Markdown table, with the sentence that says what was run."""
    head = f"At most {rows} training rows of each set, {epochs} epochs, choosing half of dev, accuracy. Two CPU cores."
    lines = [head, "", f"| method | trainable parameters | seconds | {' | '.join(MINI_SETS)} |"]
    lines.append("|---" * (3 + len(MINI_SETS)) + "|")
    for row in found:
        cells = " | ".join(f"{row['accuracy'][name]:.3f}" for name in MINI_SETS)
        parameters = f"{row['parameters']:,}" if row["parameters"] else "-"
        seconds = f"{row['seconds']:.0f}" if row["seconds"] else "-"
        lines.append(f"| {row['method']} | {parameters} | {seconds} | {cells} |")
    return "\n".join(lines)


def replace_table(page: Path, table: str) -> None:
    """Put the table between the page's two marks. Raises DataError when the page lacks them."""
    if not page.is_file():
        raise DataError(f"{page}: no such file")
    text = page.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise DataError(f"{page}: lacks the marks {BEGIN} and {END}")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")
