"""AdamW with a smaller step for lower layers, a warm-up, and a running mean of the weights."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from hashlib import sha256

import torch
from torch import Tensor, nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

_LAYER = re.compile(r"encoder\.(?:.*\.)?layer\.(\d+)\.")


def parameter_groups(
    model: nn.Module, *, layers: int, encoder_rate: float, head_rate: float, layer_decay: float, weight_decay: float
) -> list[dict[str, object]]:
    """One group per rate: heads at ``head_rate``, layer l of L at ``encoder_rate * layer_decay ** (L - 1 - l)``.

    Biases and normalisation weights are not decayed.
    """
    found: dict[tuple[float, float], list[Tensor]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        if match := _LAYER.search(name):
            rate = encoder_rate * layer_decay ** (layers - 1 - int(match[1]))
        elif "embeddings" in name:
            rate = encoder_rate * layer_decay**layers
        else:
            rate = head_rate
        decay = weight_decay if parameter.ndim > 1 and "embedding_head" not in name else 0.0
        found.setdefault((rate, decay), []).append(parameter)
    return [{"params": members, "lr": rate, "weight_decay": decay} for (rate, decay), members in found.items()]


def optimizer_and_schedule(groups: list[dict[str, object]], *, steps: int, warm_up: float) -> tuple[AdamW, LambdaLR]:
    """AdamW, a linear warm-up over ``warm_up`` of the steps, then a cosine down to nothing."""
    optimizer = AdamW(groups, betas=(0.9, 0.98), eps=1e-6, fused=True)
    rising = max(1, int(steps * warm_up))

    def factor(step: int) -> float:
        if step < rising:
            return (step + 1) / rising
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - rising) / max(1, steps - rising))))

    return optimizer, LambdaLR(optimizer, factor)


class RunningMean:
    """Exponential mean of the trained weights: smoother, and as a rule a little better, than the last of them.

    Every fourth step is taken in, which costs a quarter and says the same; ``decay`` is per step.
    """

    EVERY = 4

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay**self.EVERY
        self.updates = 0
        self.steps = 0
        self.mean = {name: p.detach().clone() for name, p in _trained(model)}

    def update(self, model: nn.Module) -> None:
        """Take the current weights in; early on the decay is smaller, so that the start is forgotten."""
        self.steps += 1
        if self.steps % self.EVERY:
            return
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        trained = list(_trained(model))
        with torch.no_grad():
            torch._foreach_lerp_([self.mean[name] for name, _ in trained], [p for _, p in trained], 1 - decay)

    def swap(self, model: nn.Module) -> None:
        """Exchange the model's weights with the mean; a second call takes it back."""
        with torch.no_grad():
            for name, parameter in _trained(model):
                kept = parameter.detach().clone()
                parameter.copy_(self.mean[name])
                self.mean[name] = kept


def trained_digest(model: nn.Module) -> str:
    """Changes when any bit of a weight that learns does."""
    digest = sha256()
    for _, parameter in _trained(model):
        digest.update(parameter.detach().cpu().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _trained(model: nn.Module) -> Iterable[tuple[str, Tensor]]:
    return ((name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad)
