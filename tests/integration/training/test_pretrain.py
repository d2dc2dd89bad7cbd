"""Masked-language modelling on a tiny encoder: it learns, says from where, and goes on where it was broken off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import BertModel

from services.model.device import mixed_precision, pick_device
from services.model.folders import ModelError
from services.training.errors import DataError
from services.training.learning import pretrain as pretraining
from services.training.learning.pretrain import PretrainSettings, mask_tokens, pretrain

WORDS = ("norrefax rises after strong results", "castrevo falls after weak results", "the board meets today")


@pytest.fixture
def settings(tmp_path: Path, base: Path) -> PretrainSettings:
    """Forty-odd steps over three kinds of sentences, numbered so that no text repeats."""
    texts = tmp_path / "texts.txt"
    texts.write_text("\n".join(f"{WORDS[n % 3]} {n}" for n in range(300)) + "\n", encoding="utf-8")
    return PretrainSettings(
        (texts,),
        tmp_path / "out",
        str(base),
        token_budget=128,
        rate=3e-3,
        transform_steps=25,
        save_every=10,
        report_to="none",
    )


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    model = BertModel.from_pretrained(folder, add_pooling_layer=False, dtype=torch.float32)
    return dict(model.state_dict())


def test_the_encoder_learns_its_texts(settings: PretrainSettings, base: Path) -> None:
    found = pretrain(settings)
    assert found.texts == 294
    assert found.after < 0.8 * found.before
    before, after = _weights(base), _weights(settings.out)
    assert any(not torch.equal(before[name], after[name]) for name in before)
    assert not list(settings.out.glob("state*")), "a finished run leaves no state behind"


def test_before_is_measured_with_a_fitted_transform(settings: PretrainSettings) -> None:
    """What the transform alone learns is not the encoder's gain."""
    fitted = pretrain(replace(settings, max_steps=1, rate=0.0))
    bare = pretrain(replace(settings, max_steps=1, rate=0.0, transform_steps=0))
    assert fitted.before < bare.before
    assert fitted.after == pytest.approx(fitted.before), "an encoder that does not learn has no gain"


def test_a_run_that_is_broken_off_ends_where_an_unbroken_one_does(
    settings: PretrainSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = replace(settings, out=tmp_path / "whole")
    unbroken = pretrain(whole)
    learn = pretraining._Run._learn

    def killed(self: pretraining._Run, rows: list[int], step: int, optimizer: torch.optim.Optimizer) -> float:
        if step == 17:
            raise KeyboardInterrupt
        return learn(self, rows, step, optimizer)

    monkeypatch.setattr(pretraining._Run, "_learn", killed)
    with pytest.raises(KeyboardInterrupt):
        pretrain(settings)
    monkeypatch.undo()
    seen: list[int] = []
    resumed = pretrain(settings, lambda done, _: seen.append(done))
    assert seen[0] == 10, "it goes on after the last saved step"
    assert resumed == unbroken
    ours, theirs = _weights(settings.out), _weights(whole.out)
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_of_the_chosen_most_are_masked_and_special_tokens_never(base: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base)
    ids = torch.full((200, 50), 10)
    special = torch.zeros_like(ids, dtype=torch.bool)
    special[:, 0] = True
    masked, chosen = mask_tokens(ids, special, tokenizer, 0.15, torch.Generator().manual_seed(3))
    assert not chosen[:, 0].any()
    assert 0.13 < chosen[:, 1:].float().mean() < 0.17
    assert 0.75 < (masked[chosen] == tokenizer.mask_token_id).float().mean() < 0.85
    assert torch.equal(masked[~chosen], ids[~chosen])


def test_mixed_precision_only_where_the_processor_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    a = torch.ones(4, 4)
    for has, dtype in ((False, torch.float32), (True, torch.bfloat16)):
        monkeypatch.setattr("services.model.device.has_bf16", lambda has=has: has)
        with mixed_precision(torch.device("cpu")):
            assert (a @ a).dtype == dtype


@pytest.mark.skipif(torch.cuda.is_available(), reason="the error of a machine without CUDA")
def test_an_absent_device_is_named() -> None:
    with pytest.raises(ModelError, match="device cuda: torch sees no CUDA device"):
        pick_device("cuda")


def test_a_run_is_not_resumed_on_other_texts(settings: PretrainSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pretraining._Run, "_perplexity", lambda _: 1.0)
    with pytest.raises(KeyboardInterrupt):
        pretrain(settings, lambda done, _: killed() if done == 12 else None)
    settings.texts[0].write_text("norrefax rises\ncastrevo falls\n", encoding="utf-8")
    with pytest.raises(DataError, match="other texts or settings"):
        pretrain(settings)


def test_what_is_no_encoder_and_too_few_texts_are_named(settings: PretrainSettings, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere: no encoder can be loaded"):
        pretrain(replace(settings, encoder=str(tmp_path / "nowhere")))
    settings.texts[0].write_text("norrefax rises\n", encoding="utf-8")
    with pytest.raises(DataError, match="one text; at least two are needed"):
        pretrain(settings)
