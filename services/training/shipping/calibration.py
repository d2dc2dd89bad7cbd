"""What makes confidence mean what it says: a temperature per head (Guo et al. 2017) and an offset per sentiment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import minimize

from services.training.measuring.devset import Half, Head, Judged
from services.training.measuring.measures import (
    Floats,
    Ints,
    expected_calibration_error,
    fit_temperature,
    log_loss,
    softmax,
)

_RIDGE: Final = 0.01

OF_EVERY_MODEL: Final = ("document", "company", "event")
HEADS: Final[tuple[Head, ...]] = ("document", "company", "event", "role", "rumour")


@dataclass(frozen=True)
class Calibration:
    """Probabilities are softmax((logits + offsets) / temperature); offsets [classes]."""

    temperature: float
    offsets: Floats

    def probabilities(self, logits: Floats) -> Floats:
        """[n, classes]"""
        return softmax(logits + self.offsets, self.temperature)


def fit_calibration(labels: Ints, logits: Floats, *, shifted: bool = True) -> Calibration:
    """Least negative log-likelihood with a ridge on the offsets; rows for offsets of many classes are too few."""
    classes = logits.shape[1]
    if classes > 3 or not shifted:
        return Calibration(fit_temperature(labels, logits), np.zeros(classes))

    def loss(scale_and_offsets: Floats) -> float:
        offsets = scale_and_offsets[1:]
        chances = softmax(logits * np.exp(scale_and_offsets[0]) + offsets)
        return log_loss(labels, chances) + _RIDGE * float((offsets**2).sum())

    found = minimize(loss, np.zeros(classes + 1)).x
    scale = float(np.exp(found[0]))
    return Calibration(1 / scale, found[1:] / scale)


def fit_offsets(judged: Mapping[str, Judged]) -> dict[str, Floats]:
    """What to add to a head's logits, from the choosing halves of its sets; nothing for a head without data."""
    return {head: fit_calibration(*rows).offsets for head, rows in _by_head(judged, "choose").items()}


def fit_temperatures(judged: Mapping[str, Judged]) -> dict[str, float]:
    """One temperature per head over all dev rows of its sets; 1.0 for a head that every model has, without data."""
    found = {head: fit_temperature(*rows) for head, rows in _by_head(judged, "all").items()}
    return {head: found.get(head, 1.0) for head in HEADS if head in found or head in OF_EVERY_MODEL}


def calibration_errors(judged: Mapping[str, Judged], offsets: Mapping[str, Floats] | None) -> dict[str, float]:
    """Expected calibration error per head, each half of dev under what was fitted on the other one; the logits have
    ``offsets`` in them, which are taken out first. None: temperatures alone are fitted.
    """

    def fitted(rows: tuple[Ints, Floats]) -> Calibration:
        return fit_calibration(*rows, shifted=offsets is not None)

    errors = {}
    halves = {half: _by_head(judged, half) for half in ("choose", "report")}
    for head in halves["choose"].keys() & halves["report"].keys():
        shift = (offsets or {}).get(head, 0.0)
        one, two = ((labels, logits - shift) for labels, logits in (h[head] for h in halves.values()))
        crossed = [fitted(two).probabilities(one[1]), fitted(one).probabilities(two[1])]
        errors[head] = expected_calibration_error(np.concatenate([one[0], two[0]]), np.concatenate(crossed))
    return {head: errors[head] for head in HEADS if head in errors}


def _by_head(judged: Mapping[str, Judged], half: Half) -> dict[str, tuple[Ints, Floats]]:
    found: dict[str, tuple[Ints, Floats]] = {}
    for head in HEADS:
        parts = [item.part(half) for item in judged.values() if item.head == head]
        if parts and sum(len(labels) for labels, _ in parts):
            found[head] = _joined(parts)
    return found


def _joined(parts: list[tuple[Ints, Floats]]) -> tuple[Ints, Floats]:
    return np.concatenate([labels for labels, _ in parts]), np.concatenate([logits for _, logits in parts])
