"""Whether explanations name the words that matter: delete them, and see whether the answer gives way.

Comprehensiveness in the sense of DeYoung et al. (2020, ERASER): how much of the winning class's probability goes when
the words with the largest shares are deleted, against as many words deleted at random.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from services.model.explanation import WORD, Explanation, explain
from services.model.opinion_model import SENTIMENTS, OpinionModel
from services.training.data.datasets import Example
from services.training.measuring.measures import softmax
from services.training.measuring.prediction import predict


@dataclass(frozen=True)
class Faithfulness:
    """Mean loss of probability by deleting a fifth of the words: the top ones, random ones; seconds per explanation."""

    n: int
    top: float
    at_random: float
    seconds: float


def measure_faithfulness(
    model: OpinionModel, tokenizer: Any, texts: Sequence[str], *, share: float = 0.2, seed: int = 20261124
) -> Faithfulness:
    """Explain each text's own sentiment, delete, and read again. Texts of fewer than five words are left out."""
    texts = [text for text in texts if len(WORD.findall(text)) >= 5]
    started = perf_counter()
    explanations = [explain(model, tokenizer, text) for text in texts]
    seconds = (perf_counter() - started) / max(1, len(texts))
    chance = random.Random(seed)
    top, scattered = [], []
    for text, found in zip(texts, explanations, strict=True):
        count = max(1, round(share * len(found.words)))
        order = sorted(range(len(found.words)), key=lambda i: -found.words[i].share)
        top.append(_without(text, found, order[:count]))
        scattered.append(_without(text, found, chance.sample(range(len(found.words)), count)))
    return Faithfulness(
        n=len(texts),
        top=_loss(model, tokenizer, explanations, top),
        at_random=_loss(model, tokenizer, explanations, scattered),
        seconds=seconds,
    )


def _without(text: str, found: Explanation, words: Sequence[int]) -> str:
    spans = [found.words[i].span for i in words]
    return "".join(c for i, c in enumerate(text) if not any(start <= i < end for start, end in spans))


def _loss(model: OpinionModel, tokenizer: Any, explanations: Sequence[Explanation], texts: Sequence[str]) -> float:
    temperature = (model.config.temperatures or {}).get("document", 1.0)
    chances = softmax(predict(model, tokenizer, [Example(text, "") for text in texts]).document, temperature)
    after = [chances[row, SENTIMENTS.index(found.answer)] for row, found in enumerate(explanations)]
    return float(np.mean([found.probability for found in explanations]) - np.mean(after))
