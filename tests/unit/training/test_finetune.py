"""The training loop on a tiny model: it learns, resumes, merges, distils; its methods change what they say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from services.model.opinion_model import OpinionModel
from services.training.checkpoints import load_opinion_model, save_opinion_model
from services.training.errors import DataError
from services.training.finetune import Finetuning
from services.training.methods import METHODS, choose_method, trainable_parameters
from services.training.model_card import model_card
from services.training.release import Release, release
from services.training.settings import FinetuneSettings

SETS = ("tfns_sentiment", "tfns_topic", "sentfin")


def _settings(out: Path, labelled: Path, base: Path, **changes: object) -> FinetuneSettings:
    values = {"sets": SETS, "encoder": str(base), "epochs": 2, "token_budget": 64, "report_to": "none"} | changes
    return FinetuneSettings(out=out, labelled=labelled, **values)  # type: ignore[arg-type]


def test_it_trains_and_keeps_the_best(tmp_path: Path, labelled: Path, base: Path) -> None:
    progress = Finetuning(_settings(tmp_path / "run", labelled, base, class_weights=True)).run()
    assert progress.epoch == 2
    assert json.loads((tmp_path / "run" / "history.json").read_text())[0]["loss"] > 0
    model, _ = load_opinion_model(tmp_path / "run" / "best")
    assert isinstance(model, OpinionModel)


def test_a_resumed_run_ends_where_an_unbroken_one_does(tmp_path: Path, labelled: Path, base: Path) -> None:
    whole = Finetuning(_settings(tmp_path / "whole", labelled, base))
    whole.run()
    broken = Finetuning(_settings(tmp_path / "broken", labelled, base))
    broken._epoch(0)
    broken.progress.epoch = 1
    broken._assess(0.0)
    broken._save()
    resumed = Finetuning(_settings(tmp_path / "broken", labelled, base))
    resumed.run()
    for name, tensor in whole.model.state_dict().items():
        assert torch.equal(tensor, resumed.model.state_dict()[name]), name


@pytest.mark.parametrize("method", ["full", "lora"])
def test_frozen_layers_learn_nothing(method: str, tmp_path: Path, labelled: Path, base: Path) -> None:
    run = Finetuning(_settings(tmp_path / "run", labelled, base, method=method, epochs=1, freeze_layers=1))
    learning = {name for name, parameter in run.model.encoder.named_parameters() if parameter.requires_grad}
    assert learning
    assert all("layer.1." in name for name in learning)
    before = {name: parameter.detach().clone() for name, parameter in run.model.encoder.named_parameters()}
    run.run()
    changed = {name for name, p in run.model.encoder.named_parameters() if not torch.equal(p, before[name])}
    assert changed
    assert changed <= learning


@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_method_trains_less_than_everything(
    name: str, tmp_path: Path, labelled: Path, base: Path, tiny: tuple[OpinionModel, object]
) -> None:
    run = Finetuning(_settings(tmp_path / "run", labelled, base, method=name, epochs=1))
    whole = sum(p.numel() for p in tiny[0].parameters())
    assert 0 < trainable_parameters(run.model) < whole
    run.run()
    assert (tmp_path / "run" / "best").is_dir()


def test_unknown_method_is_named() -> None:
    with pytest.raises(DataError, match="--method magic: unknown; known are full, company, lora"):
        choose_method("magic")


def test_teacher_and_pseudo_labels(
    tmp_path: Path, labelled: Path, base: Path, tiny: tuple[OpinionModel, object]
) -> None:
    save_opinion_model(*tiny, tmp_path / "teacher")
    (tmp_path / "more.txt").write_text("Norrefax rises\nCastrevo falls\n")
    changes = {"teachers": (tmp_path / "teacher",), "unlabelled": (tmp_path / "more.txt",), "sure": 0.0, "epochs": 1}
    run = Finetuning(_settings(tmp_path / "run", labelled, base, **changes))
    assert sum(example.source == "unlabelled" for example in run.examples) == 2
    run.run()


def test_release_as_a_whole_and_as_a_difference(tmp_path: Path, labelled: Path, base: Path) -> None:
    run = Finetuning(_settings(tmp_path / "run", labelled, base, epochs=1))
    run.run()
    whole = Release(tmp_path / "run", tmp_path / "mini", labelled, SETS, SETS, 1)
    metrics = release(whole, run.overlaps)
    card = model_card(metrics)
    assert card.startswith("# mini\n")
    assert "| sentfin | yes | all |" in card
    weights = load_opinion_model(tmp_path / "mini")[0].state_dict()
    anew = Release(tmp_path / "mini", tmp_path / "anew", labelled, SETS, SETS, 1, offsets=False)
    again = release(anew, run.overlaps)
    assert (again["stages"], again["offsets"]) == (metrics["stages"], False)
    kept = load_opinion_model(tmp_path / "anew")[0].state_dict()
    assert all(torch.equal(weights[name], kept[name]) for name in weights)
    lora = Finetuning(_settings(tmp_path / "lora", labelled, base, start=tmp_path / "mini", method="lora", epochs=1))
    lora.run()
    lora.mean.swap(lora.model)
    order = Release(tmp_path / "lora", tmp_path / "research", labelled, SETS, SETS, 1, delta_of=tmp_path / "mini")
    release(order, {})
    shipped, _ = load_opinion_model(tmp_path / "research")
    lora.method.merge(lora.model)
    for name, tensor in lora.model.state_dict().items():
        assert torch.allclose(tensor, shipped.state_dict()[name], atol=2e-3), name
