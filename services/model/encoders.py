"""Which encoder runs a BERT: the fused int8 kernel, or torch in bf16 or fp32."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.model.encoder import Encoder, TorchEncoder
from services.model.folders import ModelError
from services.model.kernel.build import NoKernel, has_bf16, kernel_digest
from services.model.kernel.encoder import KernelEncoder
from services.model.precision import choose_precision
from services.model.tokenizing import Windows
from shared.settings import ModelSettings


def set_threads(threads: int) -> None:
    """torch's threads in this process; 0 leaves torch's own choice."""
    import torch

    if threads:
        torch.set_num_threads(threads)


def pick_encoder(
    weights: Callable[[], Any],
    torch_bert: Callable[[], Any],
    settings: ModelSettings,
    device: str,
    probe: Windows,
    probabilities: Callable[[Encoder], NDArray[np.floating]],
    key: str,
    cache_dir: Path,
) -> Encoder:
    """The encoder that the settings ask for; `auto` takes bf16 on CUDA and what is fastest and agrees on a CPU.

    `weights` gives what has a BertModel's weights as its attributes, `torch_bert` a BertModel that can run; `key` names
    the model. Raises ModelError when the precision asked for is not to be had.
    """
    import torch

    set_threads(settings.threads)
    threads = settings.threads or torch.get_num_threads()

    def by_torch(precision: str) -> Encoder:
        return TorchEncoder(torch_bert(), device, precision, settings.token_budget)

    if settings.precision in {"fp32", "bf16"}:
        return by_torch(settings.precision)
    if device != "cpu":
        if settings.precision == "int8":
            raise ModelError("int8 runs on a CPU only; set model.precision to auto, or model.device to cpu")
        return by_torch("bf16")
    if settings.precision == "int8":
        try:
            return KernelEncoder(weights(), cache_dir, threads)
        except NoKernel as error:
            raise ModelError(f"model.precision is int8: {error}. Set it to auto to run in another one") from error
    candidates: dict[str, Callable[[], Encoder]] = {"fp32": lambda: by_torch("fp32")}
    if has_bf16():
        candidates["bf16"] = lambda: by_torch("bf16")
    if settings.compile:
        candidates["int8"] = lambda: KernelEncoder(weights(), cache_dir, threads)
    key = f"{key} {kernel_digest()} torch {torch.__version__} threads {threads} {sorted(candidates)}"
    return choose_precision(candidates, probe, probabilities, key, cache_dir)
