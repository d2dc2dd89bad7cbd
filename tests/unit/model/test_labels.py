from __future__ import annotations

import pytest

from services.model.labels import LabelError, label_weights


@pytest.mark.parametrize(
    ("labels", "columns"),
    [
        (["positive", "negative", "neutral"], [2, 0, 1]),  # the order of ProsusAI/finbert
        (["Neutral", "Positive", "Negative"], [1, 2, 0]),
        (["Bearish", "Bullish", "Neutral"], [0, 2, 1]),
        (["NEGATIVE", "POSITIVE"], [0, 2]),
        (["1 star", "2 stars", "3 stars", "4 stars", "5 stars"], [0, 0, 1, 2, 2]),
        (["Very Negative", "Negative", "Neutral", "Positive", "Very Positive"], [0, 0, 1, 2, 2]),
        (["sell", "hold", "buy"], [0, 1, 2]),
    ],
)
def test_the_order_is_read_from_the_names(labels: list[str], columns: list[int]) -> None:
    weights = label_weights(dict(enumerate(labels)))
    assert weights.argmax(axis=1).tolist() == columns
    assert (weights.sum(axis=1) == 1).all()


@pytest.mark.parametrize(
    "labels",
    [
        ["LABEL_0", "LABEL_1", "LABEL_2"],
        ["joy", "anger"],
        ["positive", "neutral"],
        ["negative", "not positive negative"],
    ],
)
def test_labels_that_do_not_tell_are_refused_with_the_remedy(labels: list[str]) -> None:
    with pytest.raises(LabelError, match="id2label"):
        label_weights(dict(enumerate(labels)))
