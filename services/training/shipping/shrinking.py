"""What ``bellwether train prune`` and ``quantise`` do: shrink, save, measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from services.model.folders import find_model, megabytes_of
from services.model.weights import EIGHT_BIT_FILE, to_eight_bits
from services.training.checkpoints import load_opinion_model, save_eight_bits, save_opinion_model
from services.training.data.texts import read_texts
from services.training.errors import DataError
from services.training.measuring.served_accuracy import serve
from services.training.shipping.shrink import cost, drop_layers, drop_words, quantise, save_with_vocabulary, used_tokens


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
    sizes = megabytes_of(find_model(name)), megabytes_of(out)
    found = cost((model, tokenizer), load_opinion_model(out), labelled, sets, sizes)
    return {"model": name, "out": str(out), **asdict(found)}


def quantise_model(name: str, labelled: Path, sets: Sequence[str], out: Path | None = None) -> dict[str, Any]:
    """What the engine's 8 bits cost on the dev files against its float32, and win; and the same by arithmetic.

    With ``out`` the model is also stored in 8 bits there. Without a compiler the engine's part is left out. Of a model
    that is stored in 8 bits already, float32 has the rounded weights: what is found is the cost of 8-bit states alone
    (``weights_were``).
    """
    folder = find_model(name)
    model, tokenizer = load_opinion_model(folder)
    stored = sum(tensor.nbytes for tensor in to_eight_bits(model.state_dict()).values()) / 1e6
    measured = cost((model, tokenizer), (quantise(model), tokenizer), labelled, sets, (megabytes_of(folder), stored))
    rounded = (folder / EIGHT_BIT_FILE).is_file()
    found: dict[str, Any] = {"model": name, "weights_were": "8 bits" if rounded else "16 bits or more"}
    found |= asdict(measured)
    found["points_lost"] = _points(found["accuracy_before"], found["accuracy_after"])
    wide, narrow = (serve(folder, precision, labelled, sets) for precision in ("fp32", "int8"))
    if wide is not None and narrow is not None:
        found["engine"] = {
            "fp32": asdict(wide),
            "int8": asdict(narrow),
            "points_lost": _points(wide.accuracy, narrow.accuracy),
            "speed_up": narrow.texts_per_s / wide.texts_per_s,
        }
    if out is not None:
        save_eight_bits(model, tokenizer, out)
        found["out"] = str(out)
        found["megabytes_stored"] = megabytes_of(out)
    return found


def _points(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {name: 100 * (before[name] - after[name]) for name in before}
