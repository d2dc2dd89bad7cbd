"""The engine of Bellwether's own model: companies' and document's sentiment, event and embedding in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from services.model.batching import padded_length, plan_batches
from services.model.device import device_errors
from services.model.encoder import Encoder
from services.model.fixed_point import MICRO, to_sentiments
from services.model.interface import Answer, Request
from services.model.tokenizing import Windows, WindowTokenizer

if TYPE_CHECKING:
    from torch import Tensor

    from services.model.opinion_model import OpinionModel, PooledStates

_POOL_TOKENS = 8192  # padded tokens whose float64 states are held at once


class OpinionEngine:
    """An OpinionModel behind the Engine interface. Built by `build_engine`."""

    invariant = True

    def __init__(
        self, name: str, model_id: str, device: str, model: OpinionModel, encoder: Encoder, tokenizer: WindowTokenizer
    ) -> None:
        self.name, self.model_id, self.device, self.precision = name, model_id, device, encoder.precision
        self._model, self._encoder, self._tokenizer = model, encoder, tokenizer

    def encode(self, requests: Sequence[Request]) -> Windows:
        return self._tokenizer.encode(requests)

    def forward(self, encoded: Windows) -> list[Answer]:
        if encoded.documents == 0:
            return []
        raw = self.raw(encoded)
        companies = iter(to_sentiments(raw["company"]))
        counts = np.bincount(encoded.company_document, minlength=encoded.documents).tolist()
        best = raw["event"].argmax(axis=1).tolist()
        chances = np.rint(raw["event"].max(axis=1) * MICRO).astype(int).tolist()
        labels = self._model.config.event_labels or []
        return [
            Answer(
                document=document,
                companies=tuple(next(companies) for _ in range(count)),
                event=labels[event],
                event_probability=chance,
                embedding=tuple(embedding),
            )
            for document, count, event, chance, embedding in zip(
                to_sentiments(raw["document"]), counts, best, chances, raw["embedding"].tolist(), strict=True
            )
        ]

    def score(self, requests: Sequence[Request]) -> list[Answer]:
        return self.forward(self.encode(requests))

    def raw(self, encoded: Windows) -> dict[str, NDArray[np.float32]]:
        """What the model gives before rounding: document [D, 3], company [C, 3], event [D, E], embedding [D, H]."""
        import torch

        with device_errors(), torch.inference_mode():
            states = self._encoder.states(encoded)
            pooled = self._pool(states, encoded)
            output = self._model.read(pooled, torch.from_numpy(encoded.company_document).to(states.device))
            chances = self._model.probabilities(output)
            named = {
                "document": chances.document,
                "company": chances.company,
                "event": chances.event,
                "embedding": output.embedding,
            }
            return {key: value.cpu().numpy() for key, value in named.items() if value is not None}

    def _pool(self, states: Tensor, encoded: Windows) -> PooledStates:
        total: PooledStates | None = None
        for batch in plan_batches(encoded.lengths.tolist(), _POOL_TOKENS):
            part = self._pool_windows(states, encoded, batch)
            total = part if total is None else _added(total, part)
        if total is None:
            raise ValueError("no window to read")
        return total

    def _pool_windows(self, states: Tensor, encoded: Windows, batch: list[int]) -> PooledStates:
        import torch

        starts, lengths = encoded.starts, encoded.lengths
        padded = padded_length(int(lengths[batch].max()))
        block = states.new_zeros((len(batch), padded, states.shape[1]))
        mask = torch.zeros((len(batch), padded), dtype=torch.bool)
        row_of = {window: row for row, window in enumerate(batch)}
        for window, row in row_of.items():
            block[row, : lengths[window]] = states[starts[window] : starts[window + 1]]
            mask[row, : lengths[window]] = True
        present = [i for i, window in enumerate(encoded.mention_window.tolist()) if window in row_of]
        mentions = torch.zeros((len(present), padded), dtype=torch.bool)
        for row, index in enumerate(present):
            mentions[row, encoded.mention_tokens[index]] = True
        mention_row = torch.tensor([row_of[int(encoded.mention_window[i])] for i in present], dtype=torch.long)
        to = states.device
        pooled = self._model.pool_states(block, mask.to(to), mentions.to(to), mention_row.to(to))
        return pooled.combine(
            torch.from_numpy(encoded.document[batch]).to(to),
            encoded.documents,
            torch.from_numpy(encoded.mention_company[present]).to(to),
            len(encoded.company_document),
        )


def _added(left: Any, right: Any) -> Any:
    return type(left)(**{name: getattr(left, name) + getattr(right, name) for name in vars(left)})
