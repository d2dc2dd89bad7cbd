"""Calibration: it finds the distortion that was put in, and says nothing of rows that it was not fitted on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.training.calibration import calibration_errors, fit_calibration, fit_offsets
from services.training.devset import Judged
from services.training.measures import Floats, Ints, expected_calibration_error, softmax


def drawn(seed: int, rows: int, classes: int = 3) -> tuple[Ints, Floats]:
    """Logits, and labels drawn by just the probabilities that they say."""
    draw = np.random.default_rng(seed)
    logits = draw.normal(scale=2.0, size=(rows, classes))
    chances = softmax(logits).cumsum(1)
    labels = np.minimum((draw.random((rows, 1)) > chances).sum(1), classes - 1)
    return labels.astype(np.int64), logits


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.5, 3.0), st.floats(-0.8, 0.8))
def test_a_distortion_is_taken_back(seed: int, factor: float, shift: float) -> None:
    labels, logits = drawn(seed, 4000)
    bent = (logits + np.array([shift, 0.0, -shift])) * factor
    found = fit_calibration(labels, bent)
    assert found.temperature == pytest.approx(factor, rel=0.2)
    assert expected_calibration_error(labels, found.probabilities(bent)) < 0.035


def test_many_classes_get_a_temperature_alone() -> None:
    labels, logits = drawn(1, 500, classes=20)
    assert not fit_calibration(labels, logits).offsets.any()


def test_offsets_come_from_the_choosing_half_alone() -> None:
    labels, logits = drawn(2, 2000)
    choose = np.arange(2000) % 2 == 0
    other = np.where(choose[:, None], logits, -logits)  # the other half says the contrary
    one = fit_offsets({"tfns_sentiment": Judged(labels, logits, choose)})
    two = fit_offsets({"tfns_sentiment": Judged(labels, other, choose)})
    assert np.array_equal(one["document"], two["document"])


def test_errors_are_those_of_rows_that_nothing_was_fitted_on() -> None:
    labels, logits = drawn(3, 400)
    choose = np.arange(400) < 200
    bent = np.where(choose[:, None], logits * 5, logits)  # what is right for one half is wrong for the other
    errors = calibration_errors({"tfns_sentiment": Judged(labels, bent, choose)}, {})
    within = [
        expected_calibration_error(labels[half], fit_calibration(labels[half], bent[half]).probabilities(bent[half]))
        for half in (choose, ~choose)
    ]
    assert errors["document"] > 2 * max(within)


def test_without_offsets_errors_are_those_of_temperatures_alone() -> None:
    labels, logits = drawn(4, 3000)
    judged = {"tfns_sentiment": Judged(labels, logits + np.array([1.5, 0.0, -1.5]), np.arange(3000) % 2 == 0)}
    alone, with_offsets = (calibration_errors(judged, offsets)["document"] for offsets in (None, {}))
    assert alone > 1.5 * with_offsets
