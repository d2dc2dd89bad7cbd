"""The embedding head that is fitted after fine-tuning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from services.model.opinion_model import OpinionModel
from services.training.checkpoints import new_model
from services.training.data.datasets import Example
from services.training.measuring.prediction import predict
from services.training.shipping.embedding_head import fit_embedding_head, ridge
from tests.unit.training.conftest import WORDS


@given(st.integers(0, 10**6), st.integers(2, 12))
def test_ridge_finds_the_map_that_there_is(seed: int, width: int) -> None:
    draw = np.random.default_rng(seed)
    given, truth = draw.normal(size=(40 * width, width)), draw.normal(size=(width, width))
    assert np.allclose(ridge(given, given @ truth), truth, atol=0.02)


def test_a_changed_encoder_gets_its_embedding_back(base: Path, tiny: tuple[OpinionModel, Any]) -> None:
    model, tokenizer = tiny
    draw = torch.Generator().manual_seed(1)
    with torch.no_grad():  # what fine-tuning does to the states
        last = model.encoder.encoder.layer[-1].output.dense.weight
        last.add_(torch.randn(last.shape, generator=draw) * 0.3)
    chance = np.random.default_rng(2)
    texts = [" ".join(chance.choice(WORDS[5:], size=9)) for _ in range(300)]
    examples = [Example(text, "embedding") for text in texts]
    original, original_tokenizer = new_model(str(base))
    wanted = predict(original, original_tokenizer, examples).embedding
    before = float((predict(model, tokenizer, examples).embedding * wanted).sum(1).mean())
    told = fit_embedding_head(model, tokenizer, original, original_tokenizer, texts)
    after = float((predict(model, tokenizer, examples).embedding * wanted).sum(1).mean())
    assert after > before
    assert told == pytest.approx(after, abs=0.01)
