"""A model stored as a small difference to another: low-rank changes of its matrices, and whole new small tensors.

``config.json`` names the base (``delta_of``) and its digest (``delta_base``); ``delta.safetensors`` holds, in 16 bits,
``low_rank.NAME.a`` [rank, in] and ``low_rank.NAME.b`` [out, rank] (NAME += b @ a) and ``whole.NAME`` (NAME = it).
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from services.model.folders import ModelError, find_model

DELTA_FILE = "delta.safetensors"


def is_delta(folder: Path) -> bool:
    """Whether a model folder holds a difference to another model."""
    return (folder / DELTA_FILE).is_file()


def weights_digest(folder: Path) -> str:
    """16 hex digits over a folder's weights: a delta fits one base only."""
    whole = hashlib.blake2b(digest_size=8)
    for path in sorted(folder.glob("*.safetensors")):
        whole.update(path.read_bytes())
    return whole.hexdigest()


def base_of(folder: Path) -> Path:
    """The folder of a delta's base. Raises ModelError when it is absent or another version."""
    config: dict[str, Any] = json.loads((folder / "config.json").read_text("utf-8"))
    name = str(config.get("delta_of"))
    beside = folder.parent / name
    base = beside if (beside / "config.json").is_file() else find_model(name)
    if weights_digest(base) != config.get("delta_base"):
        raise ModelError(f"{folder}: is a difference from another version of {name}; take both from one release")
    return base


def read_delta(folder: Path) -> dict[str, Tensor]:
    """The tensors of ``delta.safetensors``."""
    return load_file(folder / DELTA_FILE)


def apply_delta(weights: dict[str, Tensor], delta: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights with a delta's changes made."""
    changed = dict(weights)
    for key, tensor in delta.items():
        kind, _, name = key.partition(".")
        if kind == "whole":
            changed[name] = tensor.float()
        elif name.endswith(".a"):
            target = name.removesuffix(".a")
            changed[target] = weights[target] + delta[f"low_rank.{target}.b"].float() @ tensor.float()
    return changed


def write_delta(folder: Path, low_rank: dict[str, tuple[Tensor, Tensor]], whole: dict[str, Tensor]) -> None:
    """Write ``delta.safetensors``; ``low_rank`` maps a weight's name to (a, b), scaling already in b."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"whole.{name}": tensor for name, tensor in whole.items()}
    for name, (a, b) in low_rank.items():
        tensors |= {f"low_rank.{name}.a": a, f"low_rank.{name}.b": b}
    halves = {name: tensor.detach().to(torch.float16).contiguous() for name, tensor in tensors.items()}
    save_file(halves, folder / DELTA_FILE, metadata={"format": "pt"})
