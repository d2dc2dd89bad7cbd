"""Pruned, quantised, pre-trained: what is left still answers, and words can still be spelt."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from services.model.opinion_model import OpinionModel
from services.training.checkpoints import load_opinion_model
from services.training.datasets import Example
from services.training.errors import DataError
from services.training.prediction import predict
from services.training.pretrain import PretrainSettings, mask_tokens, pretrain
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


def test_pretraining_reports_perplexity(base: Path, tmp_path: Path) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("\n".join(f"Norrefax rises after strong results {n}" for n in range(40)))
    found = pretrain(PretrainSettings((texts,), tmp_path / "out", str(base), epochs=6, token_budget=64, rate=5e-3))
    assert found.after < found.before
    assert (tmp_path / "out" / "config.json").is_file()


def test_special_tokens_are_never_masked() -> None:
    class Words:
        mask_token_id, vocab_size = 4, 50

    ids = torch.arange(10, 30).view(2, 10)
    special = torch.zeros_like(ids, dtype=torch.bool)
    special[:, 0] = True
    masked, chosen = mask_tokens(ids, special, Words(), 1.0, torch.Generator().manual_seed(0))
    assert not chosen[:, 0].any()
    assert torch.equal(masked[:, 0], ids[:, 0])
    assert (masked[chosen] == 4).float().mean() > 0.5
