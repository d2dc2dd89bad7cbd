"""Every fine-tuning method on the same small sample, as one table: what a method costs and what it reaches."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from services.model.opinion_model import OpinionModel
from services.training.checkpoints import BASE_ENCODER
from services.training.data.datasets import MINI_SETS
from services.training.errors import DataError
from services.training.learning.finetune import Finetuning
from services.training.learning.methods import METHODS, trainable_parameters
from services.training.learning.settings import FinetuneSettings
from services.training.measuring.devset import judge
from services.training.shipping.shrink import drop_layers, quantise

BEGIN, END = "<!-- methods: begin (bellwether train compare-methods) -->", "<!-- methods: end -->"
# a method that leaves the encoder's own weights alone needs larger steps
_RATE = {"full": 2e-4, "lora": 1e-3, "adalora": 2e-3, "adapter": 1e-3, "prefix": 5e-3}


@dataclass(frozen=True)
class Trial:
    """One row: a label, the method, and the encoder it starts from (None: the base encoder)."""

    label: str
    method: str
    encoder: str | None = None


@dataclass(frozen=True)
class Plan:
    """What every trial is run with: at most ``rows`` training rows of each set, ``epochs`` epochs, one seed."""

    labelled: Path
    rows: int
    epochs: int
    seed: int = 20261124


def compare(
    out: Path, plan: Plan, encoder: str | None = None, tick: Callable[[int], None] = lambda _: None
) -> list[dict[str, Any]]:
    """Run all trials (those whose row of this plan is in ``out`` already are not run again): rows of the table.

    ``tick`` gets 1 after each trial.
    """
    found: list[dict[str, Any]] = []
    for trial in trials_of(encoder):
        name = trial.label.replace(" ", "_").replace(",", "")
        kept = out / f"{name}-{plan.rows}x{plan.epochs}-{plan.seed}.json"
        if not kept.is_file():
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(_run(trial, kept.with_suffix(""), plan)), encoding="utf-8")
        found += json.loads(kept.read_text(encoding="utf-8"))
        tick(1)
    return found


def trials_of(encoder: str | None) -> list[Trial]:
    """Every method, and full fine-tuning of a further pre-trained ``encoder`` where there is one."""
    further = [Trial("full, further pre-trained", "full", encoder)] if encoder else []
    return [*(Trial(name, name) for name in METHODS if name != "company"), *further]


def _run(trial: Trial, out: Path, plan: Plan) -> list[dict[str, Any]]:
    shutil.rmtree(out, ignore_errors=True)  # what an interrupted trial left: its time would be that of the rest alone
    settings = FinetuneSettings(
        out=out,
        labelled=plan.labelled,
        per_set=plan.rows,
        encoder=trial.encoder,
        method=trial.method,
        epochs=plan.epochs,
        seed=plan.seed,
        encoder_rate=_RATE[trial.method],
        mean_decay=0.97,
        patience=plan.epochs,
        report_to="none",
    )
    run = Finetuning(settings)
    started = perf_counter()
    run.run()
    seconds = perf_counter() - started
    learning = trainable_parameters(run.model)
    run.mean.swap(run.model)
    found = [_row(trial.label, learning, seconds, run.model, run.tokenizer, plan)]
    if trial.label == "full":
        for label, model in (
            ("full, then layers 0-3 only", drop_layers(run.model, [0, 1, 2, 3])),
            ("full, then 8 bits per row", quantise(run.model)),
        ):
            found.append(_row(label, 0, 0.0, model, run.tokenizer, plan))
    return found


def _row(
    label: str, parameters: int, seconds: float, model: OpinionModel, tokenizer: Any, plan: Plan
) -> dict[str, Any]:
    """Measured on the half of dev that chooses nothing."""
    judged = judge(model, tokenizer, plan.labelled, MINI_SETS, "report")
    accuracy = {name: item.scores("report").accuracy for name, item in judged.items()}
    return {"method": label, "parameters": parameters, "seconds": seconds, "accuracy": accuracy}


def methods_table(found: list[dict[str, Any]], plan: Plan) -> str:
    """The Markdown table, with the sentence that says what was run."""
    head = (
        f"At most {plan.rows:,} training rows of each set, {plan.epochs} epochs, the running mean of the weights at the"
        f" end; accuracy on the reporting half of dev. Encoder: {BASE_ENCODER}; CPU."
    )
    lines = [head, "", f"| method | trainable parameters | seconds | {' | '.join(MINI_SETS)} |"]
    lines.append("|---" * (3 + len(MINI_SETS)) + "|")
    for row in found:
        cells = " | ".join(f"{row['accuracy'][name]:.3f}" for name in MINI_SETS)
        parameters = f"{row['parameters']:,}" if row["parameters"] else "-"
        seconds = f"{row['seconds']:.0f}" if row["seconds"] else "-"
        lines.append(f"| {row['method']} | {parameters} | {seconds} | {cells} |")
    return "\n".join(lines)


def check_page(page: Path) -> str:
    """The text of a page that a table can be put into. Raises DataError when it lacks the two marks."""
    if not page.is_file():
        raise DataError(f"{page}: no such file")
    text = page.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise DataError(f"{page}: lacks the marks {BEGIN} and {END}")
    return text


def replace_table(page: Path, table: str) -> None:
    """Put the table between the page's two marks. Raises DataError when the page lacks them."""
    text = check_page(page)
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")
