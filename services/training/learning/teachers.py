"""Opinion models that a run learns from besides the labels: their mean answers to what they read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from services.model.device import mixed_precision
from services.model.opinion_model import OpinionModel, OpinionOutput
from services.training.checkpoints import load_opinion_model
from services.training.data.encoding import Batch
from services.training.errors import DataError


class Teachers:
    """Loaded models, one named twice counting twice. Raises DataError for one with other words than the student's: it
    reads what the student's tokenizer makes.
    """

    def __init__(self, folders: Sequence[Path], vocabulary: dict[str, int], device: torch.device) -> None:
        self._device = device
        self._models = [(self._load(folder, vocabulary), times) for folder, times in Counter(folders).items()]

    def __bool__(self) -> bool:
        return bool(self._models)

    @property
    def first(self) -> OpinionModel:
        """The one that labels unlabelled texts."""
        return self._models[0][0]

    def answer(self, batch: Batch) -> OpinionOutput:
        """Mean logits (from_pretrained left the models in evaluation mode)."""
        batch = batch.to(self._device)
        with torch.no_grad(), mixed_precision(self._device):
            outputs = [(teacher(**batch.inputs()), times) for teacher, times in self._models]
        total = sum(times for _, times in outputs)
        mean = {name: sum(output[name] * times for output, times in outputs) / total for name in outputs[0][0]}
        return OpinionOutput(**cast(dict[str, Any], mean))

    def _load(self, folder: Path, vocabulary: dict[str, int]) -> OpinionModel:
        model, tokenizer = load_opinion_model(folder)
        if tokenizer.get_vocab() != vocabulary:
            raise DataError(
                f"--teacher {folder.name}: has another vocabulary than the model that learns from it; use one that was"
                " trained from an encoder with the same words"
            )
        return nn.Module.to(model, self._device)
