"""The training loop on a tiny model: it learns, resumes, merges, distils; its methods change what they say."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import ModelCard

from services.model.opinion_model import OpinionModel
from services.training.checkpoints import load_opinion_model, new_model, save_opinion_model
from services.training.data.augmentation import Augmentation
from services.training.data.encoding import encode
from services.training.errors import DataError
from services.training.learning.finetune import Finetuning
from services.training.learning.methods import METHODS, choose_method, low_rank_changes, trainable_parameters
from services.training.learning.settings import FinetuneSettings
from services.training.shipping.model_card import model_card
from services.training.shipping.release import Release, release
from services.training.shipping.shrink import drop_words, save_with_vocabulary

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
    for name, tensor in whole.mean.mean.items():
        assert torch.equal(tensor, resumed.mean.mean[name]), name


def test_a_run_is_not_resumed_with_other_settings(tmp_path: Path, labelled: Path, base: Path) -> None:
    Finetuning(_settings(tmp_path / "run", labelled, base, epochs=1)).run()
    with pytest.raises(DataError, match=r"holds a run with other settings \(epochs was 1, is 2\)"):
        Finetuning(_settings(tmp_path / "run", labelled, base)).run()


def test_a_run_that_was_stopped_early_stays_stopped(tmp_path: Path, labelled: Path, base: Path) -> None:
    settings = _settings(tmp_path / "run", labelled, base, epochs=9, encoder_rate=1e-12, head_rate=1e-12, patience=1)
    first = Finetuning(settings).run()
    assert first.epoch == 2, "next to nothing was learnt, so the second epoch was no better"
    assert Finetuning(settings).run().epoch == 2


def test_too_few_steps_to_change_anything_are_refused_before_they_are_taken(
    tmp_path: Path, labelled: Path, base: Path
) -> None:
    settings = _settings(tmp_path / "run", labelled, base, epochs=3, token_budget=4096)
    with pytest.raises(DataError, match="are 3 steps in all, and fewer than 4 change nothing; give more rows"):
        Finetuning(settings).run()
    assert not (tmp_path / "run").exists()
    enough = replace(settings, epochs=8, patience=8, encoder_rate=1e-3, head_rate=3e-3)
    Finetuning(enough).run()  # by the third epoch the trained weights are well ahead of the start
    assert (tmp_path / "run" / "best" / "model.safetensors").is_file()


def test_a_run_that_changed_nothing_says_so_and_leaves_no_model(tmp_path: Path, labelled: Path, base: Path) -> None:
    settings = _settings(tmp_path / "run", labelled, base, encoder_rate=0.0, head_rate=0.0)
    for _ in ("run", "taken up again"):
        with pytest.raises(DataError, match=r"run: the run changed nothing: .* Try more rows, more --epochs"):
            Finetuning(settings).run()
    assert not (tmp_path / "run" / "best").exists()


def test_a_wrong_name_is_told_before_anything_is_trained(tmp_path: Path, labelled: Path, base: Path) -> None:
    run = Finetuning(_settings(tmp_path / "run", labelled, base, judged=("sentfim",)))
    with pytest.raises(DataError, match="sentfim"):
        run.run()
    assert not (tmp_path / "run").exists()


def test_a_teacher_with_other_words_is_refused(
    tmp_path: Path, labelled: Path, base: Path, tiny: tuple[OpinionModel, Any]
) -> None:
    model, tokenizer = tiny
    smaller, vocabulary = drop_words(model, tokenizer, range(len(tokenizer) - 1))
    save_with_vocabulary(smaller, tokenizer, vocabulary, tmp_path / "cut")
    with pytest.raises(DataError, match="--teacher cut: has another vocabulary"):
        Finetuning(_settings(tmp_path / "run", labelled, base, teachers=(tmp_path / "cut",)))


def test_joined_texts_keep_the_token_budget(tmp_path: Path, labelled: Path, base: Path) -> None:
    augmentation = Augmentation(compose=1.0)
    run = Finetuning(_settings(tmp_path / "run", labelled, base, augmentation=augmentation, token_budget=120))
    for epoch in range(3):
        plan = run._plan(epoch)
        assert plan == run._plan(epoch)
        assert sorted(row for part in plan for row, _ in part) == list(range(len(run.examples)))
        for part in plan:
            batch = encode([change.learnt for _, change in part], run.tokenizer)
            assert len(part) == 1 or batch.input_ids.numel() <= 120


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
    in_dev = "Norrefax rises after strong results the company is not weak and not strong"
    (tmp_path / "more.txt").write_text(f"Norrefax rises\nCastrevo falls\n{in_dev}\n")
    changes = {"teachers": (tmp_path / "teacher",), "unlabelled": (tmp_path / "more.txt",), "sure": 0.0, "epochs": 1}
    run = Finetuning(_settings(tmp_path / "run", labelled, base, **changes))
    assert sum(example.source == "unlabelled" for example in run.examples) == 2
    run.run()


def test_teachers_hold_the_embedding_of_texts_that_were_changed(
    tmp_path: Path, labelled: Path, base: Path, tiny: tuple[OpinionModel, object]
) -> None:
    save_opinion_model(*tiny, tmp_path / "teacher")
    augmentation = Augmentation(typos=1.0, boilerplate=1.0)
    changes = {"teachers": (tmp_path / "teacher",), "untaught": ("sentfin",), "augmentation": augmentation, "epochs": 1}
    run = Finetuning(_settings(tmp_path / "run", labelled, base, anchor_teacher=True, **changes))
    assert run.anchors is None, "there is no pass of its own for them"
    read = heard = 0
    for part, learnt, taught in run._encoded(run._plan(0)):
        assert all(change.learnt.text != change.taught.text for _, change in part)
        asked = [change for _, change in part if change.learnt.source != "sentfin"]
        assert (0 if taught is None else len(taught.input_ids)) == len(asked)
        read, heard = read + len(learnt.input_ids), heard + len(asked)
    assert 0 < heard < read
    run.run()


@pytest.mark.parametrize("method", ["lora", "adalora"])
def test_low_rank_changes_are_what_the_method_computes(method: str, tmp_path: Path, labelled: Path, base: Path) -> None:
    run = Finetuning(_settings(tmp_path / "run", labelled, base, method=method, rank=4))
    before = {name: tensor.clone() for name, tensor in new_model(str(base))[0].state_dict().items()}
    run.run()
    changes = low_rank_changes(run.model)
    run.method.merge(run.model)
    merged = run.model.state_dict()
    assert changes
    assert {a.shape[0] for a, _ in changes.values()} == {4}
    for name, (a, b) in changes.items():
        assert torch.allclose(before[name] + b @ a, merged[name], atol=1e-5), name


def test_what_cannot_be_released_is_refused(tmp_path: Path, labelled: Path, base: Path, tiny: Any) -> None:
    save_opinion_model(*tiny, tmp_path / "mini")
    with pytest.raises(DataError, match="--freeze-layers: not with --method adalora"):
        Finetuning(_settings(tmp_path / "ada", labelled, base, method="adalora", freeze_layers=1))
    start = {"start": tmp_path / "mini", "encoder": None, "epochs": 1}
    Finetuning(_settings(tmp_path / "adapter", labelled, base, method="adapter", **start)).run()
    order = Release(tmp_path / "adapter", tmp_path / "out", labelled, SETS, SETS, 1, delta_of=tmp_path / "mini")
    with pytest.raises(DataError, match="--method adapter cannot be a difference"):
        release(order, {})
    Finetuning(_settings(tmp_path / "lora", labelled, base, method="lora", **start)).run()
    with pytest.raises(DataError, match="release them with --delta-of"):
        release(Release(tmp_path / "lora", tmp_path / "out", labelled, SETS, SETS, 1), {})
    with torch.no_grad():
        tiny[0].encoder.encoder.layer[0].output.dense.bias.add_(1)
    save_opinion_model(*tiny, tmp_path / "other")
    order = Release(tmp_path / "lora", tmp_path / "out", labelled, SETS, SETS, 1, delta_of=tmp_path / "other")
    with pytest.raises(DataError, match="did not start from the encoder of this other"):
        release(order, {})
    assert not (tmp_path / "out").exists()


def test_release_as_a_whole_and_as_a_difference(tmp_path: Path, labelled: Path, base: Path) -> None:
    run = Finetuning(_settings(tmp_path / "run", labelled, base, epochs=1))
    run.run()
    whole = Release(tmp_path / "run", tmp_path / "mini", labelled, SETS, SETS, 1)
    metrics = release(whole, run.overlaps)
    card = model_card(metrics)
    assert ModelCard(card).text.lstrip().startswith("# mini\n")
    assert ModelCard(card).data.language == "en"
    assert "| sentfin | yes | all |" in card
    assert "For research only" not in card
    told = model_card({**metrics, "stages": [{**metrics["stages"][0], "unlabelled": 1}]})
    assert "- Unlabelled texts" in told
    assert "For research only" in told
    weights = load_opinion_model(tmp_path / "mini")[0].state_dict()
    with pytest.raises(DataError, match="is what --run names"):
        release(Release(tmp_path / "mini", tmp_path / "mini", labelled, SETS, SETS, 1), {})
    anew = Release(tmp_path / "mini", tmp_path / "anew", labelled, SETS, SETS, 1, offsets=False)
    again = release(anew, run.overlaps)
    assert (again["stages"], again["offsets"]) == (metrics["stages"], False)
    kept = load_opinion_model(tmp_path / "anew")[0].state_dict()
    assert all(torch.equal(weights[name], kept[name]) for name in weights)
    lora = Finetuning(_settings(tmp_path / "lora", labelled, base, start=tmp_path / "mini", method="lora", epochs=1))
    lora.run()
    lora.mean.swap(lora.model)
    order = Release(tmp_path / "lora", tmp_path / "research", labelled, SETS, SETS, 1, delta_of=tmp_path / "mini")
    again, tokenizer = load_opinion_model(tmp_path / "mini")
    with torch.no_grad():
        again.company_head.outer.bias.add_(1)  # another calibration: the difference fits the encoder all the same
    save_opinion_model(again, tokenizer, tmp_path / "calibrated")
    release(replace(order, out=tmp_path / "other", delta_of=tmp_path / "calibrated"), {})
    release(replace(order, offsets=False), {})  # which would move the heads' biases
    shipped, _ = load_opinion_model(tmp_path / "research")
    lora.method.merge(lora.model)
    for name, tensor in lora.model.state_dict().items():
        assert torch.allclose(tensor, shipped.state_dict()[name], atol=2e-3), name


def _feedback(folder: Path, **splits: list[tuple[str, str, str]]) -> Path:
    """As `bellwether feedback export` writes it: text, entity, label of each row, by split."""
    for name in ("feedback_companies", "feedback_texts", "feedback_events"):
        for split in ("train", "dev", "held"):
            rows = splits.get(split, []) if name == "feedback_companies" else []
            (folder / name).mkdir(parents=True, exist_ok=True)
            lines = ["text,entity,label,second", *(f"{text},{entity},{label}," for text, entity, label in rows)]
            (folder / name / f"{split}.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_feedback_is_learnt_from_and_what_is_held_back_is_not(tmp_path: Path, labelled: Path, base: Path) -> None:
    taught = [(f"norrefax {word} after results", "norrefax", "positive") for word in ("rises", "falls")]
    held = [("norrefax is flat and the board meets c", "norrefax", "neutral")]
    dev = [("pelgrane is weak", "pelgrane", "negative")]
    folder = _feedback(tmp_path / "feedback", train=[*taught, *held], dev=dev, held=held)
    without = Finetuning(_settings(tmp_path / "without", labelled, base))
    run = Finetuning(_settings(tmp_path / "run", labelled, base, feedback=folder))
    mine = [example for example in run.examples if example.source == "feedback_companies"]
    assert {example.text for example in mine} == {text for text, _, _ in taught}
    assert len(run.examples) == len(without.examples) + len(taught)
    run.run()
    assert "feedback_companies/accuracy" in run.progress.history[0]
    assert (tmp_path / "run" / "best" / "model.safetensors").is_file()


def test_feedback_alone_is_enough_where_there_are_no_sets(tmp_path: Path, labelled: Path, base: Path) -> None:
    del labelled
    words = [f"{word} {letter}" for word in ("rises", "falls") for letter in "abcdefgh"]
    taught = [(f"castrevo {each}", "castrevo", "positive") for each in words]
    dev = [("pelgrane is weak", "pelgrane", "negative")]
    folder = _feedback(tmp_path / "feedback", train=taught, dev=dev)
    changes = {"sets": (), "feedback": folder, "token_budget": 24}
    settings = _settings(tmp_path / "run", tmp_path / "nosuch", base, **changes)
    assert len(Finetuning(settings).run().history) == 2
    with pytest.raises(DataError, match="nothing to learn from"):
        Finetuning(replace(settings, feedback=_feedback(tmp_path / "empty", dev=dev)))
    with pytest.raises(DataError, match="nothing to choose an epoch by"):
        Finetuning(replace(settings, feedback=_feedback(tmp_path / "nodev", train=taught))).run()
