"""Run an OpinionModel over examples: logits of every head and embeddings, in the examples' order.

The plain float32 path, for measuring and for training; services run the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from services.model.event_labels import in_classes
from services.model.opinion_model import OpinionModel, OpinionOutput
from services.model.reading import blank_links, mention_tokens
from services.training.data.datasets import Example
from services.training.data.encoding import batches
from services.training.measuring.measures import Floats
from shared.languages.registry import language_of_sets


@dataclass(frozen=True)
class Predictions:
    """Logits: document [n, 3], event [n, E] in the columns of ``classes_of_logits``, embedding [n, H]; company [all
    companies of the examples in order, 3].

    Of a model that answers them: rumour [n, 2], role [all companies, R]; else without rows.
    """

    document: Floats
    company: Floats
    event: Floats
    embedding: Floats
    role: Floats
    rumour: Floats


def predict(model: OpinionModel, tokenizer: Any, examples: Sequence[Example], token_budget: int = 4096) -> Predictions:
    """Logits for every example and every company in it; long texts in windows, as the configuration says."""
    nn.Module.eval(model)
    windows = [_windows(example, tokenizer, model) for example in examples]
    lengths = [sum(len(window["ids"]) for window in of_text) for of_text in windows]
    first_company = np.cumsum([0, *(len(example.companies) for example in examples)])
    rows: dict[str, dict[int, Tensor]] = {field.name: {} for field in fields(Predictions)}
    for batch in batches(lengths, token_budget, None):
        output = _forward(model, [examples[row] for row in batch], [windows[row] for row in batch])
        companies = [first_company[row] + i for row in batch for i in range(len(examples[row].companies))]
        for name, tensor, places in (
            ("document", output.document_sentiment, batch),
            ("event", output.event, batch),
            ("embedding", output.embedding, batch),
            ("company", output.company_sentiment, companies),
            ("role", output.role, companies),
            ("rumour", output.rumour, batch),
        ):
            if tensor is not None:
                rows[name].update(zip(map(int, places), tensor.cpu(), strict=True))
    found = {name: _stack(of_head) for name, of_head in rows.items()}
    language = language_of_sets(example.source for example in examples).tag
    return Predictions(**found | {"event": in_classes(found["event"], model.config.event_labels or (), language)})


def _windows(example: Example, tokenizer: Any, model: OpinionModel) -> list[dict[str, Any]]:
    """The windows of one text: token ids and offsets of each."""
    encoded = tokenizer(
        blank_links(example.text),
        truncation=True,
        max_length=model.config.window_tokens,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    ids, offsets = encoded["input_ids"], encoded["offset_mapping"]
    return [{"ids": i, "offsets": o} for i, o in zip(ids, offsets, strict=True)][: model.config.max_windows]


def _forward(model: OpinionModel, examples: Sequence[Example], texts: Sequence[list[dict[str, Any]]]) -> OpinionOutput:
    windows = [(row, window) for row, of_text in enumerate(texts) for window in of_text]
    longest = max(len(window["ids"]) for _, window in windows)
    input_ids = torch.full((len(windows), longest), int(model.encoder.config.pad_token_id or 0))
    mask = torch.zeros((len(windows), longest), dtype=torch.long)
    first = np.cumsum([0, *(len(example.companies) for example in examples)])
    mentions, mention_window, company = [], [], []
    for number, (row, window) in enumerate(windows):
        input_ids[number, : len(window["ids"])] = torch.tensor(window["ids"])
        mask[number, : len(window["ids"])] = 1
        for place, found in enumerate(examples[row].companies):
            marked = torch.zeros(longest)
            marked[mention_tokens(window["offsets"], found.spans)] = 1
            mentions.append(marked)
            mention_window.append(number)
            company.append(int(first[row]) + place)
    device = model.device
    with torch.inference_mode():
        pooled = model.pool(
            input_ids.to(device),
            mask.to(device),
            torch.stack(mentions).to(device) if mentions else None,
            torch.tensor(mention_window, device=device) if mentions else None,
        )
        documents = torch.tensor([row for row, _ in windows], device=device)
        owners = torch.tensor(company, dtype=torch.long, device=device)
        pooled = pooled.combine(documents, len(examples), owners, int(first[-1]))
        owner_row = [row for row, example in enumerate(examples) for _ in example.companies]
        return model.read(pooled, torch.tensor(owner_row, dtype=torch.long, device=device))


def _stack(rows: dict[int, Tensor]) -> Floats:
    if not rows:
        return np.zeros((0, 1))
    return np.stack([rows[i].float().numpy() for i in range(len(rows))]).astype(np.float64)
