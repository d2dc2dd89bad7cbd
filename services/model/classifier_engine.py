"""The engine of any sequence-classification model: one sentiment per document; companies get the document's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from services.model.device import device_errors
from services.model.encoder import Encoder, rectangles
from services.model.fixed_point import to_sentiments
from services.model.interface import Answer, Request
from services.model.labels import label_weights
from services.model.tokenizing import TOKENS_AT_ONCE, Windows, WindowTokenizer

if TYPE_CHECKING:
    from torch import Tensor

Logits = Callable[[Windows], "Tensor"]  # one window per document -> [D, labels], float64


class ClassifierEngine:
    """A transformers classifier behind the Engine interface. Reads the first window only, as `truncation=True` does."""

    invariant = True

    def __init__(
        self,
        name: str,
        model_id: str,
        device: str,
        precision: str,
        logits: Logits,
        id2label: Mapping[int, str],
        tokenizer: WindowTokenizer,
    ) -> None:
        self.name, self.model_id, self.device, self.precision = name, model_id, device, precision
        self.packs: Mapping[str, str] = {}
        self._logits, self._tokenizer = logits, tokenizer
        self._weights = label_weights(id2label)

    def encode(self, requests: Sequence[Request]) -> tuple[Windows, list[int]]:
        windows = self._tokenizer.encode([Request(request.text) for request in requests])
        return windows, [len(request.companies) for request in requests]

    def forward(self, encoded: tuple[Windows, list[int]]) -> list[Answer]:
        windows, counts = encoded
        if windows.documents == 0:
            return []
        return [
            Answer(document=document, companies=(document,) * count, model=self.model_id)
            for document, count in zip(to_sentiments(self.raw(windows)), counts, strict=True)
        ]

    def score(self, requests: Sequence[Request]) -> list[Answer]:
        return self.forward(self.encode(requests))

    def raw(self, windows: Windows) -> NDArray[np.float64]:
        """Probabilities [D, 3] of negative, neutral and positive before rounding."""
        with device_errors():
            parts = [self._logits(part).softmax(dim=-1).cpu().numpy() for part in windows.parts(TOKENS_AT_ONCE)]
        chances: NDArray[np.float64] = np.concatenate(parts)
        return np.stack([chances[:, column > 0].sum(axis=1) for column in self._weights.T], axis=1)


def bert_logits(model: Any, encoder: Encoder) -> Logits:
    """BertForSequenceClassification with its encoder replaced by `encoder`; pooler and classifier in float64."""
    import torch
    from torch.nn.functional import linear

    def logits(windows: Windows) -> Tensor:
        with torch.inference_mode():
            states = encoder.states(windows)
            first = states[torch.from_numpy(windows.starts[:-1]).to(states.device)].double()
            pooler, last = model.bert.pooler.dense, model.classifier
            pooled = torch.tanh(linear(first, pooler.weight.double(), pooler.bias.double()))
            return linear(pooled, last.weight.double(), last.bias.double()).float().double()

    return logits


def any_logits(model: Any, device: str, token_budget: int) -> Logits:
    """Any other classifier, through its own forward."""
    import torch

    pad = int(getattr(model.config, "pad_token_id", None) or 0)

    def logits(windows: Windows) -> Tensor:
        out = torch.empty((windows.documents, model.config.num_labels), dtype=torch.float64, device=device)
        with torch.inference_mode():
            for batch, ids, mask in rectangles(windows, device, token_budget, pad):
                out[batch] = model(input_ids=ids, attention_mask=mask).logits[: len(batch)].double()
        return out

    return logits
