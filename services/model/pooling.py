"""Sums over the tokens of windows, by OpinionHeads' own pooling: packed states are padded, pooled, added up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.model.batching import padded_length, plan_batches
from services.model.tokenizing import Windows

if TYPE_CHECKING:
    from torch import Tensor

    from services.model.opinion_heads import OpinionHeads, PooledStates

_TOKENS = 8192  # padded tokens whose float64 states are held at once


class TorchPooler:
    """From packed states [N, H] to sums by document [D, H] and by company [C, H], on the device of the states."""

    def __init__(self, model: OpinionHeads) -> None:
        self._model = model

    def __call__(self, states: Tensor, encoded: Windows) -> PooledStates:
        total: PooledStates | None = None
        for batch in plan_batches(encoded.lengths.tolist(), _TOKENS):
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
