"""Integrated gradients: complete (shares add up to the margin's change), and every word has its place."""

from __future__ import annotations

import pytest
import torch

from services.model.explanation import explain, explain_each
from services.model.opinion_model import SENTIMENTS, OpinionModel
from services.training.data.datasets import Example
from services.training.measuring.faithfulness import measure_faithfulness
from services.training.measuring.prediction import predict

TEXT = "Norrefax rises after strong results as Castrevo falls"


def _margin(model: OpinionModel, tokenizer: object, text: str, target: int) -> float:
    logits = predict(model, tokenizer, [Example(text, "")]).document[0]
    return float(logits[target] * 1.5 - logits.sum() / 2)


def test_shares_add_up_to_what_the_text_changes(tiny: tuple[OpinionModel, object]) -> None:
    model, tokenizer = tiny
    model.eval()
    found = explain(model, tokenizer, TEXT, points=24)
    target = SENTIMENTS.index(found.answer)
    tokens = len(tokenizer(TEXT)["input_ids"]) - 2  # type: ignore[operator]
    change = _margin(model, tokenizer, TEXT, target) - _margin(model, tokenizer, "[MASK] " * tokens, target)
    assert sum(word.share for word in found.words) == pytest.approx(change, abs=5e-3)


def test_every_word_is_where_it_stands(tiny: tuple[OpinionModel, object]) -> None:
    model, tokenizer = tiny
    model.eval()
    found = explain(model, tokenizer, TEXT, [(0, 8)])
    assert [word.word for word in found.words] == TEXT.split()
    assert all(TEXT[slice(*word.span)] == word.word for word in found.words)
    assert 1 / 3 <= found.probability <= 1
    other = explain(model, tokenizer, TEXT, [(39, 47)])
    assert found.words != other.words


def test_several_questions_about_a_text_are_answered_as_each_alone(tiny: tuple[OpinionModel, object]) -> None:
    model, tokenizer = tiny
    model.eval()
    targets = [None, [(0, 8)], [(39, 47)]]
    together = explain_each(model, tokenizer, TEXT, targets)
    for found, target in zip(together, targets, strict=True):
        alone = explain(model, tokenizer, TEXT, target)
        assert found.answer == alone.answer
        shares = [word.share for word in found.words]
        assert shares == pytest.approx([word.share for word in alone.words], abs=1e-5)


def test_a_few_points_say_nearly_what_many_say(tiny: tuple[OpinionModel, object]) -> None:
    model, tokenizer = tiny
    model.eval()
    few, many = (explain(model, tokenizer, TEXT, points=points) for points in (6, 24))
    assert [w.share for w in few.words] == pytest.approx([w.share for w in many.words], abs=5e-3)


def test_the_model_keeps_no_gradients(tiny: tuple[OpinionModel, object]) -> None:
    model, tokenizer = tiny
    model.eval()
    with torch.no_grad():
        explain(model, tokenizer, TEXT)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_faithfulness_counts_long_enough_texts(tiny: tuple[OpinionModel, object]) -> None:
    found = measure_faithfulness(*tiny, [TEXT, "too short"])
    assert found.n == 1
    assert found.seconds > 0
