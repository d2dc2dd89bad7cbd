"""What a fine-tuning run works out once from its examples: anchors, class weights, names to rename companies to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from services.model.device import mixed_precision
from services.model.opinion_model import OpinionModel
from services.training.data.augmentation import Augmentation
from services.training.data.datasets import Example
from services.training.measuring.prediction import predict


def text_embeddings(model: OpinionModel, tokenizer: Any, examples: Sequence[Example]) -> Tensor:
    """Embeddings [n, H], in mixed precision; an untrained model gives its encoder's own (its head is the identity)."""
    with mixed_precision(model.device):
        found = predict(model, tokenizer, [Example(example.text, example.source) for example in examples])
    return torch.from_numpy(found.embedding).float()


def class_weights(examples: Sequence[Example], model: OpinionModel) -> dict[str, Tensor]:
    """Per head, the square root of (rows / classes / rows of the class); 1 for a class without rows."""
    counts = {
        "document": Counter(e.document for e in examples),
        "company": Counter(c.sentiment for e in examples for c in e.companies),
        "event": Counter(e.event for e in examples),
    }
    sizes = {"event": len(model.config.event_labels or ())}
    weights = {}
    for head, counted in counts.items():
        rows = [counted.get(label, 0) for label in range(sizes.get(head, 3))]
        mean = sum(rows) / len(rows)
        weights[head] = torch.tensor([(mean / n) ** 0.5 if n else 1.0 for n in rows])
    return weights


def with_names(augmentation: Augmentation, examples: Sequence[Example]) -> Augmentation:
    """The augmentation with the training companies' names, and short texts about one company, to choose from.

    Unlabelled texts are among them: of their companies a teacher says something, or what it was sure of.
    """
    names = {
        example.text[start:end]
        for example in examples
        for company in example.companies
        for start, end in company.spans
        if not example.text[start:end].startswith("$")
    }
    partners = tuple(e for e in examples if len(e.companies) == 1 and e.companies[0].spans and len(e.text) < 120)
    return replace(augmentation, names=tuple(sorted(names)), partners=partners)
