"""Pruned, quantised: what is left still answers, and words can still be spelt."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from services.model.opinion_model import OpinionModel
from services.training.checkpoints import load_opinion_model
from services.training.datasets import Example
from services.training.errors import DataError
from services.training.prediction import predict
from services.training.shrink import RowInt8Linear, drop_layers, drop_words, quantise, save_with_vocabulary, used_tokens

EXAMPLES = [Example("Norrefax rises after strong results", ""), Example("weak loss", "")]


def test_dropped_layers_are_gone(tiny: tuple[OpinionModel, object]) -> None:
    model, tokenizer = tiny
    smaller = drop_layers(model, [0])
    assert len(smaller.encoder.encoder.layer) == 1
    assert len(model.encoder.encoder.layer) == 2
    assert predict(smaller, tokenizer, EXAMPLES).document.shape == (2, 3)
    with pytest.raises(DataError, match="layers 0 to 1"):
        drop_layers(model, [0, 7])


def test_dropped_words_leave_the_rest_unchanged(tiny: tuple[OpinionModel, object], tmp_path: Path) -> None:
    model, tokenizer = tiny
    keep = used_tokens(tokenizer, [example.text for example in EXAMPLES])
    smaller, vocabulary = drop_words(model, tokenizer, keep)
    save_with_vocabulary(smaller, tokenizer, vocabulary, tmp_path)
    again, cut = load_opinion_model(tmp_path)
    assert len(cut.get_vocab()) == len(keep) < len(tokenizer.get_vocab())  # type: ignore[attr-defined]
    before, after = predict(model, tokenizer, EXAMPLES), predict(again, cut, EXAMPLES)
    assert after.document == pytest.approx(before.document, abs=2e-2)  # 16 bits


def test_eight_bits_are_close_and_a_row_stands_alone(tiny: tuple[OpinionModel, object]) -> None:
    layer = torch.nn.Linear(16, 8)
    small = RowInt8Linear(layer)
    rows = torch.randn(5, 16) * torch.tensor([[1.0], [50.0], [1.0], [1.0], [0.01]])
    assert torch.allclose(small(rows), layer(rows), rtol=0.1, atol=0.6)
    assert torch.equal(small(rows)[2], small(rows[2:3])[0])
    model, tokenizer = tiny
    assert predict(quantise(model), tokenizer, EXAMPLES).event.shape == (2, 20)
