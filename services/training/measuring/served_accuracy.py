"""Accuracy and speed on the dev files as the engine serves a model: its own windows, kernel and precision."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import cast

import numpy as np

from services.model.engine import build_engine
from services.model.event_labels import in_classes
from services.model.folders import ModelError
from services.model.interface import Request
from services.model.opinion_engine import OpinionEngine
from services.training.data.datasets import UNLABELLED, load_examples
from services.training.measuring.devset import head_of
from shared.languages.registry import language_of_set
from shared.settings import ModelSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Served:
    """By set: accuracy in [0, 1] over all of dev; and texts per second, tokenising included."""

    accuracy: dict[str, float]
    texts_per_s: float


def serve(folder: Path, precision: str, labelled: Path, names: Sequence[str]) -> Served | None:
    """The model in one precision; None when this machine cannot run it (no compiler, no fitting kernel)."""
    try:
        settings = ModelSettings.model_validate({"name": str(folder), "precision": precision, "packs": {}})
        engine = cast(OpinionEngine, build_engine(settings))
    except ModelError:
        return None
    accuracy, texts, seconds = {}, 0, 0.0
    for name in names:
        log.info("the engine in %s on %s", precision, name)
        examples = load_examples(labelled, name, "dev")
        head = head_of(examples)
        requests = [Request(e.text, tuple(c.spans for c in e.companies) if head == "company" else ()) for e in examples]
        started = perf_counter()
        chances = engine.raw(engine.encode(requests))[head]
        if head == "event":
            chances = in_classes(chances, engine.event_labels, language_of_set(name).tag)
        seconds += perf_counter() - started
        texts += len(requests)
        if head == "company":
            labels = np.array([company.sentiment for example in examples for company in example.companies])
        else:
            labels = np.array([getattr(example, head) for example in examples])
        known = labels != UNLABELLED
        accuracy[name] = float((chances.argmax(1) == labels)[known].mean())
    return Served(accuracy, texts / seconds)
