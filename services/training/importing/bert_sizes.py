"""A BERT's configuration from the sizes of its weights, for files that come without one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from transformers import BertConfig

_SIZED = (
    "embeddings.word_embeddings",
    "embeddings.position_embeddings",
    "embeddings.token_type_embeddings",
    "encoder.layer.0.intermediate.dense",
)


def config_of(weights: Mapping[str, Any]) -> BertConfig | None:
    """The configuration that arrays or tensors by a BertModel's names (without a prefix) fit, but for the number of
    attention heads, which no size tells. None where a matrix that says a size is absent.
    """
    sized: list[Any] = [weights.get(f"{name}.weight") for name in _SIZED]
    if any(matrix is None or matrix.ndim != 2 for matrix in sized):
        return None
    words, places, kinds, inner = sized
    return BertConfig(
        vocab_size=words.shape[0],
        hidden_size=words.shape[1],
        num_hidden_layers=len({name.split(".")[2] for name in weights if name.startswith("encoder.layer.")}),
        intermediate_size=inner.shape[0],
        max_position_embeddings=places.shape[0],
        type_vocab_size=kinds.shape[0],
    )
