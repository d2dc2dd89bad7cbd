"""The mean of several models' weights, which as a rule does a little better than each (Wortsman et al. 2022)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from services.training.checkpoints import load_opinion_model, save_opinion_model
from services.training.errors import DataError
from services.training.learning.settings import STAGES, recorded_stages


def average(folders: Sequence[Path], shares: Sequence[float], out: Path) -> None:
    """Write sum(share * weights) to ``out``, in float32, with the last model's configuration, tokenizer and stages.

    The models must be of one shape and come of one another by training: weights of unrelated models have no mean.
    Raises DataError for another shape or vocabulary, or shares that do not sum to one.
    """
    if len(folders) != len(shares) or len(folders) < 2:
        raise DataError(f"--shares: {len(shares)} for {len(folders)} models; give one for each of two or more")
    if abs(sum(shares) - 1) > 1e-6:
        raise DataError(f"--shares {','.join(map(str, shares))}: sum to {sum(shares):g}, not to 1")
    model, tokenizer = load_opinion_model(folders[-1])
    mean = {name: tensor * shares[-1] for name, tensor in model.state_dict().items() if tensor.is_floating_point()}
    for folder, share in zip(folders[:-1], shares[:-1], strict=True):
        other, words = load_opinion_model(folder)
        state = other.state_dict()
        if words.get_vocab() != tokenizer.get_vocab() or any(
            name not in state or state[name].shape != tensor.shape for name, tensor in mean.items()
        ):
            raise DataError(f"{folder}: has another shape or vocabulary than {folders[-1]}")
        mean = {name: tensor + share * state[name] for name, tensor in mean.items()}
    model.load_state_dict(mean, strict=False)
    save_opinion_model(model, tokenizer, out, next(iter(mean.values())).dtype)
    (out / STAGES).write_text(json.dumps(_stages(folders[-1], shares), indent=1), encoding="utf-8")


def _stages(last: Path, shares: Sequence[float]) -> list[dict[str, object]]:
    earlier = recorded_stages(last)
    told = " to ".join(f"{share:g}" for share in shares)
    seed = earlier[-1]["seed"] if earlier else 0
    return [*earlier, {"method": f"mean of weights, {told}", "sets": [], "caps": {}, "seed": seed}]
