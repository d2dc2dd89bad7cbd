"""Which words made an answer: integrated gradients over the word vectors of one window (Sundararajan et al. 2017).

The path runs from a text of [MASK]s to the text; all its steps go through the encoder as one batch, so that an
explanation costs about as much as reading thirty short texts. Needs torch's own modules: not the fused kernel.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from services.model.interface import Span
from services.model.opinion_model import SENTIMENTS, OpinionModel
from services.model.reading import blank_links, mention_tokens

_WORD = re.compile(r"\S+")


@dataclass(frozen=True)
class WordShare:
    """A word, where it stands in the text, and what it adds to the logit margin of the answer (may be negative)."""

    word: str
    span: Span
    share: float


@dataclass(frozen=True)
class Explanation:
    """The class that is explained, its probability in [0, 1], and the words of the first window in order."""

    answer: str
    probability: float
    words: tuple[WordShare, ...]


def explain(
    model: OpinionModel, tokenizer: Any, text: str, spans: Sequence[Span] | None = None, *, steps: int = 24
) -> Explanation:
    """Explain the sentiment about the company mentioned at ``spans`` (None: of the text as a whole).

    ``tokenizer`` is the model's, as transformers gives it. The shares add up to the difference that the text makes to
    the margin of the winning class over the mean of the others, up to the error of ``steps`` trapezoids.
    """
    encoded = tokenizer(
        blank_links(text),
        truncation=True,
        max_length=model.config.window_tokens,
        return_offsets_mapping=True,
        return_special_tokens_mask=True,
    )
    ids = torch.tensor(encoded["input_ids"], device=model.device)
    special = torch.tensor(encoded["special_tokens_mask"], device=model.device).bool()
    mentions = torch.zeros(len(ids), device=model.device)
    if spans is not None:
        mentions[mention_tokens(encoded["offset_mapping"], spans)] = 1
    reader = _Reader(model, None if spans is None else mentions)
    vectors = model.encoder.embeddings.word_embeddings
    with torch.no_grad():
        end = vectors(ids).float()
        start = torch.where(special.unsqueeze(1), end, vectors.weight[int(tokenizer.mask_token_id)].float())
        logits = reader.logits(end.unsqueeze(0))[0]
    target = int(logits.argmax())
    tokens = _integrate(reader, start, end, target, steps)
    temperature = (model.config.temperatures or {}).get("document" if spans is None else "company", 1.0)
    return Explanation(
        SENTIMENTS[target],
        float(torch.softmax(logits.double() / temperature, -1)[target]),
        _words(text, encoded["offset_mapping"], tokens.tolist()),
    )


class _Reader:
    """From word vectors [R, T, H] to sentiment logits [R, 3], of a company or of the document."""

    def __init__(self, model: OpinionModel, mentions: Tensor | None) -> None:
        self._model, self._mentions = model, mentions

    def logits(self, vectors: Tensor) -> Tensor:
        rows, tokens = vectors.shape[:2]
        mask = torch.ones(rows, tokens, dtype=torch.long, device=vectors.device)
        states = self._model.encoder(inputs_embeds=vectors, attention_mask=mask).last_hidden_state
        if self._mentions is None:
            pooled = self._model.pool_states(states, mask, None, None)
            found = self._model.read(pooled, mask.new_zeros(0)).document_sentiment
        else:
            row = torch.arange(rows, device=vectors.device)
            pooled = self._model.pool_states(states, mask, self._mentions.expand(rows, tokens), row)
            found = self._model.read(pooled, row).company_sentiment
        assert found is not None
        return found


def _integrate(reader: _Reader, start: Tensor, end: Tensor, target: int, steps: int) -> Tensor:
    """Attribution of every token [T], by the trapezoid rule over ``steps`` intervals."""
    place = torch.linspace(0, 1, steps + 1, device=end.device).view(-1, 1, 1)
    path = (start + place * (end - start)).detach().requires_grad_(True)
    with torch.enable_grad():
        logits = reader.logits(path)
        margin = logits[:, target] * 1.5 - logits.sum(1) / 2  # over the mean of the other two
        (slope,) = torch.autograd.grad(margin.sum(), path)
    weight = torch.full((steps + 1, 1, 1), 1 / steps, device=end.device)
    weight[0] = weight[-1] = 0.5 / steps
    return ((slope * weight).sum(0) * (end - start)).sum(-1)


def _words(text: str, offsets: Sequence[tuple[int, int]], tokens: Sequence[float]) -> tuple[WordShare, ...]:
    last = max((end for _, end in offsets), default=0)
    found = []
    for match in _WORD.finditer(text):
        if match.start() >= last:
            break
        inside = [share for (a, b), share in zip(offsets, tokens, strict=True) if a < match.end() and b > match.start()]
        found.append(WordShare(match[0], match.span(), float(sum(inside))))
    return tuple(found)
