"""A transformers BertModel's weights in the fused int8 kernel."""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from services.model.kernel.build import NoKernel, load_library
from services.model.tokenizing import Windows

if TYPE_CHECKING:
    from torch import Tensor

_RUN_TOKENS = 512  # what a thread takes through all layers at a time: more falls out of the cache
_LEAST_RUN = 64


class KernelEncoder:
    """An encoder in int8 with a scale per token and per output: exact integer sums, no padding, `threads` threads.

    A window's states are the same bits whatever else is in the call, on any x86-64 machine with FMA. Raises NoKernel
    when there is no compiler or the architecture is not plain BERT.
    """

    precision = "int8"

    def __init__(self, bert: Any, cache_dir: Path, threads: int) -> None:
        config = bert.config
        if config.model_type != "bert" or config.hidden_act != "gelu" or getattr(config, "is_decoder", False):
            raise NoKernel(f"the fused kernel reads BERT with gelu, not {config.model_type} with {config.hidden_act}")
        self.library = load_library(cache_dir)
        if self.library.bw_supports(config.hidden_size, config.num_attention_heads, config.intermediate_size):
            raise NoKernel(f"the fused kernel does not support hidden size {config.hidden_size} in its heads")
        self.instructions = self.library.bw_instructions().decode()
        self.threads = threads
        self._hidden = int(config.hidden_size)
        self._tables = _embedding_tables(bert)
        self._encoder = self.library.bw_new(
            config.hidden_size, config.num_attention_heads, config.intermediate_size, config.num_hidden_layers,
            config.layer_norm_eps, len(self._tables[0]), len(self._tables[1]), *(t.ctypes.data for t in self._tables),
        )  # fmt: skip
        if not self._encoder:
            raise MemoryError("the encoder's weights")
        weakref.finalize(self, self.library.bw_delete, self._encoder)
        for number, layer in enumerate(bert.encoder.layer):
            self._load_layer(number, layer, 1 / math.sqrt(config.hidden_size / config.num_attention_heads))

    def _load_layer(self, number: int, layer: Any, temperature: float) -> None:
        for part, (weight, bias) in enumerate(_linears(layer, temperature)):
            if self.library.bw_linear(self._encoder, number, part, weight.ctypes.data, bias.ctypes.data):
                raise MemoryError("the encoder's weights")
        for part, norm in enumerate((layer.attention.output.LayerNorm, layer.output.LayerNorm)):
            gain, shift = _array(norm.weight), _array(norm.bias)
            if self.library.bw_norm(self._encoder, number, part, gain.ctypes.data, shift.ctypes.data):
                raise MemoryError("the encoder's weights")

    def states(self, windows: Windows) -> Tensor:
        """Last hidden states [N, H], float32. Raises MemoryError, or ValueError for ids the model does not know."""
        import torch

        ids = np.ascontiguousarray(windows.ids, np.int32)
        starts = np.ascontiguousarray(windows.starts, np.int64)
        out = np.empty((len(ids), self._hidden), np.float32)
        run = max(_LEAST_RUN, min(_RUN_TOKENS, len(ids) // (4 * self.threads)))
        failed = self.library.bw_states(
            self._encoder, ids.ctypes.data, starts.ctypes.data, len(starts) - 1, self.threads, run, out.ctypes.data
        )
        if failed == 1:
            raise MemoryError(f"no memory for {len(ids)} tokens")
        if failed:
            raise ValueError("a token id, or a window's length, lies outside the model's tables")
        return torch.from_numpy(out)


def _embedding_tables(bert: Any) -> tuple[NDArray[np.float32], ...]:
    embeddings = bert.embeddings
    places = embeddings.position_embeddings.weight + embeddings.token_type_embeddings.weight[0]
    norm = embeddings.LayerNorm
    return tuple(map(_array, (embeddings.word_embeddings.weight, places, norm.weight, norm.bias)))


def _linears(layer: Any, temperature: float) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Weights and biases in the kernel's order. Queries carry softmax's temperature, and base 2 instead of e."""
    attention = layer.attention.self
    scale = np.float32(temperature * math.log2(math.e))
    query, key, value = attention.query, attention.key, attention.value
    yield (
        np.concatenate([_array(query.weight) * scale, _array(key.weight), _array(value.weight)]),
        np.concatenate([_array(query.bias) * scale, _array(key.bias), _array(value.bias)]),
    )
    for linear in (layer.attention.output.dense, layer.intermediate.dense, layer.output.dense):
        yield _array(linear.weight), _array(linear.bias)


def _array(tensor: Any) -> NDArray[np.float32]:
    values: NDArray[np.float32] = np.ascontiguousarray(tensor.detach().float().cpu().numpy())
    if not np.isfinite(values).all():
        raise NoKernel("the model holds weights that are not finite numbers")
    return values
