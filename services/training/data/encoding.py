"""From examples to tensors: tokens, mention masks, labels; batches of similar length."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from services.model.reading import blank_links, mention_tokens
from services.training.data.datasets import Example

WINDOW_TOKENS = 256
_BUCKET_BATCHES = 40


@dataclass(frozen=True)
class Batch:
    """B texts padded to T tokens with C companies.

    input_ids, attention_mask [B, T]; mention_mask [C, T]; mention_row [C] (the company's text); document, event,
    second, rumour [B] and company, role [C] hold class indices or UNLABELLED; the weights are of the same shapes.
    """

    input_ids: Tensor
    attention_mask: Tensor
    mention_mask: Tensor
    mention_row: Tensor
    document: Tensor
    document_weight: Tensor
    company: Tensor
    company_weight: Tensor
    event: Tensor
    event_weight: Tensor
    second: Tensor
    role: Tensor
    rumour: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same on a device."""
        return Batch(**{name: tensor.to(device) for name, tensor in vars(self).items()})

    def inputs(self) -> dict[str, Tensor]:
        """The arguments of OpinionModel.forward."""
        names = ("input_ids", "attention_mask", "mention_mask", "mention_row")
        return {name: getattr(self, name) for name in names}


def encode(examples: Sequence[Example], tokenizer: Any, *, max_tokens: int = WINDOW_TOKENS) -> Batch:
    """Tokenise one batch; a text longer than ``max_tokens`` is cut (training texts are short)."""
    encoded = tokenizer(
        [blank_links(example.text) for example in examples],
        truncation=True,
        max_length=max_tokens,
        padding=True,
        return_offsets_mapping=True,
    )  # lists: turned into tensors by the tokenizer, offsets and all, they took twice the time of tokenising
    input_ids, offsets = torch.tensor(encoded["input_ids"]), encoded["offset_mapping"]
    companies = [(row, company) for row, example in enumerate(examples) for company in example.companies]
    mentions = torch.zeros(len(companies), input_ids.shape[1])
    for number, (row, company) in enumerate(companies):
        mentions[number, mention_tokens(offsets[row], company.spans)] = 1
    return Batch(
        input_ids=input_ids,
        attention_mask=torch.tensor(encoded["attention_mask"]),
        mention_mask=mentions,
        mention_row=torch.tensor([row for row, _ in companies], dtype=torch.long),
        document=torch.tensor([example.document for example in examples]),
        document_weight=torch.tensor([example.document_weight for example in examples]),
        company=torch.tensor([company.sentiment for _, company in companies], dtype=torch.long),
        company_weight=torch.tensor([company.weight for _, company in companies]),
        event=torch.tensor([example.event for example in examples]),
        event_weight=torch.tensor([example.event_weight for example in examples]),
        second=torch.tensor([example.second for example in examples]),
        role=torch.tensor([company.role for _, company in companies], dtype=torch.long),
        rumour=torch.tensor([example.rumour for example in examples]),
    )


def batches(lengths: Sequence[int], token_budget: int, chance: random.Random | None) -> Iterator[list[int]]:
    """Row numbers in batches of similar length, each of at most ``token_budget`` padded tokens.

    With ``chance`` the order is random (sorted within stretches of some forty batches), without it plainly by length.
    """
    order = list(range(len(lengths)))
    if chance is None:
        yield from _cut(sorted(order, key=lambda row: lengths[row]), lengths, token_budget)
        return
    chance.shuffle(order)
    mean = max(1, sum(lengths) // max(1, len(lengths)))
    stretch = max(1, _BUCKET_BATCHES * token_budget // mean)
    cut: list[list[int]] = []
    for start in range(0, len(order), stretch):
        part = sorted(order[start : start + stretch], key=lambda row: lengths[row])
        cut += _cut(part, lengths, token_budget)
    chance.shuffle(cut)
    yield from cut


def _cut(order: Sequence[int], lengths: Sequence[int], token_budget: int) -> Iterator[list[int]]:
    batch: list[int] = []
    longest = 0
    for row in order:
        longest = max(longest, lengths[row])
        if batch and longest * (len(batch) + 1) > token_budget:
            yield batch
            batch, longest = [], lengths[row]
        batch.append(row)
    if batch:
        yield batch


def token_lengths(texts: Sequence[str], tokenizer: Any) -> list[int]:
    """Tokens of each text as the model reads it, at most one window."""
    encoded = tokenizer([blank_links(text) for text in texts], truncation=True, max_length=WINDOW_TOKENS)
    return [len(ids) for ids in encoded["input_ids"]]
