"""Devices: which one to use, and which errors mean that it is gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from services.model.folders import ModelError
from services.model.interface import DeviceLost

_SIGNS = ("out of memory", "can't allocate memory", "cuda error", "cublas_status", "device-side assert", "bad_alloc")


def pick_device(wanted: str) -> str:
    """`cpu` or `cuda` for the setting auto|cpu|cuda. Raises ModelError when CUDA is asked for and absent."""
    import torch

    if wanted == "cuda" and not torch.cuda.is_available():
        raise ModelError("model.device is cuda, but torch sees no CUDA device; set it to auto or cpu")
    return "cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu"


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
