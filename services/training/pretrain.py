"""Masked-language modelling on plain text, going on from an encoder: the domain's words before its labels.

The output layer is tied to the word vectors, with a fresh transform, because the base encoder was published without
its own; "before" is therefore measured after the transform alone has been fitted for a few steps.
"""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoTokenizer, BertModel

from services.model.reading import blank_links
from services.training.checkpoints import base_encoder_path
from services.training.encoding import WINDOW_TOKENS, batches, token_lengths
from services.training.optimisation import optimizer_and_schedule, parameter_groups
from services.training.self_training import read_texts

log = logging.getLogger(__name__)
_IGNORED = -100


@dataclass(frozen=True)
class PretrainSettings:
    """One pre-training run; ``held_out`` of the texts measure perplexity and are not learnt from."""

    texts: tuple[Path, ...]
    out: Path
    encoder: str | None = None
    epochs: int = 1
    seed: int = 20261124
    token_budget: int = 2048
    rate: float = 1e-4
    masked: float = 0.15
    held_out: float = 0.02
    max_steps: int | None = None


@dataclass(frozen=True)
class Perplexity:
    """exp(mean loss per masked token) on the held-out texts, before and after."""

    before: float
    after: float
    texts: int


class MaskedModel(nn.Module):
    """An encoder with a transform and its own word vectors as the output layer."""

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        hidden = encoder.config.hidden_size
        self.encoder = encoder
        self.transform = nn.Sequential(nn.Linear(hidden, hidden), nn.GELU(), nn.LayerNorm(hidden))
        self.bias = nn.Parameter(torch.zeros(encoder.config.vocab_size))

    def forward(self, input_ids: Tensor, attention_mask: Tensor, chosen: Tensor) -> Tensor:
        """Logits [masked tokens, vocabulary] at the positions that ``chosen`` [B, T] marks."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state[chosen]
        words = self.encoder.embeddings.word_embeddings.weight
        return nn.functional.linear(self.transform(states), words, self.bias)


def mask_tokens(
    ids: Tensor, special: Tensor, tokenizer: Any, share: float, chance: torch.Generator
) -> tuple[Tensor, Tensor]:
    """(ids with masks, positions chosen [B, T]): of the chosen, 80 % masked, 10 % random, 10 % kept (Devlin 2019)."""
    chosen = (torch.rand(ids.shape, generator=chance) < share) & ~special
    fate = torch.rand(ids.shape, generator=chance)
    masked = ids.clone()
    masked[chosen & (fate < 0.8)] = tokenizer.mask_token_id
    other = torch.randint(0, tokenizer.vocab_size, ids.shape, generator=chance)
    replaced = chosen & (fate >= 0.9)
    masked[replaced] = other[replaced]
    return masked, chosen


def pretrain(settings: PretrainSettings, tick: Callable[[int, int], None] = lambda _a, _b: None) -> Perplexity:
    """Train and write the encoder and its tokenizer to ``settings.out``. ``tick(done, steps)`` after every step."""
    torch.manual_seed(settings.seed)
    path = settings.encoder or base_encoder_path()
    tokenizer = AutoTokenizer.from_pretrained(path)
    encoder = BertModel.from_pretrained(path, add_pooling_layer=False, dtype=torch.float32)
    return pretrain_encoder(encoder, tokenizer, settings, tick)


def pretrain_encoder(
    encoder: BertModel, tokenizer: Any, settings: PretrainSettings, tick: Callable[[int, int], None]
) -> Perplexity:
    """As :func:`pretrain`, on a given encoder (a new one, for a language that has none)."""
    texts = [text for path in settings.texts for text in read_texts(path)]
    random.Random(settings.seed).shuffle(texts)
    cut = max(1, int(len(texts) * settings.held_out))
    run = _Run(MaskedModel(encoder), tokenizer, texts[cut:], settings)
    before = math.exp(run.loss_on(texts[:cut]))
    run.train(tick)
    after = math.exp(run.loss_on(texts[:cut]))
    settings.out.mkdir(parents=True, exist_ok=True)
    encoder.save_pretrained(settings.out)
    tokenizer.save_pretrained(settings.out)
    return Perplexity(before, after, len(texts) - cut)


class _Run:
    def __init__(self, model: MaskedModel, tokenizer: Any, texts: Sequence[str], settings: PretrainSettings) -> None:
        self.model, self.tokenizer, self.texts, self.settings = model, tokenizer, texts, settings
        self.lengths = token_lengths(texts, tokenizer)

    def train(self, tick: Callable[[int, int], None]) -> None:
        settings = self.settings
        plan = [
            b for e in range(settings.epochs) for b in batches(self.lengths, settings.token_budget, random.Random(e))
        ]
        plan = plan[: settings.max_steps]
        groups = parameter_groups(
            self.model,
            layers=1,
            encoder_rate=settings.rate,
            head_rate=settings.rate,
            layer_decay=1.0,
            weight_decay=0.01,
        )
        optimizer, schedule = optimizer_and_schedule(groups, steps=len(plan), warm_up=0.06)
        chance = torch.Generator().manual_seed(settings.seed)
        self.model.train()
        for step, rows in enumerate(plan):
            loss = self._loss([self.texts[row] for row in rows], chance)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.model.parameters(), 1.0, foreach=True)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad(set_to_none=True)
            tick(step + 1, len(plan))
            if step % 50 == 49:
                log.info("step %d/%d loss %.4f", step + 1, len(plan), float(loss.detach()))

    def loss_on(self, texts: Sequence[str]) -> float:
        """Mean loss per masked token; the masks are the same at every call."""
        self.model.eval()
        chance = torch.Generator().manual_seed(1)
        losses, weights = [], []
        with torch.no_grad():
            for rows in batches(token_lengths(texts, self.tokenizer), self.settings.token_budget, None):
                losses.append(float(self._loss([texts[row] for row in rows], chance)) * len(rows))
                weights.append(len(rows))
        return sum(losses) / max(1, sum(weights))

    def _loss(self, texts: Sequence[str], chance: torch.Generator) -> Tensor:
        encoded = self.tokenizer(
            [blank_links(text) for text in texts],
            truncation=True,
            max_length=WINDOW_TOKENS,
            padding=True,
            return_special_tokens_mask=True,
            return_tensors="pt",
        )
        ids = encoded["input_ids"]
        special = encoded["special_tokens_mask"].bool()
        masked, chosen = mask_tokens(ids, special, self.tokenizer, self.settings.masked, chance)
        if not bool(chosen.any()):
            chosen[0, 1 if ids.shape[1] > 1 else 0] = True
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.model(masked, encoded["attention_mask"], chosen)
        return nn.functional.cross_entropy(logits.float(), ids[chosen], ignore_index=_IGNORED)
