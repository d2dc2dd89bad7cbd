"""Scores of predictions: accuracy, F1, calibration error, temperature, bootstrap intervals. Pure numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class ClassScore:
    """One class: precision, recall, F1 in [0, 1], and how many rows have it."""

    precision: float
    recall: float
    f1: float
    n: int


@dataclass(frozen=True)
class Scores:
    """Everything about n predictions. ``confusion[i][j]``: rows of class i that were called j."""

    n: int
    accuracy: float
    macro_f1: float
    weighted_f1: float
    ece: float
    per_class: tuple[ClassScore, ...]
    confusion: Ints

    @property
    def there(self) -> tuple[ClassScore, ...]:
        """The classes that occur in the labels."""
        return tuple(item for item in self.per_class if item.n)

    @property
    def macro_precision(self) -> float:
        """The mean over the classes that occur in the labels."""
        return float(np.mean([item.precision for item in self.there]))

    @property
    def macro_recall(self) -> float:
        """The mean over the classes that occur in the labels."""
        return float(np.mean([item.recall for item in self.there]))


def confusion_matrix(labels: Ints, predicted: Ints, classes: int) -> Ints:
    """Counts [classes, classes], true class by row."""
    return np.bincount(labels * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def score(labels: Ints, probabilities: Floats) -> Scores:
    """Score probabilities [n, classes] against labels [n]. Macro F1 runs over classes that occur in the labels."""
    predicted = probabilities.argmax(1).astype(np.int64)
    confusion = confusion_matrix(labels, predicted, probabilities.shape[1])
    per_class = _per_class(confusion)
    support = np.array([item.n for item in per_class])
    f1 = np.array([item.f1 for item in per_class])
    return Scores(
        n=len(labels),
        accuracy=float((predicted == labels).mean()),
        macro_f1=float(f1[support > 0].mean()),
        weighted_f1=float((f1 * support).sum() / support.sum()),
        ece=expected_calibration_error(labels, probabilities),
        per_class=per_class,
        confusion=confusion,
    )


def _per_class(confusion: Ints) -> tuple[ClassScore, ...]:
    right = np.diag(confusion)
    called, true = confusion.sum(0), confusion.sum(1)
    precision = right / np.maximum(called, 1)
    recall = right / np.maximum(true, 1)
    f1 = 2 * right / np.maximum(called + true, 1)
    return tuple(
        ClassScore(float(p), float(r), float(f), int(n)) for p, r, f, n in zip(precision, recall, f1, true, strict=True)
    )


def expected_calibration_error(labels: Ints, probabilities: Floats, bins: int = 15) -> float:
    """Mean gap between confidence and accuracy over equal-width bins, weighted by their rows (Guo et al. 2017)."""
    confidence = probabilities.max(1)
    right = (probabilities.argmax(1) == labels).astype(float)
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gap = np.abs(
        np.bincount(place, weights=confidence, minlength=bins) - np.bincount(place, weights=right, minlength=bins)
    )
    return float(gap.sum() / len(labels))


def softmax(logits: Floats, temperature: float = 1.0) -> Floats:
    """Probabilities of logits [n, classes] divided by the temperature."""
    scaled = logits / temperature
    grown = np.exp(scaled - scaled.max(1, keepdims=True))
    return np.asarray(grown / grown.sum(1, keepdims=True), dtype=np.float64)


def log_loss(labels: Ints, probabilities: Floats) -> float:
    """Mean negative log-likelihood of the labels [n] under the probabilities [n, classes]."""
    chosen = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(chosen, 1e-12)).mean())


def fit_temperature(labels: Ints, logits: Floats) -> float:
    """The temperature in [0.05, 20] with the least negative log-likelihood."""

    def loss(log_temperature: float) -> float:
        return log_loss(labels, softmax(logits, float(np.exp(log_temperature))))

    found = minimize_scalar(loss, bounds=(np.log(0.05), np.log(20)), method="bounded")
    return float(np.exp(found.x))


Interval = tuple[float, float]


@dataclass(frozen=True)
class Intervals:
    """95 % percentile intervals of the measures of ``Scores``, and of every class's F1."""

    accuracy: Interval
    macro_f1: Interval
    weighted_f1: Interval
    ece: Interval
    macro_precision: Interval
    macro_recall: Interval
    f1: tuple[Interval, ...]


def bootstrap_intervals(
    labels: Ints, probabilities: Floats, groups: Ints | None = None, *, draws: int = 500, seed: int = 20261124
) -> Intervals:
    """Over resampled rows; or over resampled ``groups`` [n], such as the companies of a text, which are not
    independent of each other.
    """
    _, group = np.unique(np.arange(len(labels)) if groups is None else groups, return_inverse=True)
    number = int(group.max()) + 1
    chance = np.random.default_rng(seed)
    drawn = []
    for _ in range(draws):
        times = np.bincount(chance.integers(0, number, number), minlength=number)[group]
        rows = np.repeat(np.arange(len(labels)), times)
        found = score(labels[rows], probabilities[rows])
        means = [
            found.accuracy,
            found.macro_f1,
            found.weighted_f1,
            found.ece,
            found.macro_precision,
            found.macro_recall,
        ]
        drawn.append([*means, *(c.f1 for c in found.per_class)])
    low, high = np.percentile(np.array(drawn), [2.5, 97.5], axis=0)
    accuracy, macro_f1, weighted_f1, ece, precision, recall, *f1 = zip(low.tolist(), high.tolist(), strict=True)
    return Intervals(accuracy, macro_f1, weighted_f1, ece, precision, recall, tuple(f1))
