"""What each answer of a model is worth, field by field, for its card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from services.training.checkpoints import load_opinion_model
from services.training.data.datasets import has_dev
from services.training.measuring.devset import Judged, answer, by_head
from services.training.measuring.measures import bootstrap_intervals, score, softmax

_MEASURES: Final = {
    "precision": "macro_precision", "recall": "macro_recall", "macro_f1": "macro_f1", "accuracy": "accuracy",
}  # fmt: skip


def field_metrics(found: Judged, temperatures: Mapping[str, float]) -> dict[str, Any]:
    """Of one field on one set, all rows: precision, recall and F1 (means over the classes that occur) and accuracy,
    each with its 95 % bootstrap interval over texts.
    """
    labels, logits = found.part("all")
    chances = softmax(logits, temperatures.get(found.head, 1.0))
    scores, intervals = score(labels, chances), bootstrap_intervals(labels, chances, found.texts("all"))
    measured = {
        key: {"value": getattr(scores, name), "interval": list(getattr(intervals, name))}
        for key, name in _MEASURES.items()
    }
    return {"n": scores.n, "classes": len(scores.there), "ece": scores.ece} | measured


def measure_fields(folder: Path, labelled: Path, sets: Sequence[str]) -> dict[str, Any]:
    """Of a released model, by SET/FIELD, on those sets whose dev files are there."""
    there = [name for name in sets if has_dev(labelled, name)]
    model, tokenizer = load_opinion_model(folder)
    judged = by_head(answer(model, tokenizer, labelled, there))
    return {name: field_metrics(found, model.config.temperatures or {}) for name, found in judged.items()}
