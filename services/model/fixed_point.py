"""Probabilities as integers: micro-units that sum to 1,000,000 exactly, the same on every machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.model.interface import Sentiment
from shared.contract.events import MICRO


def to_micro(probabilities: NDArray[np.floating]) -> NDArray[np.int64]:
    """Rows of probabilities [R, L] to integers [R, L], each row summing to 1,000,000 (largest remainder, Hamilton).

    Rows are normalised first; equal remainders go to the lower index. Raises ValueError when a value is not finite or
    is negative, or a row is all zero: the model failed on that row.
    """
    wide = probabilities.astype(np.float64)
    total = wide.sum(axis=1, keepdims=True)
    if not (np.isfinite(wide).all() and (wide >= 0).all() and (total > 0).all()):
        raise ValueError("the model gave a probability that is negative or not a number")
    scaled: NDArray[np.float64] = wide / total * MICRO
    micro: NDArray[np.int64] = np.floor(scaled).astype(np.int64)
    order = np.argsort(micro - scaled, axis=1, kind="stable")
    missing = MICRO - micro.sum(axis=1, keepdims=True)
    np.put_along_axis(micro, order, np.take_along_axis(micro, order, 1) + (np.arange(wide.shape[1]) < missing), 1)
    return micro


def to_sentiments(probabilities: NDArray[np.floating]) -> list[Sentiment]:
    """Rows [R, 3] in the order negative, neutral, positive."""
    return [Sentiment(*row) for row in to_micro(probabilities).tolist()]
