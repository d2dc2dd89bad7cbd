"""A BERT-type encoder over packed windows, by torch: what runs where the fused kernel cannot, and on CUDA."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from services.model.batching import padded_length, plan_batches
from services.model.tokenizing import Windows

if TYPE_CHECKING:
    from torch import Tensor


class Encoder(Protocol):
    """States of tokens. A window's states depend on that window alone, to the bit, whatever else is in the call."""

    precision: str

    def states(self, windows: Windows) -> Tensor:
        """Last hidden states [N, H] of the packed windows, on the device that the heads run on."""


class TorchEncoder:
    """transformers' BertModel in fp32 or bf16.

    The same bits whatever the neighbours, by construction: every call of the encoder has a shape that follows from a
    window's own length. On a CPU that is one window, padded to a multiple of 16; on CUDA, where a single window would
    waste the device, a full rectangle of `token_budget` tokens whose unused rows are filler.
    """

    def __init__(self, bert: Any, device: str, precision: str, token_budget: int) -> None:
        import torch

        self.precision = precision
        self._torch = torch
        self._device = device
        self._budget = token_budget
        self._bert = bert.to(device=device, dtype=torch.bfloat16 if precision == "bf16" else torch.float32).eval()

    def states(self, windows: Windows) -> Tensor:
        torch = self._torch
        states: Tensor = torch.empty(
            (len(windows.ids), self._bert.config.hidden_size), dtype=torch.float32, device=self._device
        )
        lengths = windows.lengths.tolist()
        with torch.inference_mode():
            for batch in self._batches(lengths):
                self._run(windows, batch, states)
        return states

    def _batches(self, lengths: list[int]) -> list[list[int]]:
        if self._device == "cpu":
            return [[index] for index in range(len(lengths))]
        same: dict[int, list[int]] = {}
        for index, length in enumerate(lengths):
            same.setdefault(padded_length(length), []).append(index)
        return [
            [members[i] for i in batch]
            for length, members in same.items()
            for batch in plan_batches([length] * len(members), self._budget)
        ]

    def _run(self, windows: Windows, batch: list[int], states: Tensor) -> None:
        torch = self._torch
        lengths = [int(windows.starts[i + 1] - windows.starts[i]) for i in batch]
        padded = padded_length(max(lengths))
        rows = 1 if self._device == "cpu" else max(1, self._budget // padded)
        ids = torch.zeros((rows, padded), dtype=torch.long)
        mask = torch.zeros((rows, padded), dtype=torch.bool)
        mask[:, 0] = True  # a row of nothing but padding has no softmax
        for row, (window, length) in enumerate(zip(batch, lengths, strict=True)):
            ids[row, :length] = torch.from_numpy(windows.ids[windows.starts[window] : windows.starts[window + 1]])
            mask[row, :length] = True
        ids, mask = ids.to(self._device), mask.to(self._device)
        out = self._bert(input_ids=ids, attention_mask=mask).last_hidden_state
        for row, (window, length) in enumerate(zip(batch, lengths, strict=True)):
            begin = int(windows.starts[window])
            states[begin : begin + length] = out[row, :length]
