"""Smaller and faster versions of a model: fewer layers, fewer words, 8 bits; and ONNX. Each says what it costs."""

from __future__ import annotations

import copy
import json
import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast

from services.model.opinion_model import OpinionModel
from services.model.reading import blank_links
from services.training.checkpoints import save_opinion_model
from services.training.data.datasets import Example, load_examples
from services.training.errors import DataError
from services.training.measuring.devset import judge
from services.training.measuring.prediction import predict
from shared.languages.registry import UNSPACED

log = logging.getLogger(__name__)
_UNSPACED = re.compile(f"[{UNSPACED}]")


@dataclass(frozen=True)
class Cost:
    """Before and after: accuracy by dev set, megabytes of weight files, texts a second (float32, this machine)."""

    accuracy_before: dict[str, float]
    accuracy_after: dict[str, float]
    megabytes_before: float
    megabytes_after: float
    texts_per_s_before: float
    texts_per_s_after: float


def drop_layers(model: OpinionModel, keep: Sequence[int]) -> OpinionModel:
    """A copy with the encoder's layers ``keep`` only. Raises DataError for a layer that is not there."""
    layers = model.encoder.encoder.layer
    wrong = [number for number in keep if not 0 <= number < len(layers)]
    if wrong or not keep:
        raise DataError(f"--keep-layers {','.join(map(str, keep))}: the model has layers 0 to {len(layers) - 1}")
    smaller = copy.deepcopy(model)
    smaller.encoder.encoder.layer = nn.ModuleList([smaller.encoder.encoder.layer[number] for number in sorted(keep)])
    return _with_encoder(smaller, num_hidden_layers=len(keep))


def used_tokens(tokenizer: Any, texts: Iterable[str]) -> list[int]:
    """Ids that the texts use, with every special token and every single character, so that any word can be spelt."""
    used = set(tokenizer.all_special_ids)
    for word, number in tokenizer.get_vocab().items():
        if len(word.removeprefix("##")) == 1:
            used.add(number)
    for text in texts:
        used.update(tokenizer(blank_links(text))["input_ids"])
    return sorted(used)


def reachable_tokens(tokenizer: Any) -> list[int]:
    """Ids of all words but continuations of Chinese characters: BERT's tokenizer cuts around each such character, so
    that none is ever a continuation. Leaving them out changes no answer.
    """
    kept = [n for word, n in tokenizer.get_vocab().items() if not (word.startswith("##") and _UNSPACED.search(word))]
    return sorted(kept)


def drop_words(model: OpinionModel, tokenizer: Any, keep: Sequence[int]) -> tuple[OpinionModel, dict[str, int]]:
    """A copy with only the word vectors ``keep``, and its vocabulary (word to new id)."""
    smaller = copy.deepcopy(model)
    words = smaller.encoder.embeddings.word_embeddings
    rows = words.weight.detach()[list(keep)].clone()
    smaller.encoder.embeddings.word_embeddings = nn.Embedding(len(rows), rows.shape[1], padding_idx=0, _weight=rows)
    place = {old: new for new, old in enumerate(keep)}
    vocabulary = {word: place[old] for word, old in tokenizer.get_vocab().items() if old in place}
    return _with_encoder(smaller, vocab_size=len(keep)), vocabulary


def save_with_vocabulary(model: OpinionModel, tokenizer: Any, vocabulary: dict[str, int], folder: Path) -> None:
    """Save with the tokenizer cut to ``vocabulary``."""
    save_opinion_model(model, cut_tokenizer(tokenizer, vocabulary), folder)


def cut_tokenizer(tokenizer: Any, vocabulary: dict[str, int]) -> Any:
    """The tokenizer with ``vocabulary`` (word to new id) alone."""
    content = json.loads(tokenizer.backend_tokenizer.to_str())
    content["model"]["vocab"] = dict(sorted(vocabulary.items(), key=lambda item: item[1]))
    for token in content["added_tokens"]:
        token["id"] = vocabulary[token["content"]]
    for special in content.get("post_processor", {}).get("special_tokens", {}).values():
        special["ids"] = [vocabulary[token] for token in special["tokens"]]
    names = ("unk_token", "pad_token", "cls_token", "sep_token", "mask_token")
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=Tokenizer.from_str(json.dumps(content)),
        model_max_length=tokenizer.model_max_length,
        **{name: getattr(tokenizer, name) for name in names if getattr(tokenizer, name) is not None},
    )


class RowInt8Linear(nn.Module):
    """A linear layer with 8-bit weights (one scale per output) and 8-bit inputs (one scale per token row).

    A row's result depends on that row alone, unlike dynamic quantisation with one scale for the whole batch. This is
    the arithmetic, for measuring accuracy; speed is the engine's affair.
    """

    def __init__(self, inner: nn.Linear) -> None:
        super().__init__()
        weight = inner.weight.detach().float()
        scale = weight.abs().amax(1, keepdim=True).clamp(min=1e-8) / 127
        self.weight_int8: Tensor
        self.scale: Tensor
        self.register_buffer("weight_int8", torch.round(weight / scale).to(torch.int8))
        self.register_buffer("scale", scale.squeeze(1))
        self.bias = None if inner.bias is None else nn.Parameter(inner.bias.detach().float(), requires_grad=False)
        self.out_features = inner.out_features

    def forward(self, rows: Tensor) -> Tensor:
        step = rows.abs().amax(-1, keepdim=True).clamp(min=1e-8) / 127
        whole = torch.round(rows / step)
        product = nn.functional.linear(whole, self.weight_int8.float())
        result: Tensor = product * step * self.scale
        return result if self.bias is None else result + self.bias


def quantise(model: OpinionModel) -> OpinionModel:
    """A copy whose encoder computes in 8 bits per row; heads stay as they are."""
    smaller = copy.deepcopy(model)
    for module in list(smaller.encoder.modules()):
        for name, child in list(module.named_children()):
            if type(child) is nn.Linear:
                setattr(module, name, RowInt8Linear(child))
    return smaller


def cost(
    before: tuple[OpinionModel, Any],
    after: tuple[OpinionModel, Any],
    labelled: Path,
    names: Sequence[str],
    megabytes: tuple[float, float],
) -> Cost:
    """Measure two (model, tokenizer) pairs, whose files have so many ``megabytes``, on the dev files."""
    return Cost(
        _accuracies(*before, labelled, names),
        _accuracies(*after, labelled, names),
        *megabytes,
        _rate(*before, labelled, names[0]),
        _rate(*after, labelled, names[0]),
    )


def _with_encoder(model: OpinionModel, **changes: int) -> OpinionModel:
    model.config.encoder = dict(model.config.encoder or {}) | changes
    for name, value in changes.items():
        setattr(model.encoder.config, name, value)
    return model


def _accuracies(model: OpinionModel, tokenizer: Any, labelled: Path, names: Sequence[str]) -> dict[str, float]:
    log.info("measuring on the dev files of %s", ", ".join(names))
    return {name: found.scores("all").accuracy for name, found in judge(model, tokenizer, labelled, names).items()}


def _rate(model: OpinionModel, tokenizer: Any, labelled: Path, name: str) -> float:
    examples: list[Example] = load_examples(labelled, name, "dev")[:300]
    started = perf_counter()
    predict(model, tokenizer, examples)
    return len(examples) / (perf_counter() - started)
