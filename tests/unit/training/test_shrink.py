"""Pruned, quantised: what is left still answers, and words can still be spelt."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from services.model.opinion_model import OpinionModel
from services.training.checkpoints import load_opinion_model, save_opinion_model
from services.training.data.datasets import Example
from services.training.errors import DataError
from services.training.measuring.prediction import predict
from services.training.shipping.averaging import average
from services.training.shipping.shrink import (
    RowInt8Linear,
    drop_layers,
    drop_words,
    quantise,
    save_with_vocabulary,
    used_tokens,
)

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
    assert predict(quantise(model), tokenizer, EXAMPLES).event.shape == (2, 58)


def test_the_mean_of_two_models_and_what_has_none(tiny: tuple[OpinionModel, object], tmp_path: Path) -> None:
    model, tokenizer = tiny
    first = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    save_opinion_model(model, tokenizer, tmp_path / "one", torch.float32)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1.0)
    save_opinion_model(model, tokenizer, tmp_path / "two", torch.float32)
    average([tmp_path / "one", tmp_path / "two"], [0.25, 0.75], tmp_path / "mean")
    found = load_opinion_model(tmp_path / "mean")[0].state_dict()
    assert all(torch.allclose(found[name], tensor + 0.75, atol=1e-5) for name, tensor in first.items())
    with pytest.raises(DataError, match="not to 1"):
        average([tmp_path / "one", tmp_path / "two"], [0.25, 0.25], tmp_path / "mean")
    save_opinion_model(drop_layers(model, [0]), tokenizer, tmp_path / "less", torch.float32)
    with pytest.raises(DataError, match="less: has another shape"):
        average([tmp_path / "less", tmp_path / "two"], [0.5, 0.5], tmp_path / "mean")
