"""Devices: which one to use, and which errors mean that it is gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from services.model.folders import ModelError
from services.model.interface import DeviceLost
from services.model.kernel.build import has_bf16

if TYPE_CHECKING:
    import torch

_SIGNS = ("out of memory", "can't allocate memory", "cuda error", "cublas_status", "device-side assert", "bad_alloc")


def pick_device(wanted: str) -> str:
    """`cpu` or `cuda` for the setting auto|cpu|cuda. Raises ModelError when CUDA is asked for and absent."""
    import torch

    if wanted == "cuda" and not torch.cuda.is_available():
        raise ModelError(
            "device cuda: torch sees no CUDA device; use auto or cpu (setting model.device, option --device)"
        )
    return "cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu"


def mixed_precision(device: torch.device) -> torch.autocast:
    """Matrix products in bf16 where the device has them; a CPU that must emulate them takes some eighty times as long
    as in float32, and there everything stays in float32.
    """
    import torch

    fast = has_bf16() if device.type == "cpu" else device.type != "cuda" or torch.cuda.is_bf16_supported()
    return torch.autocast(device.type, torch.bfloat16, enabled=fast)


@contextmanager
def device_errors() -> Iterator[None]:
    """Turns out-of-memory and lost-device errors of torch into DeviceLost; every other error passes through."""
    try:
        yield
    except MemoryError as error:
        raise DeviceLost(f"out of memory: {error}") from error
    except RuntimeError as error:
        if any(sign in str(error).lower() for sign in _SIGNS):
            raise DeviceLost(str(error).splitlines()[0]) from error
        raise
