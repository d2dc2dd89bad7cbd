"""The engine of any sequence-classification model: one sentiment per document; companies get the document's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.model.batching import padded_length
from services.model.device import device_errors
from services.model.fixed_point import to_sentiments
from services.model.interface import Answer, Request
from services.model.labels import label_weights
from services.model.tokenizing import Windows, WindowTokenizer


class ClassifierEngine:
    """A transformers classifier behind the Engine interface. Reads the first window only, as `truncation=True` does.

    Documents go through one at a time, padded to a multiple of 16 (on a CPU) so that no answer depends on another.
    """

    invariant = True

    def __init__(
        self, name: str, model_id: str, device: str, model: Any, tokenizer: WindowTokenizer, precision: str
    ) -> None:
        self.name, self.model_id, self.device, self.precision = name, model_id, device, precision
        self._model, self._tokenizer = model, tokenizer
        self._weights = label_weights(model.config.id2label)
        self._pad = int(getattr(model.config, "pad_token_id", None) or 0)

    def encode(self, requests: Sequence[Request]) -> tuple[Windows, list[int]]:
        windows = self._tokenizer.encode([Request(request.text) for request in requests])
        return windows, [len(request.companies) for request in requests]

    def forward(self, encoded: tuple[Windows, list[int]]) -> list[Answer]:
        windows, counts = encoded
        if windows.documents == 0:
            return []
        with device_errors():
            raw = self.raw(windows)
        return [
            Answer(document=document, companies=(document,) * count)
            for document, count in zip(to_sentiments(raw), counts, strict=True)
        ]

    def score(self, requests: Sequence[Request]) -> list[Answer]:
        return self.forward(self.encode(requests))

    def raw(self, windows: Windows) -> NDArray[np.float64]:
        """Probabilities [D, 3] of negative, neutral and positive before rounding."""
        import torch

        rows = []
        with torch.inference_mode():
            for begin, end in zip(windows.starts[:-1], windows.starts[1:], strict=True):
                padded = padded_length(int(end - begin))
                ids = torch.full((1, padded), self._pad, dtype=torch.long)
                mask = torch.zeros((1, padded), dtype=torch.long)
                ids[0, : end - begin] = torch.from_numpy(windows.ids[begin:end])
                mask[0, : end - begin] = 1
                out = self._model(input_ids=ids.to(self.device), attention_mask=mask.to(self.device))
                rows.append(torch.softmax(out.logits[0].double(), dim=-1).cpu().numpy())
        return np.stack(rows) @ self._weights
