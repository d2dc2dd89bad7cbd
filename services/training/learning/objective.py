"""What training minimises: three cross-entropies, an anchor on the embedding, and agreement with a teacher."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div, log_softmax, softmax

from services.model.opinion_model import OpinionOutput
from services.training.data.datasets import UNLABELLED
from services.training.data.encoding import Batch


@dataclass(frozen=True)
class Objective:
    """Weights of the parts of the loss; ``focal`` > 0 turns cross-entropy into focal loss (Lin et al. 2017)."""

    document: float = 1.0
    company: float = 1.0
    event: float = 1.0
    role: float = 0.5
    rumour: float = 0.5
    second: float = 0.15  # the share of a text's second event in what is asked of its event
    anchor: float = 4.0
    distil: float = 1.0
    distil_temperature: float = 2.0
    label_smoothing: float = 0.05
    focal: float = 0.0
    class_weights: dict[str, Tensor] | None = None  # by head: [classes]

    def loss(self, output: OpinionOutput, batch: Batch) -> Tensor:
        """Weighted sum over the heads; each head is averaged over its own labelled rows."""
        total = output.embedding.sum() * 0.0 if output.embedding is not None else torch.zeros(())
        two = batch.second != UNLABELLED
        first = torch.where(two, batch.event_weight * (1 - self.second), batch.event_weight)
        second = torch.where(two, batch.event_weight * self.second, 0.0)
        parts: tuple[tuple[str, float, Tensor | None, Tensor, Tensor], ...] = (
            ("document", self.document, output.document_sentiment, batch.document, batch.document_weight),
            ("company", self.company, output.company_sentiment, batch.company, batch.company_weight),
            ("event", self.event, output.event, batch.event, first),
            ("event", self.event * _share(two, batch.event), output.event, batch.second, second),
        )
        if output.role is not None:
            parts += (("role", self.role, output.role, batch.role, torch.ones_like(batch.company_weight)),)
        if output.rumour is not None:
            parts += (("rumour", self.rumour, output.rumour, batch.rumour, torch.ones_like(batch.event_weight)),)
        for head, share, logits, labels, weights in parts:
            total = total + share * self._head(head, cast(Tensor, logits), labels, weights)
        return total

    def anchor_loss(self, embedding: Tensor, anchor: Tensor, keep: Tensor) -> Tensor:
        """Distance (1 - cosine) of embeddings [B, H] to the base encoder's, over the rows that ``keep`` marks."""
        distance = 1 - (embedding * anchor).sum(-1)
        return self.anchor * (distance * keep).sum() / keep.sum().clamp(min=1)

    def distillation(self, output: OpinionOutput, teacher: OpinionOutput, texts: Tensor, companies: Tensor) -> Tensor:
        """Agreement with a teacher's softened answers (Hinton et al. 2015) in every head that both have with the same
        classes. The teacher answered the rows that ``texts`` [B] and ``companies`` [C] (bool) mark, and no others.
        """
        total = torch.zeros(())
        heads = (
            ("document_sentiment", texts, 1.0),
            ("company_sentiment", companies, 1.0),
            ("event", texts, 1.0),
            ("role", companies, self.role),
            ("rumour", texts, self.rumour),
        )
        for head, rows, share in heads:
            logits, target = getattr(output, head), getattr(teacher, head)
            if logits is None or target is None:
                continue
            if logits.shape[1:] == target.shape[1:] and len(target):
                logits = logits[rows]
                total = total + share * kl_div(
                    log_softmax(logits / self.distil_temperature, -1),
                    softmax(target / self.distil_temperature, -1),
                    reduction="batchmean",
                )
        return self.distil * self.distil_temperature**2 * total

    def _head(self, head: str, logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
        keep = labels != UNLABELLED
        if not bool(keep.any()):
            return logits.sum() * 0.0
        logits, labels, weights = logits[keep].float(), labels[keep], weights[keep]
        by_class = (self.class_weights or {}).get(head)
        losses = cross_entropy(logits, labels, weight=by_class, reduction="none", label_smoothing=self.label_smoothing)
        if self.focal:
            right = softmax(logits, -1).gather(1, labels.unsqueeze(1)).squeeze(1)
            losses = losses * (1 - right) ** self.focal
        # divided by the count, not the sum of weights: a batch of doubtful rows must not count like one of sure rows
        return (losses * weights).sum() / len(labels)


def _share(two: Tensor, event: Tensor) -> float:
    """Texts with a second event, of those with an event: each head's loss is a mean over its own rows."""
    known = int((event != UNLABELLED).sum())
    return int(two.sum()) / known if known else 0.0
