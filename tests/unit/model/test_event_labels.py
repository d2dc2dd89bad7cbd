"""Models with the classes of former versions answer in those of now; others in their own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from services.model.event_labels import answered_labels, classes_of_logits, in_classes, learnt_language
from services.model.packing import most_probable
from shared.event_classes.classes import EVENT_CLASSES
from shared.event_classes.former import FORMER_EVENT_CLASSES

SHIPPED = Path(__file__).parents[3] / "models"


def test_every_shipped_model_answers_in_the_classes_of_now() -> None:
    for config in SHIPPED.glob("*/config.json"):
        labels = json.loads(config.read_text("utf-8"))["event_labels"]
        assert set(answered_labels(labels, learnt_language(config.parent))) <= set(EVENT_CLASSES)


def test_what_a_model_learnt_from_says_its_language(tmp_path: Path) -> None:
    assert learnt_language(SHIPPED / "bellwether-zh") == "zh"
    assert learnt_language(SHIPPED / "bellwether-mini") == "en"
    assert learnt_language(tmp_path) == ""
    for content in ("[]", "{}", '{"learnt": 5}', "no json"):
        (tmp_path / "metrics.json").write_text(content)
        assert learnt_language(tmp_path) == ""


@given(arrays(np.float32, (3, 20), elements=st.floats(-8, 8, width=32)), st.sampled_from(["en", "zh"]))
def test_the_likeliest_class_is_what_the_engine_answers(logits: np.ndarray, language: str) -> None:
    answered = answered_labels(FORMER_EVENT_CLASSES, language)
    told = [events[0][0] for events in most_probable(logits, answered)]
    folded = in_classes(logits, FORMER_EVENT_CLASSES, language)
    assert folded.shape == (3, 58)
    for row, name in zip(folded, told, strict=True):
        assert row[EVENT_CLASSES.index(name)] == row.max()


def test_classes_that_are_answered_alike_are_told_once() -> None:
    chances = np.array([[0.4, 0.3, 0.2, 0.06, 0.04]])
    found = most_probable(chances, ["commodities", "commodities", "ipo", "debt", "stake"])
    assert found == [(("commodities", 400_000), ("ipo", 200_000), ("debt", 60_000))]


def test_a_models_own_classes_stay() -> None:
    logits = np.zeros((1, 2))
    assert classes_of_logits(["only", "two"]) == ("only", "two") == answered_labels(["only", "two"])
    assert in_classes(logits, ["only", "two"]) is logits
    assert in_classes(np.zeros((1, 58)), EVENT_CLASSES).shape == (1, 58)
