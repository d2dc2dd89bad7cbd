"""A model folder's weights as float32 tensors: stored whole, in 8 bits, or as a difference to another model.

In 8 bits a matrix NAME is stored as integers [rows, columns] beside ``NAME.scale`` [rows]: a row is its integers times
its scale. The int8 kernel also scales by row, so it computes with exactly the stored integers and loses nothing more.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from services.model.delta import apply_delta, base_of, is_delta, read_delta

EIGHT_BIT_FILE = "int8.safetensors"
_SCALE = ".scale"
_LARGEST = 127
_LEAST_NUMBERS = 4096  # smaller tensors stay in 16 bits


def is_plain(folder: Path) -> bool:
    """Whether transformers reads the folder by itself: neither a difference nor in 8 bits."""
    return not is_delta(folder) and not (folder / EIGHT_BIT_FILE).is_file()


def read_weights(folder: Path) -> dict[str, Tensor]:
    """All weights of a model folder. Raises ModelError when it is a difference to a model that is not there."""
    if is_delta(folder):
        return apply_delta(read_weights(base_of(folder)), read_delta(folder))
    tensors: dict[str, Tensor] = {}
    for path in sorted(folder.glob("*.safetensors")):
        tensors |= load_file(path)
    return from_eight_bits(tensors)


def encoder_digest(folder: Path) -> str:
    """16 hex digits over the encoder's weights alone: low-rank changes fit every model that has just this encoder.

    A release fits the heads' biases and rounds the encoder to the bits that it stores; one that is stored so already
    stays as it is.
    """
    found = hashlib.blake2b(digest_size=8)
    weights = read_weights(folder)
    for name in sorted(weights):
        if name.startswith("encoder."):
            found.update(name.encode() + weights[name].contiguous().numpy().tobytes())
    return found.hexdigest()


def to_eight_bits(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Large matrices in 8 bits with a scale per row, everything else in 16 bits."""
    found: dict[str, Tensor] = {}
    for name, tensor in weights.items():
        if tensor.ndim != 2 or tensor.numel() < _LEAST_NUMBERS:
            found[name] = tensor.detach().to(torch.float16).contiguous()
            continue
        wide = tensor.detach().float()
        scale = (wide.abs().amax(1) / _LARGEST).clamp(min=1e-12)
        found[name] = torch.round(wide / scale.unsqueeze(1)).to(torch.int8).contiguous()
        found[name + _SCALE] = scale
    return found


def from_eight_bits(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """What `to_eight_bits` made, and any other weights, in float32."""
    found: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if tensor.dtype == torch.int8:
            found[name] = tensor.float() * tensors[name + _SCALE].float().unsqueeze(1)
        elif not (name.endswith(_SCALE) and name.removesuffix(_SCALE) in tensors):
            found[name] = tensor.float()
    return found


def write_eight_bits(folder: Path, weights: dict[str, Tensor]) -> None:
    """Write ``int8.safetensors``."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(to_eight_bits(weights), folder / EIGHT_BIT_FILE, metadata={"format": "pt"})
