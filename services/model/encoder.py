"""A BERT-type encoder over packed windows, by torch: what runs where the fused kernel cannot, and on CUDA."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from services.model.batching import padded_length, plan_batches
from services.model.tokenizing import Windows

if TYPE_CHECKING:
    from torch import Tensor


class Encoder(Protocol):
    """States of tokens. A window's states depend on that window alone, to the bit, whatever else is in the call."""

    precision: str

    def states(self, windows: Windows) -> Tensor:
        """Last hidden states [N, H] of the packed windows, float32, on the device that the heads run on."""


class TorchEncoder:
    """transformers' BertModel in fp32 or bf16, in the rectangles of :func:`rectangles`."""

    def __init__(self, bert: Any, device: str, precision: str, token_budget: int) -> None:
        import torch

        self.precision = precision
        self._device = device
        self._budget = token_budget
        wide = precision == "fp32"
        self._bert = bert.to(device=device) if wide else copy.deepcopy(bert).to(device=device, dtype=torch.bfloat16)

    def states(self, windows: Windows) -> Tensor:
        import torch

        states: Tensor = torch.empty(
            (len(windows.ids), self._bert.config.hidden_size), dtype=torch.float32, device=self._device
        )
        starts = windows.starts
        with torch.inference_mode():
            for batch, ids, mask in rectangles(windows, self._device, self._budget):
                out = self._bert(input_ids=ids, attention_mask=mask).last_hidden_state
                source, target = places(starts, batch, out.shape[1])
                rows = out.reshape(-1, out.shape[2])[torch.from_numpy(source).to(self._device)]
                states[torch.from_numpy(target).to(self._device)] = rows.to(states.dtype)
        return states


def places(starts: NDArray[np.int64], batch: list[int], padded: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the tokens of windows stand in a rectangle of rows of `padded` tokens, and where among the packed ones.

    One copy a rectangle, for on CUDA a copy a window takes longer than the window.
    """
    begins, lengths = starts[batch], starts[np.asarray(batch) + 1] - starts[batch]
    within = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return within + np.repeat(np.arange(len(batch)) * padded, lengths), within + np.repeat(begins, lengths)


def rectangles(
    windows: Windows, device: str, token_budget: int, pad: int = 0
) -> Iterator[tuple[list[int], Tensor, Tensor]]:
    """Windows as (their numbers, ids [R, T], mask [R, T]), where R and T follow from a window's own length alone.

    So kernels that choose their order of sums by shape give a window the same bits whatever its neighbours. On a CPU
    R is 1; on CUDA, where a single window would waste the device, as many rows as `token_budget` holds, unused ones
    being filler. T is a multiple of 16.
    """
    import torch

    starts, lengths = windows.starts, windows.lengths.tolist()
    for batch, padded in _same_shape(lengths, device, token_budget):
        rows = 1 if device == "cpu" else max(1, token_budget // padded)
        ids = torch.full((rows, padded), pad, dtype=torch.long)
        mask = torch.zeros((rows, padded), dtype=torch.long)
        mask[:, 0] = 1  # a row of nothing but padding has no softmax
        for row, window in enumerate(batch):
            ids[row, : lengths[window]] = torch.from_numpy(windows.ids[starts[window] : starts[window + 1]])
            mask[row, : lengths[window]] = 1
        yield batch, ids.to(device), mask.to(device)


def _same_shape(lengths: list[int], device: str, token_budget: int) -> Iterator[tuple[list[int], int]]:
    if device == "cpu":
        yield from (([index], padded_length(length)) for index, length in enumerate(lengths))
        return
    same: dict[int, list[int]] = {}
    for index, length in enumerate(lengths):
        same.setdefault(padded_length(length), []).append(index)
    for padded, members in same.items():
        for batch in plan_batches([padded] * len(members), token_budget):
            yield [members[i] for i in batch], padded
