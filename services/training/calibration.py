"""Temperatures that make confidence mean what it says, fitted on the choosing half of dev (Guo et al. 2017)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from services.training.datasets import DOCUMENT_SETS
from services.training.devset import Judged
from services.training.measures import Floats, Ints, expected_calibration_error, fit_temperature, softmax

# which sets speak for which head; the research sets join where they were trained on
SETS_OF_HEAD = {
    "document": DOCUMENT_SETS,
    "company": (
        "sentfin",
        "finentity",
        "fiqa2018",
        "semeval2017_headlines",
        "semeval2017_microblogs",
        "zh_finnsp_negative",
    ),
    "event": ("tfns_topic", "zh_finnl_topics", "zh_finese_events"),
}


def fit_temperatures(judged: Mapping[str, Judged]) -> dict[str, float]:
    """One temperature per head, over the choosing halves of its sets together; 1.0 for a head without data."""
    found = {}
    for head, names in SETS_OF_HEAD.items():
        parts = [judged[name].part("choose") for name in names if name in judged]
        found[head] = fit_temperature(*_joined(parts)) if parts else 1.0
    return found


def calibration_errors(judged: Mapping[str, Judged], temperatures: Mapping[str, float]) -> dict[str, float]:
    """Expected calibration error per head on the reporting halves, which no temperature was fitted on."""
    errors = {}
    for head, names in SETS_OF_HEAD.items():
        parts = [judged[name].part("report") for name in names if name in judged]
        if parts:
            labels, logits = _joined(parts)
            errors[head] = expected_calibration_error(labels, softmax(logits, temperatures[head]))
    return errors


def _joined(parts: list[tuple[Ints, Floats]]) -> tuple[Ints, Floats]:
    return np.concatenate([labels for labels, _ in parts]), np.concatenate([logits for _, logits in parts])
