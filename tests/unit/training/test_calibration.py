"""Calibration: it finds the distortion that was put in, and says nothing of rows that it was not fitted on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.model.opinion_model import OpinionModel
from services.training.measuring.devset import Judged, judge, judge_heads
from services.training.measuring.measures import Floats, Ints, expected_calibration_error, softmax
from services.training.shipping.calibration import calibration_errors, fit_calibration, fit_offsets


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


def test_calibration_goes_by_labels_that_nobody_guessed(tiny: tuple[OpinionModel, object], labelled: Path) -> None:
    names = ("tfns_sentiment", "tfns_topic", "sentfin")
    found = judge_heads(*tiny, labelled, names)
    assert set(found) == {"tfns_sentiment/document", "tfns_topic/event", "sentfin/company"}
    for judged in judge(*tiny, labelled, names).values():
        same = next(item for item in found.values() if item.head == judged.head)
        assert np.array_equal(same.labels, judged.labels)
        assert np.array_equal(same.logits, judged.logits)


def test_a_set_may_calibrate_several_heads(tiny: tuple[OpinionModel, object], tmp_path: Path) -> None:
    files = {
        "zh_news_titles": "id,company,text,label,polarity,near_test\n1,东山,东山利润下降,negative,negative,0\n",
        "zh_finnsp_negative": "id,text,label,entities,key_entities,near_test\n"
        "1,东山欠西河的钱,negative,东山;西河,东山,0\n",
    }
    for name, content in files.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "dev.csv").write_text(content, encoding="utf-8")
    found = {name: item.labels.tolist() for name, item in judge_heads(*tiny, tmp_path, tuple(files)).items()}
    assert found == {
        "zh_news_titles/document": [0],
        "zh_news_titles/company": [0],
        "zh_finnsp_negative/company": [0],  # neither the other company, taken for neutral, nor the text as a whole
    }
