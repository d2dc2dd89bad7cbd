"""The opinion model with random weights: shapes, windows that add up, companies apart, folders and differences."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from services.model.delta import weights_digest, write_delta
from services.model.folders import ModelError
from services.model.opinion_model import EVENTS, EVENTS_OF_TFNS_TOPIC, OpinionConfig, OpinionModel
from services.model.reading import blank_links, mention_tokens
from services.model.weights import read_weights
from shared.event_classes.former import FORMER_EVENT_CLASSES


@pytest.fixture
def model() -> OpinionModel:
    torch.manual_seed(3)
    encoder = {
        "vocab_size": 50,
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
    }
    return OpinionModel(OpinionConfig(encoder=encoder)).eval()


def _inputs(rows: int = 2, tokens: int = 8) -> dict[str, torch.Tensor]:
    torch.manual_seed(4)
    mentions = torch.zeros(3, tokens)
    mentions[0, 1:3] = 1
    mentions[1, 5] = 1
    return {
        "input_ids": torch.randint(1, 50, (rows, tokens)),
        "attention_mask": torch.ones(rows, tokens, dtype=torch.long),
        "mention_mask": mentions,
        "mention_row": torch.tensor([0, 0, 1]),
    }


def test_one_pass_gives_every_answer(model: OpinionModel) -> None:
    with torch.inference_mode():
        output = model(**_inputs())
    assert output.document_sentiment.shape == (2, 3)
    assert output.company_sentiment.shape == (3, 3)
    assert output.event.shape == (2, len(EVENTS)) == (2, 58)
    assert torch.allclose(output.embedding.norm(dim=1), torch.ones(2), atol=1e-5)
    chances = model.probabilities(output)
    assert torch.allclose(chances.company.sum(1), torch.ones(3), atol=1e-5)


def test_two_companies_of_one_document_get_two_answers(model: OpinionModel) -> None:
    with torch.inference_mode():
        company = model(**_inputs()).company_sentiment
    assert not torch.allclose(company[0], company[1])


def test_a_document_without_companies(model: OpinionModel) -> None:
    inputs = _inputs()
    with torch.inference_mode():
        output = model(inputs["input_ids"], inputs["attention_mask"])
    assert output.company_sentiment.shape == (0, 3)


def test_pooling_does_not_depend_on_padding(model: OpinionModel) -> None:
    states = torch.randn(1, 6, 16)
    mask, mentions = torch.ones(1, 6), torch.tensor([[0, 1, 1, 0, 0, 0]])
    row = torch.tensor([0])
    with torch.inference_mode():
        short = model.read(model.pool_states(states, mask, mentions, row), row)
        pad = torch.nn.functional.pad
        padded = model.pool_states(pad(states, (0, 0, 0, 26)), pad(mask, (0, 26)), pad(mentions, (0, 26)), row)
        long = model.read(padded, row)
    assert all(torch.equal(short[name], long[name]) for name in short)


def test_windows_of_a_document_add_up(model: OpinionModel) -> None:
    states, mask = torch.randn(2, 6, 16), torch.ones(2, 6)
    mentions, rows = torch.tensor([[1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1]]), torch.tensor([0, 1])
    with torch.inference_mode():
        pooled = model.pool_states(states, mask, mentions, rows)
        zero = torch.zeros(2, dtype=torch.long)
        combined = pooled.combine(zero, 1, zero, 1)
    assert combined.token_weight.tolist() == [12.0]
    assert combined.mention_weight.tolist() == [2.0]
    assert torch.allclose(combined.token_sum[0], states.double().sum((0, 1)))


def test_a_company_in_the_second_window_only(model: OpinionModel) -> None:
    inputs = _inputs()
    with torch.inference_mode():
        alone = model.pool(**inputs)
        company = torch.tensor([0, 1, 2])
        combined = alone.combine(torch.tensor([0, 0]), 1, company, 3)
        output = model.read(combined, torch.zeros(3, dtype=torch.long))
    assert output.company_sentiment.shape == (3, 3)
    assert bool(torch.isfinite(output.company_sentiment).all())


def test_saved_and_loaded_it_answers_the_same(model: OpinionModel, tmp_path: Path) -> None:
    model.config.temperatures = {"document": 1.5, "company": 1.0, "event": 2.0}
    model.save_pretrained(tmp_path)
    again = OpinionModel.from_pretrained(tmp_path).eval()
    with torch.inference_mode():
        first, second = model(**_inputs()), again(**_inputs())
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert again.config.temperatures == model.config.temperatures


def test_a_difference_is_put_on_its_base(model: OpinionModel, tmp_path: Path) -> None:
    base, variant = tmp_path / "base", tmp_path / "variant"
    model.save_pretrained(base)
    name = "encoder.encoder.layer.0.output.dense.weight"
    a, b = torch.randn(2, 32), torch.randn(16, 2)
    write_delta(variant, {name: (a, b)}, {"document_head.outer.bias": torch.tensor([1.0, 2.0, 3.0])})
    model.config.delta_of, model.config.delta_base = "base", weights_digest(base)
    model.config.save_pretrained(variant)
    changed = OpinionModel.from_pretrained(variant)
    before = OpinionModel.from_pretrained(base).state_dict()
    low_rank = b.half().float() @ a.half().float()
    assert torch.allclose(changed.state_dict()[name], before[name] + low_rank, atol=1e-4)
    assert changed.document_head.outer.bias.tolist() == [1.0, 2.0, 3.0]


def test_a_difference_to_another_version_is_refused(model: OpinionModel, tmp_path: Path) -> None:
    base, variant = tmp_path / "base", tmp_path / "variant"
    model.save_pretrained(base)
    write_delta(variant, {}, {})
    model.config.delta_of, model.config.delta_base = "base", "another"
    model.config.save_pretrained(variant)
    with pytest.raises(ModelError, match="another version of base"):
        read_weights(variant)


def test_event_names_are_clear_and_unique() -> None:
    assert len(set(EVENTS)) == 58
    assert tuple(EVENTS_OF_TFNS_TOPIC.values()) == FORMER_EVENT_CLASSES
    assert all(name.replace("_", "").isalpha() and name.islower() for name in EVENTS)


def test_links_are_blanked_at_equal_length() -> None:
    text = "Profit up https://t.co/abc123 at $NRX"
    blanked = blank_links(text)
    assert len(blanked) == len(text)
    assert blanked.split() == ["Profit", "up", "http", "at", "$NRX"]


def test_mention_tokens_overlap_the_span() -> None:
    offsets = [(0, 0), (0, 4), (4, 6), (7, 10), (0, 0)]
    assert mention_tokens(offsets, [(0, 6)]) == [1, 2]
    assert mention_tokens(offsets, []) == []
