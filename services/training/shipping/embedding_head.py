"""Give a fine-tuned model the base encoder's embedding back: its linear embedding head, by least squares.

Fine-tuning moves the states that the embedding is a mean of. An anchor in the loss holds them near, and costs accuracy;
this leaves them where they are and fits the map from them to the base encoder's own embedding afterwards.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from services.model.opinion_model import OpinionModel
from services.training.data.datasets import Example
from services.training.learning.preparation import text_embeddings
from services.training.measuring.measures import Floats

_TEXTS = 8000  # are twenty times as many as the map has columns
_RIDGE = 1e-3  # of the mean square of a state: a floor under directions that the texts hardly use


def fit_embedding_head(
    model: OpinionModel, tokenizer: Any, base: OpinionModel, base_tokenizer: Any, texts: Sequence[str]
) -> float:
    """Fit in place on a sample of `texts`; returns the mean cosine of fitted and base embeddings on it, -1 to 1."""
    known = sorted(set(texts))
    sample = random.Random(0).sample(known, min(len(known), _TEXTS))
    examples = [Example(text, "embedding") for text in sample]
    with torch.no_grad():
        model.embedding_head.weight.copy_(torch.eye(model.embedding_head.weight.shape[0]))
    states = text_embeddings(model, tokenizer, examples).double().numpy()
    wanted = text_embeddings(base, base_tokenizer, examples).double().numpy()
    weight = ridge(states, wanted)
    with torch.no_grad():
        model.embedding_head.weight.copy_(torch.from_numpy(weight.T).float())
    fitted = states @ weight
    lengths = np.linalg.norm(fitted, axis=1) * np.linalg.norm(wanted, axis=1)
    return float(((fitted * wanted).sum(1) / lengths).mean())


def ridge(given: Floats, wanted: Floats) -> Floats:
    """W [H, H] that makes given [n, H] @ W nearest to wanted [n, H]."""
    square = given.T @ given
    square += np.eye(len(square)) * (_RIDGE * np.trace(square) / len(square))
    return np.asarray(np.linalg.solve(square, given.T @ wanted), dtype=np.float64)
