"""Which words made an answer: integrated gradients over the word vectors of one window (Sundararajan et al. 2017).

The path runs from a text of [MASK]s to the text, and is sampled at the points of a Gauss-Legendre rule: eight of them
do what a trapezoid needs fifty for. All points go through the encoder as one batch, once for all that is asked about
the text; a long window gets fewer points, so that an answer takes less than a second on a CPU. Needs torch's own
modules: not the fused kernel.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import torch
from torch import Tensor

from services.model.device import mixed_precision
from services.model.interface import Span
from services.model.opinion_model import SENTIMENTS, OpinionModel
from services.model.reading import blank_links, mention_tokens
from shared.languages.registry import UNSPACED

WORD = re.compile(rf"[{UNSPACED}]|[^\s{UNSPACED}]+")
_WORK = 8400  # points x tokens x layers: what two cores without bf16 read, there and back, in less than a second
_LEAST_POINTS, _MOST_POINTS = 3, 12


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


EVENT: Final = "event"
Target = Sequence[Span] | Literal["event"] | None  # a company's mentions, the event, or None: the text as a whole


def explain(
    model: OpinionModel, tokenizer: Any, text: str, spans: Target = None, *, points: int | None = None
) -> Explanation:
    """Explain the sentiment about the company mentioned at ``spans`` (None: of the text as a whole).

    ``tokenizer`` is the model's, as transformers gives it. The shares add up to the difference that the text makes to
    the margin of the winning class over the mean of the others, up to the error of the rule with ``points`` points.
    """
    return explain_each(model, tokenizer, text, [spans], points=points)[0]


def explain_each(
    model: OpinionModel, tokenizer: Any, text: str, targets: Sequence[Target], *, points: int | None = None
) -> list[Explanation]:
    """One explanation per target, in order, from one pass through the encoder and one back for each."""
    encoded = tokenizer(
        blank_links(text),
        truncation=True,
        max_length=model.config.window_tokens,
        return_offsets_mapping=True,
        return_special_tokens_mask=True,
    )
    offsets = encoded["offset_mapping"]
    ids = torch.tensor(encoded["input_ids"], device=model.device)
    special = torch.tensor(encoded["special_tokens_mask"], device=model.device).bool()
    most = _WORK // (len(ids) * model.encoder.config.num_hidden_layers)
    places, weights = _rule(points or min(_MOST_POINTS, max(_LEAST_POINTS, most)))
    vectors = model.encoder.embeddings.word_embeddings
    with torch.no_grad():
        end = vectors(ids).float()
        start = torch.where(special.unsqueeze(1), end, vectors.weight[int(tokenizer.mask_token_id)].float())
    at = torch.cat([places, torch.ones(1)]).to(end.device).view(-1, 1, 1)  # the last point is the text itself
    path = (start + at * (end - start)).detach().requires_grad_(True)
    reader = _Reader(model, path)
    found = []
    for target in targets:
        logits = reader.logits(target if target is None or target == EVENT else mention_tokens(offsets, target))
        answer = int(logits[-1].argmax())
        slope = reader.slope(logits, answer)[:-1]
        tokens = ((slope * weights.to(end.device).view(-1, 1, 1)).sum(0) * (end - start)).sum(-1)
        kind = "document" if target is None else EVENT if target == EVENT else "company"
        temperature = (model.config.temperatures or {}).get(kind, 1.0)
        chance = float(torch.softmax(logits[-1].detach().double() / temperature, -1)[answer])
        classes = (model.config.event_labels or ()) if kind == EVENT else SENTIMENTS
        found.append(Explanation(classes[answer], chance, _words(text, offsets, tokens.tolist())))
    return found


def _rule(points: int) -> tuple[Tensor, Tensor]:
    """Places in (0, 1) and weights of the Gauss-Legendre rule."""
    places, weights = np.polynomial.legendre.leggauss(points)
    return torch.from_numpy((places + 1) / 2).float(), torch.from_numpy(weights / 2).float()


class _Reader:
    """From word vectors [R, T, H] to logits [R, classes], of a company, the event or the document's sentiment; the
    encoder runs once."""

    def __init__(self, model: OpinionModel, vectors: Tensor) -> None:
        self._model, self._vectors = model, vectors
        self._mask = torch.ones(vectors.shape[:2], dtype=torch.long, device=vectors.device)
        with torch.enable_grad(), mixed_precision(vectors.device):
            encoded = model.encoder(inputs_embeds=vectors, attention_mask=self._mask)
        self._states = encoded.last_hidden_state

    def logits(self, mention: Sequence[int] | Literal["event"] | None) -> Tensor:
        rows, tokens = self._mask.shape
        with torch.enable_grad():
            if mention is None or isinstance(mention, str):
                pooled = self._model.pool_states(self._states, self._mask, None, None)
                logits = self._model.logits(pooled, self._mask.new_zeros(0))
                return logits.document_sentiment if mention is None else logits.event
            row = torch.arange(rows, device=self._mask.device)
            marked = torch.zeros(tokens, device=self._mask.device)
            marked[list(mention)] = 1
            pooled = self._model.pool_states(self._states, self._mask, marked.expand(rows, tokens), row)
            return self._model.logits(pooled, row).company_sentiment

    def slope(self, logits: Tensor, answer: int) -> Tensor:
        """How the margin of the answer over the mean of the others changes with every vector: [R, T, H]."""
        others = logits.shape[1] - 1
        with torch.enable_grad():
            margin = (logits[:, answer] * ((others + 1) / others) - logits.sum(1) / others).sum()
        (found,) = torch.autograd.grad(margin, self._vectors, retain_graph=True)
        return found.float()


def _words(text: str, offsets: Sequence[tuple[int, int]], tokens: Sequence[float]) -> tuple[WordShare, ...]:
    last = max((end for _, end in offsets), default=0)
    found = []
    for match in WORD.finditer(text):
        if match.start() >= last:
            break
        inside = [share for (a, b), share in zip(offsets, tokens, strict=True) if a < match.end() and b > match.start()]
        found.append(WordShare(match[0], match.span(), float(sum(inside))))
    return tuple(found)
