"""What ``bellwether train prune`` and ``quantise`` do: shrink, save, measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from services.model.folders import find_model
from services.training.checkpoints import load_opinion_model, save_opinion_model
from services.training.errors import DataError
from services.training.self_training import read_texts
from services.training.shrink import cost, drop_layers, drop_words, quantise, save_with_vocabulary, used_tokens


def prune_model(
    name: str, out: Path, labelled: Path, sets: Sequence[str], layers: Sequence[int] | None, texts: Sequence[Path]
) -> dict[str, Any]:
    """Prune and save to ``out``; the costs. Raises DataError when nothing is asked for."""
    if not layers and not texts:
        raise DataError("nothing to prune: give --keep-layers or --keep-words")
    model, tokenizer = load_opinion_model(find_model(name))
    smaller = drop_layers(model, layers) if layers else model
    if texts:
        keep = used_tokens(tokenizer, (text for path in texts for text in read_texts(path)))
        smaller, vocabulary = drop_words(smaller, tokenizer, keep)
        save_with_vocabulary(smaller, tokenizer, vocabulary, out)
    else:
        save_opinion_model(smaller, tokenizer, out)
    found = cost((model, tokenizer), load_opinion_model(out), labelled, sets, 2.0)
    return {"model": name, "out": str(out), **asdict(found)}


def quantise_model(name: str, labelled: Path, sets: Sequence[str]) -> dict[str, Any]:
    """Accuracy in float32 and in 8 bits per row. The texts per second are of this measurement, not the engine's."""
    model, tokenizer = load_opinion_model(find_model(name))
    found = asdict(cost((model, tokenizer), (quantise(model), tokenizer), labelled, sets, 1.0))
    before, after = found["accuracy_before"], found["accuracy_after"]
    found["points_lost"] = {key: 100 * (before[key] - after[key]) for key in before}
    return {"model": name, **found}
