"""Run an OpinionModel over examples: logits of every head and embeddings, in the examples' order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from services.model.opinion_model import OpinionModel, OpinionOutput
from services.training.datasets import Example
from services.training.encoding import batches, encode, token_lengths
from services.training.measures import Floats


@dataclass(frozen=True)
class Predictions:
    """document [n, 3], event [n, E], embedding [n, H]; company [all companies of the examples in order, 3]. Logits."""

    document: Floats
    company: Floats
    event: Floats
    embedding: Floats


def predict(model: OpinionModel, tokenizer: Any, examples: Sequence[Example], token_budget: int = 8192) -> Predictions:
    """Logits for every example and every company in it. A text is read up to one window."""
    model.eval()
    lengths = token_lengths([example.text for example in examples], tokenizer)
    first_company = np.cumsum([0, *(len(example.companies) for example in examples)])
    rows: dict[str, dict[int, Tensor]] = {"document": {}, "company": {}, "event": {}, "embedding": {}}
    for batch in batches(lengths, token_budget, None):
        output = _forward(model, tokenizer, [examples[row] for row in batch])
        companies = [first_company[row] + i for row in batch for i in range(len(examples[row].companies))]
        for name, tensor, places in (
            ("document", output.document_sentiment, batch),
            ("event", output.event, batch),
            ("embedding", output.embedding, batch),
            ("company", output.company_sentiment, companies),
        ):
            rows[name].update(zip(map(int, places), cast(Tensor, tensor), strict=True))
    return Predictions(**{name: _stack(found) for name, found in rows.items()})


def _forward(model: OpinionModel, tokenizer: Any, examples: Sequence[Example]) -> OpinionOutput:
    with torch.inference_mode():
        return cast(OpinionOutput, model(**encode(examples, tokenizer).inputs()))


def _stack(rows: dict[int, Tensor]) -> Floats:
    if not rows:
        return np.zeros((0, 1))
    return np.stack([rows[i].numpy() for i in range(len(rows))]).astype(np.float64)
