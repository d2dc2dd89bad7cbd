"""Which of a classifier's outputs means negative, neutral and positive. Pure; never assumes an order."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

_CLASSES = ("negative", "neutral", "positive")
_WORDS = {
    "negative": "negative", "neg": "negative", "bearish": "negative", "bear": "negative", "sell": "negative",
    "neutral": "neutral", "neu": "neutral", "hold": "neutral", "mixed": "neutral", "none": "neutral",
    "positive": "positive", "pos": "positive", "bullish": "positive", "bull": "positive", "buy": "positive",
}  # fmt: skip


class LabelError(ValueError):
    """The labels of a model's configuration cannot be read as sentiments."""


def label_weights(id2label: Mapping[int, str]) -> NDArray[np.float64]:
    """A matrix [labels, 3]: row i says how output i is shared between negative, neutral and positive.

    Understands positive/negative(/neutral) and their short forms, bullish/bearish, buy/hold/sell, with prefixes such
    as 'very' or 'extremely', and 1 to 5 stars (1, 2 negative; 3 neutral; 4, 5 positive).
    Raises LabelError for anything else, for LABEL_0 too: an order that the configuration does not tell is not guessed.
    """
    names = [str(id2label[index]) for index in range(len(id2label))]
    found = [_class_of(name) for name in names]
    if None in found or not {"negative", "positive"} <= set(found):
        raise LabelError(
            f"labels {names}: cannot tell which is negative and which positive. Set id2label in the model's config.json"
            " to negative/neutral/positive (or bearish/neutral/bullish, or '1 star' to '5 stars')"
        )
    weights = np.zeros((len(names), 3))
    for row, name in enumerate(found):
        weights[row, _CLASSES.index(str(name))] = 1.0
    return weights


def _class_of(label: str) -> str | None:
    star = re.fullmatch(r"\s*([1-5])[\s_-]*stars?\s*", label.lower())
    if star:
        return _CLASSES[(int(star[1]) > 2) + (int(star[1]) > 3)]
    classes = {_WORDS[word] for word in re.findall(r"[a-z]+", label.lower()) if word in _WORDS}
    return classes.pop() if len(classes) == 1 else None
