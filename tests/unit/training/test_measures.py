"""Scores against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from services.training.measuring.measures import (
    bootstrap_intervals,
    expected_calibration_error,
    fit_temperature,
    score,
    softmax,
)


def _sure(predicted: list[int], classes: int = 3) -> np.ndarray:
    return np.eye(classes)[predicted]


def test_scores_of_a_small_confusion() -> None:
    labels = np.array([0, 0, 1, 1, 2])
    found = score(labels, _sure([0, 1, 1, 1, 2]))
    assert found.accuracy == pytest.approx(0.8)
    assert [item.f1 for item in found.per_class] == pytest.approx([2 / 3, 0.8, 1.0])
    assert found.macro_f1 == pytest.approx((2 / 3 + 0.8 + 1) / 3)
    assert found.weighted_f1 == pytest.approx((2 * 2 / 3 + 2 * 0.8 + 1) / 5)
    assert found.confusion.tolist() == [[1, 1, 0], [0, 2, 0], [0, 0, 1]]


def test_macro_f1_leaves_out_classes_without_rows() -> None:
    assert score(np.array([0, 2]), _sure([0, 2])).macro_f1 == 1.0


def test_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    chances = np.tile([0.8, 0.1, 0.1], (10, 1))
    labels = np.array([0] * 6 + [1] * 4)
    assert expected_calibration_error(labels, chances) == pytest.approx(0.2)


def test_temperature_softens_overconfident_logits() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(2000, 3))
    labels = np.array([rng.choice(3, p=row) for row in softmax(logits)])
    assert fit_temperature(labels, logits * 3) == pytest.approx(3, rel=0.15)


def test_intervals_hold_the_values_and_are_repeatable() -> None:
    labels = np.array([0, 1, 2] * 40)
    chances = _sure([0, 1, 1] * 40)
    found = bootstrap_intervals(labels, chances)
    assert found == bootstrap_intervals(labels, chances)
    scores = score(labels, chances)
    for name in ("accuracy", "macro_f1", "weighted_f1", "ece", "macro_precision", "macro_recall"):
        low, high = getattr(found, name)
        assert low <= getattr(scores, name) <= high
    assert found.f1[0] == (1.0, 1.0)
    assert found.f1[2] == (0.0, 0.0)


def test_rows_of_one_text_are_drawn_together() -> None:
    """Ten rows that are copies of each other say no more than one: the interval is that of the texts."""
    chance = np.random.default_rng(1)
    labels, answers = chance.integers(0, 3, 60), chance.integers(0, 3, 60)
    copied = [np.repeat(rows, 10) for rows in (labels, answers)]
    alone = bootstrap_intervals(labels, _sure(answers.tolist()))
    together = bootstrap_intervals(copied[0], _sure(copied[1].tolist()), np.repeat(np.arange(60), 10))
    apart = bootstrap_intervals(copied[0], _sure(copied[1].tolist()))
    assert together.accuracy == pytest.approx(alone.accuracy)
    assert apart.accuracy[1] - apart.accuracy[0] < 0.5 * (together.accuracy[1] - together.accuracy[0])
