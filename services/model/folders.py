"""From a model's name to a folder on this machine: shipped models, folders, Hub ids. Imports no torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import services

OPINION, CLASSIFIER = "opinion", "classifier"
_HUB_FILES = ["*.safetensors", "*.json", "*.txt", "*.model"]  # no pickles, no code


class ModelError(ValueError):
    """A model that cannot be used; the text names it and the remedy."""


def shipped_models() -> Path:
    """`models/` of the checkout, else the copy inside the installed package (the wheel puts it there)."""
    root = Path(services.__file__ or ".").parent
    checkout = root.parent / "models"
    return checkout if checkout.is_dir() else root / "shipped_models"


def find_model(name: str) -> Path:
    """The folder that `name` stands for: a folder, a name under models/, or a Hub id (fetched into the Hub's cache).

    Raises ModelError when there is none, or when it lacks config.json or safetensors weights.
    """
    for folder in (Path(name).expanduser(), shipped_models() / name):
        if folder.is_dir():
            return _checked(name, folder)
    if name.count("/") == 1 and not name.startswith((".", "/", "~")):
        return _checked(name, _from_hub(name))
    known = sorted(path.parent.name for path in shipped_models().glob("*/config.json"))
    raise ModelError(
        f"model {name!r}: not a folder, not a name under {shipped_models()} (available:"
        f" {', '.join(known) or 'none'}), and not a Hub id of the form owner/name. Set BELLWETHER_MODEL__NAME"
    )


def read_config(folder: Path) -> dict[str, Any]:
    """config.json as a mapping. Raises ModelError when it is not JSON."""
    try:
        return dict(json.loads((folder / "config.json").read_text("utf-8")))
    except ValueError as error:
        raise ModelError(f"{folder / 'config.json'}: not a JSON object ({error})") from None


def kind_of(folder: Path) -> str:
    """OPINION or CLASSIFIER, by config.json. Raises ModelError for anything else."""
    config = read_config(folder)
    if config.get("model_type") == "bellwether_opinion":
        return OPINION
    if any(str(name).endswith("ForSequenceClassification") for name in config.get("architectures") or ()):
        return CLASSIFIER
    raise ModelError(
        f"{folder}: a {config.get('model_type')} with architectures {config.get('architectures')}; expected"
        " Bellwether's own model or a sequence-classification model"
    )


def _checked(name: str, folder: Path) -> Path:
    if not (folder / "config.json").is_file():
        raise ModelError(f"model {name!r}: {folder} holds no config.json")
    if not any(folder.glob("*.safetensors")):
        raise ModelError(
            f"model {name!r}: {folder} holds no .safetensors file. Pickled weights can run code and are never loaded;"
            " convert them with save_pretrained(..., safe_serialization=True)"
        )
    return folder


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=_HUB_FILES))
    except Exception as error:
        raise ModelError(
            f"model {name!r}: not under models/, not in the Hub's cache, and not available from the Hub"
            f" ({type(error).__name__}). Check the id and the network, or give a folder"
        ) from error


def megabytes_of(folder: Path) -> float:
    """Of a model's weight files."""
    return sum(path.stat().st_size for path in folder.glob("*.safetensors")) / 1e6


def longest_text(folder: Path) -> int:
    """Tokens that a classifier reads at most: 512, or less when the model has fewer positions."""
    config = read_config(folder)
    positions = int(config.get("max_position_embeddings") or 512)
    if config.get("model_type") in {"roberta", "xlm-roberta", "camembert"}:
        positions -= 2  # their positions are counted from padding_idx + 1
    return min(512, positions)
