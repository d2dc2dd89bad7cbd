"""What the opinion model adds to an encoder: sums over tokens, and the heads that read them. torch, no transformers.

Everything that the heads read is a sum over tokens, so the windows of a long text are combined by adding their
:class:`PooledStates`. In evaluation mode these sums and the heads run in float64: the order of a float32 sum changes
with the padding, and a document's answer must not depend on what it was padded to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, cast

import torch
from torch import Tensor, nn

from shared.event_classes.classes import EVENT_CLASSES

SENTIMENTS = ("negative", "neutral", "positive")

# tfns_topic's class -> the class of former versions that was learnt from it
EVENTS_OF_TFNS_TOPIC = {
    "Analyst Update": "analyst_rating",
    "Company | Product News": "company_news",
    "Currencies": "currencies",
    "Dividend": "dividend",
    "Earnings": "earnings",
    "Energy | Oil": "energy",
    "Fed | Central Banks": "central_banks",
    "Financials": "financing",
    "General News | Opinion": "general_news",
    "Gold | Metals | Materials": "metals_materials",
    "IPO": "ipo",
    "Legal | Regulation": "legal_regulation",
    "M&A | Investments": "mergers_investments",
    "Macro": "macro_economy",
    "Markets": "markets",
    "Personnel Change": "personnel_change",
    "Politics": "politics",
    "Stock Commentary": "stock_commentary",
    "Stock Movement": "stock_movement",
    "Treasuries | Corporate Debt": "bonds",
}
EVENTS = EVENT_CLASSES  # of a new model, in the order of its event logits; another one's are in its configuration

# what a company is in an event; "": no such part, and what a role's head answers of most texts
ROLES = ("", "acquirer", "target", "seller", "plaintiff", "defendant", "broker", "issuer")

SCORE_BOUND = 8.0  # attention weights are exp(score): bounded, they add up over windows without a running maximum


@dataclass
class PooledStates:
    """Sums over tokens, by document (B rows) and by company mention row (C rows); adding two of them pools them.

    ``*_sum`` are [rows, H], ``*_weight`` [rows]. ``token`` weighs every token by one, ``sentiment`` and ``event`` by a
    learnt attention, ``mention`` by membership in a mention, ``context`` by attention from the mention to the text.
    """

    token_sum: Tensor
    token_weight: Tensor
    sentiment_sum: Tensor
    sentiment_weight: Tensor
    event_sum: Tensor
    event_weight: Tensor
    mention_sum: Tensor
    mention_weight: Tensor
    context_sum: Tensor
    context_weight: Tensor

    def combine(self, document: Tensor, documents: int, company: Tensor, companies: int) -> PooledStates:
        """Add windows up: ``document`` [B] and ``company`` [C] name the row that each present row goes to."""
        combined = {}
        for field in fields(self):
            rows: Tensor = getattr(self, field.name)
            by_company = field.name.startswith(("mention", "context"))
            index, size = (company, companies) if by_company else (document, documents)
            combined[field.name] = rows.new_zeros((size, *rows.shape[1:])).index_add_(0, index, rows)
        return PooledStates(**combined)


@dataclass
class OpinionLogits:
    """Uncalibrated logits and embedding, float32: [B, 3], [C, 3], [B, E] and, of length 1, [B, H].

    `role` [C, R] and `rumour` [B, 2] are None for a model without these heads.
    """

    document_sentiment: Tensor
    company_sentiment: Tensor
    event: Tensor
    embedding: Tensor
    role: Tensor | None = None
    rumour: Tensor | None = None


@dataclass(frozen=True)
class OpinionProbabilities:
    """Calibrated probabilities: document [B, 3], company [C, 3] (order of SENTIMENTS), event [B, E]; of models that
    answer them, role [C, R] and rumour [B] (the chance that it is one).
    """

    document: Tensor
    company: Tensor
    event: Tensor
    role: Tensor | None = None
    rumour: Tensor | None = None


class ExactLinear(nn.Linear):
    """A linear layer that computes in its input's precision, whatever its weights are stored in.

    A class of its own also keeps the small heads out of quantisation, which goes by ``type(module) is nn.Linear``.
    """

    def forward(self, rows: Tensor) -> Tensor:
        bias = None if self.bias is None else self.bias.to(rows.dtype)
        return nn.functional.linear(rows, self.weight.to(rows.dtype), bias)


class SentimentHead(nn.Module):
    """Two layers from pooled states [rows, parts x H] to logits [rows, labels]."""

    def __init__(self, parts: int, hidden: int, labels: int, dropout: float) -> None:
        super().__init__()
        self.inner = ExactLinear(parts * hidden, hidden)
        self.dropout = nn.Dropout(dropout)
        self.outer = ExactLinear(hidden, labels)

    def forward(self, states: Tensor) -> Tensor:
        inner = nn.functional.gelu(self.inner(self.dropout(states)))
        return cast(Tensor, self.outer(self.dropout(inner)))


class OpinionHeads(nn.Module):
    """The trained parts beside the encoder, under the names that they have in a model folder's weights."""

    exact = True  # False: sums and heads run in float32 in evaluation mode too (ONNX runtimes lack float64)

    role_head: SentimentHead | None
    rumour_head: SentimentHead | None

    def add_heads(
        self, hidden: int, sentiments: int, events: int, dropout: float, roles: int = 0, rumour: bool = False
    ) -> None:
        """Make the parts, for an encoder of width `hidden`; without `roles` and `rumour`, none for these."""
        self.token_scores = ExactLinear(hidden, 2)  # sentiment, event
        self.mention_query = ExactLinear(hidden, hidden)
        self.unnamed = nn.Parameter(torch.zeros(hidden))  # stands for a company that the text does not name
        self.document_head = SentimentHead(2, hidden, sentiments, dropout)
        self.company_head = SentimentHead(4, hidden, sentiments, dropout)
        self.event_head = SentimentHead(2, hidden, events, dropout)
        self.embedding_head = ExactLinear(hidden, hidden, bias=False)
        self.role_head = SentimentHead(5, hidden, roles, dropout) if roles else None
        self.rumour_head = SentimentHead(2, hidden, 2, dropout) if rumour else None

    def pool_states(
        self, states: Tensor, attention_mask: Tensor, mention_mask: Tensor | None, mention_row: Tensor | None
    ) -> PooledStates:
        """Sum given encoder states [B, T, H] (for callers that run the encoder themselves, compiled or quantised)."""
        states = states.to(torch.float64 if self.exact and not self.training else torch.float32)
        mask = attention_mask.to(states.dtype)
        weights = _attention(self.token_scores(states)) * mask.unsqueeze(-1)
        if mention_mask is None or mention_row is None:
            mention_mask = mask.new_zeros((0, mask.shape[1]))
            mention_row = torch.zeros(0, dtype=torch.long, device=mask.device)
        mentions = mention_mask.to(states.dtype) * mask[mention_row]
        around = states.index_select(0, mention_row)  # (indexing by [] has a slow gradient)
        mention_sum, mention_weight = _weighted(mentions, around), mentions.sum(1)
        query = self.mention_query(mention_sum / mention_weight.clamp(min=1).unsqueeze(-1))
        context = _attention((around @ query.unsqueeze(-1)).squeeze(-1) / states.shape[-1] ** 0.5) * mask[mention_row]
        context = context * (mention_weight > 0).to(states.dtype).unsqueeze(-1)
        return PooledStates(
            token_sum=_weighted(mask, states),
            token_weight=mask.sum(1),
            sentiment_sum=_weighted(weights[..., 0], states),
            sentiment_weight=weights[..., 0].sum(1),
            event_sum=_weighted(weights[..., 1], states),
            event_weight=weights[..., 1].sum(1),
            mention_sum=mention_sum,
            mention_weight=mention_weight,
            context_sum=_weighted(context, around),
            context_weight=context.sum(1),
        )

    def logits(self, pooled: PooledStates, mention_row: Tensor) -> OpinionLogits:
        """Apply the heads to pooled states; ``mention_row`` [C] names the document of each company."""
        document = _mean(pooled.token_sum, pooled.token_weight)
        sentiment = _mean(pooled.sentiment_sum, pooled.sentiment_weight)
        named = (pooled.mention_weight > 0).unsqueeze(-1)
        mention = torch.where(
            named, _mean(pooled.mention_sum, pooled.mention_weight), self.unnamed.to(pooled.mention_sum.dtype)
        )
        context = torch.where(
            named, _mean(pooled.context_sum, pooled.context_weight), sentiment.index_select(0, mention_row)
        )
        company = torch.cat(
            [mention, context, document.index_select(0, mention_row), sentiment.index_select(0, mention_row)], dim=-1
        )
        told = _mean(pooled.event_sum, pooled.event_weight)
        event = torch.cat([document, told], dim=-1)
        part = torch.cat([company, told.index_select(0, mention_row)], dim=-1)
        return OpinionLogits(
            document_sentiment=self.document_head(torch.cat([document, sentiment], dim=-1)).float(),
            company_sentiment=self.company_head(company).float(),
            event=self.event_head(event).float(),
            embedding=nn.functional.normalize(self.embedding_head(document), dim=-1).float(),
            role=None if self.role_head is None else self.role_head(part).float(),
            rumour=None if self.rumour_head is None else self.rumour_head(event).float(),
        )


def calibrated(output: Any, temperatures: Mapping[str, float]) -> OpinionProbabilities:
    """Softmax of the logits (an OpinionLogits, or what has its attributes) over the temperatures."""
    return OpinionProbabilities(
        document=_softmax(output.document_sentiment, temperatures["document"]),
        company=_softmax(output.company_sentiment, temperatures["company"]),
        event=_softmax(output.event, temperatures["event"]),
        role=None if output.role is None else _softmax(output.role, temperatures.get("role", 1.0)),
        rumour=None if output.rumour is None else _softmax(output.rumour, temperatures.get("rumour", 1.0))[:, 1],
    )


def _attention(scores: Tensor) -> Tensor:
    return torch.exp(SCORE_BOUND * torch.tanh(scores / SCORE_BOUND))


def _weighted(weights: Tensor, states: Tensor) -> Tensor:
    """Sum of states [R, T, H] by weights [R, T] -> [R, H]."""
    return (weights.unsqueeze(1) @ states).squeeze(1)


def _mean(total: Tensor, weight: Tensor) -> Tensor:
    return total / weight.clamp(min=1e-6).unsqueeze(-1)


def _softmax(logits: Tensor, temperature: float) -> Tensor:
    return torch.softmax(logits.double() / temperature, dim=-1).float()
