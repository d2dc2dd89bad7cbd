"""Ways to fine-tune: which weights of the encoder learn. Heads always do. A method is one entry of ``METHODS``: it
gets the model, the steps of the run and the rank of low-rank changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from services.model.opinion_model import OpinionModel
from services.training.errors import DataError

_ALL_LINEAR = ["query", "key", "value", "dense"]


def _nothing(_: int) -> None:
    """No work after a step."""


@dataclass
class Method:
    """An applied method. ``after_step`` gets the number of each step; ``mergeable``: the result is plain weights."""

    name: str
    after_step: Callable[[int], None] = _nothing
    mergeable: bool = True
    wrapped: Any = field(default=None, repr=False)

    def merge(self, model: OpinionModel) -> None:
        """Fold low-rank changes into the encoder's own weights, so that the model is a plain OpinionModel again."""
        if self.wrapped is not None and self.mergeable:
            model.encoder = self.wrapped.merge_and_unload()
            self.wrapped = None


class Bottleneck(nn.Module):
    """An adapter behind a linear layer: x + up(gelu(down(x))) (Houlsby et al. 2019); starts as the identity."""

    def __init__(self, inner: nn.Linear, size: int) -> None:
        super().__init__()
        self.inner = inner
        self.down = nn.Linear(inner.out_features, size)
        self.up = nn.Linear(size, inner.out_features)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, states: Tensor) -> Tensor:
        states = self.inner(states)
        changed: Tensor = states + self.up(nn.functional.gelu(self.down(states)))
        return changed


class PrefixedAttention(nn.Module):
    """Self-attention over learnt keys and values before those of the text (Li and Liang 2021).

    peft's own version goes through a decoder's cache, which a bidirectional BERT does not read.
    """

    def __init__(self, inner: Any, size: int) -> None:
        super().__init__()
        self.inner, self.size = inner, size
        shape = (inner.num_attention_heads, size, inner.attention_head_size)
        self.keys = nn.Parameter(torch.randn(shape) * 0.02)
        self.values = nn.Parameter(torch.randn(shape) * 0.02)

    def forward(self, states: Tensor, attention_mask: Tensor | None = None, **_: Any) -> tuple[Tensor, None]:
        inner = self.inner
        shape = (*states.shape[:-1], -1, inner.attention_head_size)
        query, key, value = (part(states).view(shape).transpose(1, 2) for part in (inner.query, inner.key, inner.value))
        rows = states.shape[0]
        key = torch.cat([self.keys.to(key.dtype).expand(rows, -1, -1, -1), key], dim=2)
        value = torch.cat([self.values.to(value.dtype).expand(rows, -1, -1, -1), value], dim=2)
        if attention_mask is not None:
            seen = True if attention_mask.dtype == torch.bool else 0.0
            attention_mask = nn.functional.pad(attention_mask, (self.size, 0), value=seen)
        found = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=attention_mask)
        return found.transpose(1, 2).reshape(states.shape), None


def _full(model: OpinionModel, _steps: int, _rank: int) -> Method:
    # names are learnt through their word vectors: frozen, none of them can become good or bad news
    model.encoder.embeddings.requires_grad_(False)
    return Method("full")


def _company(model: OpinionModel, _steps: int, _rank: int) -> Method:
    """Only what reads a company learns; the other answers and the embedding stay as they are, to the bit."""
    model.requires_grad_(False)
    for part in (model.mention_query, model.company_head):
        part.requires_grad_(True)
    model.unnamed.requires_grad_(True)
    return Method("company")


def _lora(model: OpinionModel, _steps: int, rank: int) -> Method:
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(r=rank, lora_alpha=2 * rank, lora_dropout=0.05, target_modules=_ALL_LINEAR)
    model.encoder = get_peft_model(model.encoder, config)
    return Method("lora", wrapped=model.encoder)


def _adalora(model: OpinionModel, steps: int, rank: int) -> Method:
    from peft import AdaLoraConfig, get_peft_model

    config = AdaLoraConfig(
        init_r=rank,
        target_r=max(1, rank // 2),
        lora_alpha=2 * rank,
        lora_dropout=0.05,
        target_modules=_ALL_LINEAR,
        total_step=max(steps, 10),
        tinit=max(1, steps // 10),
        tfinal=max(1, steps // 4),
        deltaT=5,
    )
    model.encoder = get_peft_model(model.encoder, config)
    return Method("adalora", after_step=model.encoder.base_model.update_and_allocate, wrapped=model.encoder)


def _adapter(model: OpinionModel, _steps: int, _rank: int) -> Method:
    model.encoder.requires_grad_(False)
    for layer in model.encoder.encoder.layer:
        for part in (layer.attention.output, layer.output):
            part.dense = Bottleneck(part.dense, 48)
            part.LayerNorm.requires_grad_(True)
    return Method("adapter", mergeable=False)


def _prefix(model: OpinionModel, _steps: int, _rank: int) -> Method:
    model.encoder.requires_grad_(False)
    for layer in model.encoder.encoder.layer:
        layer.attention.self = PrefixedAttention(layer.attention.self, 16)
    return Method("prefix", mergeable=False)


METHODS: dict[str, Callable[[OpinionModel, int, int], Method]] = {
    "full": _full,
    "company": _company,
    "lora": _lora,
    "adalora": _adalora,
    "adapter": _adapter,
    "prefix": _prefix,
}


def choose_method(name: str) -> Callable[[OpinionModel, int, int], Method]:
    """The method of a name. Raises DataError for an unknown one."""
    if name not in METHODS:
        raise DataError(f"--method {name}: unknown; known are {', '.join(METHODS)}")
    return METHODS[name]


def freeze_layers(model: OpinionModel, count: int) -> None:
    """Let the lowest ``count`` layers of the encoder, whatever a method made of them, learn nothing."""
    if count and any("lora_E" in name for name, _ in model.encoder.named_parameters()):
        raise DataError("--freeze-layers: not with --method adalora, whose ranks are shared out among all layers")
    for layer in _layers(model)[:count]:
        layer.requires_grad_(False)


def _layers(model: OpinionModel) -> Any:
    found: Any = model.encoder  # peft wraps the encoder, and passes attributes on
    return found.encoder.layer


def trainable_parameters(model: nn.Module) -> int:
    """How many numbers learn."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def low_rank_changes(model: OpinionModel) -> dict[str, tuple[Tensor, Tensor]]:
    """The (a, b) of every LoRA or AdaLoRA layer of the encoder by the name of the plain weight; scaling is in b."""
    found = {}
    for name, module in model.encoder.named_modules():
        if not hasattr(module, "lora_A") or "default" not in module.lora_A:
            continue
        a, b = module.lora_A["default"], module.lora_B["default"]
        scaling = float(module.scaling["default"])
        if isinstance(a, Tensor):  # AdaLoRA: weight + b @ (a * e) * scaling / rank
            a, scaling = a * module.lora_E["default"], scaling / (float(module.ranknum["default"]) + 1e-5)
        else:
            a, b = a.weight, b.weight
        plain = name.removeprefix("base_model.model.")
        found[f"encoder.{plain}.weight"] = (a.detach().clone(), b.detach().clone() * scaling)
    return found
