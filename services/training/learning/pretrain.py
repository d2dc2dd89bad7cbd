"""Masked-language modelling on plain text, going on from an encoder: the domain's words before its labels.

The output layer is tied to the word vectors, with a fresh transform, because the base encoder was published without
its own. "Before" and "after" are each measured with a transform that was fitted, from the same start and for as many
steps, to the encoder as it then stands; so their difference is the encoder's.
"""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import BertModel

from services.model.device import mixed_precision, pick_device
from services.model.reading import blank_links
from services.training.checkpoints import new_model, save_state
from services.training.data.encoding import WINDOW_TOKENS, batches, token_lengths
from services.training.data.texts import read_texts
from services.training.errors import DataError
from services.training.learning.optimisation import optimizer_and_schedule, parameter_groups
from services.training.learning.trackers import build_tracker

log = logging.getLogger(__name__)
_STATE = "state.pt"
_TRANSFORM_RATE = 1e-3
_MOST_HELD_OUT = 1000


@dataclass(frozen=True)
class PretrainSettings:
    """One pre-training run; ``held_out`` of the texts (a thousand at most) measure perplexity and are not learnt."""

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
    transform_steps: int = 150  # that fit the output transform alone
    save_every: int = 200  # steps; a run that is started again goes on from there
    report_to: str = "tensorboard"  # or wandb, or none
    device: str = "auto"  # or cpu, or cuda


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
    """Train and write the encoder and its tokenizer to ``settings.out``. ``tick(done, steps)`` after every step.

    A run that was broken off goes on, when it is started again, from its last saved step.
    """
    torch.manual_seed(settings.seed)
    model, tokenizer = new_model(settings.encoder)  # which checks that it is an encoder that can be read
    return pretrain_encoder(model.encoder, tokenizer, settings, tick)


def pretrain_encoder(
    encoder: BertModel, tokenizer: Any, settings: PretrainSettings, tick: Callable[[int, int], None]
) -> Perplexity:
    """As :func:`pretrain`, on a given encoder (a new one, for a language that has none)."""
    texts = list(dict.fromkeys(text for path in settings.texts for text in read_texts(path)))
    if len(texts) < 2:
        raise DataError(f"{settings.texts[0]}: one text; at least two are needed, one of them to measure on")
    random.Random(settings.seed).shuffle(texts)
    cut = max(1, min(_MOST_HELD_OUT, int(len(texts) * settings.held_out)))
    settings.out.mkdir(parents=True, exist_ok=True)
    run = _Run(MaskedModel(encoder), tokenizer, texts[cut:], texts[:cut], settings)
    before, after = run.train(tick)
    nn.Module.to(encoder, "cpu")
    encoder.save_pretrained(settings.out)
    tokenizer.save_pretrained(settings.out)
    (settings.out / _STATE).unlink(missing_ok=True)
    return Perplexity(before, after, len(texts) - cut)


class _Run:
    def __init__(
        self,
        model: MaskedModel,
        tokenizer: Any,
        texts: Sequence[str],
        held_out: Sequence[str],
        settings: PretrainSettings,
    ) -> None:
        self.device = torch.device(pick_device(settings.device))
        self.model = model.to(self.device)
        self.tokenizer, self.texts, self.held_out, self.settings = tokenizer, texts, held_out, settings
        self.lengths = token_lengths(texts, tokenizer)
        self.tracker = build_tracker(settings.report_to, settings.out)
        self.step, self.before = 0, 0.0

    def train(self, tick: Callable[[int, int], None]) -> tuple[float, float]:
        """Perplexity on the held-out texts before and after."""
        settings = self.settings
        plan = [rows for epoch in range(settings.epochs) for rows in self._batches(epoch)][: settings.max_steps]
        groups = parameter_groups(
            self.model,
            layers=1,
            encoder_rate=settings.rate,
            head_rate=settings.rate,
            layer_decay=1.0,
            weight_decay=0.01,
        )
        optimizer, schedule = optimizer_and_schedule(groups, steps=len(plan), warm_up=0.06)
        kept = {"model": self.model, "optimizer": optimizer, "schedule": schedule}
        if not self._resume(kept):
            self.before = self._perplexity()
        tick(self.step, len(plan))
        self.model.train()
        for step in range(self.step, len(plan)):
            loss = self._learn(plan[step], step, optimizer)
            schedule.step()
            self.step = step + 1
            tick(self.step, len(plan))
            if self.step % 25 == 0:
                self.tracker.write({"loss": loss}, self.step)
            if self.step % settings.save_every == 0:
                log.info("step %d/%d loss %.4f", self.step, len(plan), loss)
                self._save(kept)
        after = self._perplexity()
        self.tracker.write({"perplexity": after, "perplexity_before": self.before}, self.step)
        return self.before, after

    def _batches(self, epoch: int) -> Iterator[list[int]]:
        return batches(self.lengths, self.settings.token_budget, random.Random(epoch))

    def _perplexity(self) -> float:
        """On the held-out texts, with a transform that was fitted to the encoder as it stands."""
        self._fit_transform()
        return math.exp(self.loss_on(self.held_out))

    def _fit_transform(self) -> None:
        """Only what reads the states learns: else "before" would say how bad random numbers are."""
        torch.manual_seed(self.settings.seed)
        for part in self.model.transform:
            if isinstance(part, nn.Linear | nn.LayerNorm):
                part.reset_parameters()
        nn.init.zeros_(self.model.bias)
        learning = [*self.model.transform.parameters(), self.model.bias]
        optimizer = torch.optim.AdamW(learning, lr=_TRANSFORM_RATE)
        self.model.zero_grad(set_to_none=True)  # the encoder's would count when gradients are clipped
        self.model.encoder.requires_grad_(False)
        self.model.eval()
        for step, rows in enumerate(list(self._batches(-1))[: self.settings.transform_steps]):
            self._learn(rows, -1 - step, optimizer)
        self.model.encoder.requires_grad_(True)

    def _learn(self, rows: Sequence[int], step: int, optimizer: torch.optim.Optimizer) -> float:
        """One step; its randomness depends on seed and step alone, so that a resumed run repeats it."""
        seed = self.settings.seed * 1_000_003 + step
        torch.manual_seed(seed)
        optimizer.zero_grad(set_to_none=True)
        loss = self._loss([self.texts[row] for row in rows], torch.Generator().manual_seed(seed))
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0, foreach=True)
        optimizer.step()
        return float(loss.detach())

    def _save(self, kept: dict[str, Any]) -> None:
        state = {name: part.state_dict() for name, part in kept.items()}
        state |= {"step": self.step, "before": self.before, "settings": self._fixed()}
        save_state(state, self.settings.out / _STATE)

    def _fixed(self) -> str:
        """What a run that is resumed may not change, as text."""
        free = {"out": None, "report_to": None, "device": None, "save_every": None}
        return repr(vars(self.settings) | free | {"texts": len(self.texts)})

    def _resume(self, kept: dict[str, Any]) -> bool:
        path = self.settings.out / _STATE
        if not path.is_file():
            return False
        state: dict[str, Any] = torch.load(path, weights_only=True, map_location=self.device)
        for name, part in kept.items():
            part.load_state_dict(state[name])
        if state["settings"] != self._fixed():
            raise DataError(f"--out {self.settings.out}: holds a run with other texts or settings; take another folder")
        self.step, self.before = state["step"], state["before"]
        log.info("resuming after step %d", self.step)
        return True

    def loss_on(self, texts: Sequence[str]) -> float:
        """Mean loss per masked token; the masks are the same at every call."""
        self.model.eval()
        chance = torch.Generator().manual_seed(1)
        total, tokens = 0.0, 0
        with torch.no_grad():
            for rows in batches(token_lengths(texts, self.tokenizer), self.settings.token_budget, None):
                masked, mask, chosen, words = self._masked([texts[row] for row in rows], chance)
                total += float(self._predicted(masked, mask, chosen, words, "sum"))
                tokens += len(words)
        return total / max(1, tokens)

    def _loss(self, texts: Sequence[str], chance: torch.Generator) -> Tensor:
        return self._predicted(*self._masked(texts, chance), "mean")

    def _masked(self, texts: Sequence[str], chance: torch.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(ids with masks, attention mask, chosen places, all [B, T]; the words at the chosen places [masked])."""
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
        masked, mask, chosen, ids = (t.to(self.device) for t in (masked, encoded["attention_mask"], chosen, ids))
        return masked, mask, chosen, ids[chosen]

    def _predicted(self, masked: Tensor, mask: Tensor, chosen: Tensor, words: Tensor, reduction: str) -> Tensor:
        with mixed_precision(self.device):
            logits = self.model(masked, mask, chosen)
        return nn.functional.cross_entropy(logits.float(), words, reduction=reduction)
