"""The event classes that a model's answers are given in, whatever classes it was made with.

A model folder's config.json names its own (`event_labels`). Where they are the 20 of former versions, each is answered
by the class that it is shown under now; other names are the model's own, and are answered as they are.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from shared.event_classes.classes import BY_NAME, EVENT_CLASSES
from shared.event_classes.former import class_of_former, is_former
from shared.languages.registry import language_of_sets

F = TypeVar("F", bound=np.floating[Any])

_NEVER: Final = -1e4  # the logit of a class that the model does not have


def answered_labels(labels: Sequence[str], language: str = "") -> tuple[str, ...]:
    """What the model answers in place of each of its labels; `language`: of the texts that it learnt from."""
    return tuple(class_of_former(label, language) for label in labels)


def learnt_language(folder: Path) -> str:
    """The language of the labelled sets that a model folder says it learnt from; "" where it says none."""
    with contextlib.suppress(OSError, ValueError, AttributeError, TypeError):
        learnt = json.loads((folder / "metrics.json").read_text("utf-8")).get("learnt")
        return language_of_sets(map(str, learnt)).tag if learnt else ""
    return ""


def classes_of_logits(labels: Sequence[str]) -> tuple[str, ...]:
    """The columns that `in_classes` gives for a model with these labels: EVENT_CLASSES, or the model's own."""
    known = all(label in BY_NAME or is_former(label) for label in labels)
    return EVENT_CLASSES if known and labels else tuple(labels)


def in_classes(logits: NDArray[F], labels: Sequence[str], language: str = "") -> NDArray[F]:
    """Logits [n, labels] in the columns of `classes_of_logits`. Of labels that are answered alike the likeliest counts,
    so that the likeliest class is what the engine answers.
    """
    columns = classes_of_logits(labels)
    answered = answered_labels(labels, language)
    if answered == columns:
        return logits
    found = np.full((len(logits), len(columns)), _NEVER, logits.dtype)
    for place, name in enumerate(answered):
        column = columns.index(name)
        found[:, column] = np.maximum(found[:, column], logits[:, place])
    return found
