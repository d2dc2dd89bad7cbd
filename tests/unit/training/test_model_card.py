"""The shipped models' cards: what the code makes of their measurements, with a head that the Hub's own reader takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard

from services.model.opinion_model import OpinionModel
from services.training.checkpoints import save_opinion_model
from services.training.shipping.around_card import write_card
from services.training.shipping.inventory import read_card
from services.training.shipping.model_card import model_card

MODELS = Path(__file__).parents[3] / "models"
GOLD = MODELS.parent / "benchmarks" / "gold" / "linking.txt"
NAMES = sorted(path.parent.name for path in MODELS.glob("*/metrics.json"))


def metrics_of(name: str) -> dict[str, Any]:
    metrics: dict[str, Any] = json.loads((MODELS / name / "metrics.json").read_text())
    return metrics


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_card_is_what_its_metrics_say(name: str) -> None:
    assert (MODELS / name / "README.md").read_text(encoding="utf-8") == model_card(metrics_of(name))


@pytest.mark.parametrize("name", NAMES)
def test_the_head_says_language_licence_and_scores(name: str) -> None:
    metrics = metrics_of(name)
    data = ModelCard(model_card(metrics)).data
    assert data.language == ("zh" if name == "bellwether-zh" else "en")
    assert data.license == ("apache-2.0" if name == "bellwether-mini" else "other")
    assert data.model_name == name
    scores = {(result.dataset_name, result.metric_type): result.metric_value for result in data.eval_results or ()}
    for dev, halves in metrics["sets"].items():
        assert scores[dev, "accuracy"] == round(halves["all"]["accuracy"]["value"], 3)


@pytest.mark.parametrize("name", NAMES)
def test_a_terminal_shows_the_card_without_its_head(name: str) -> None:
    assert read_card(name).startswith(f"# {name}\n")


def test_every_field_is_measured_again_with_its_intervals(
    tiny: tuple[OpinionModel, object], labelled: Path, tmp_path: Path
) -> None:
    model, tokenizer = tiny
    model.config.temperatures = dict.fromkeys(("document", "company", "event", "role", "rumour"), 1.0)
    save_opinion_model(model, tokenizer, tmp_path / "tiny")
    metrics = metrics_of("bellwether-mini")
    kept = metrics["fields"]["own_roles/role"]  # of a set that is not there
    (tmp_path / "tiny" / "metrics.json").write_text(json.dumps(metrics))
    found = write_card(tmp_path / "tiny", GOLD, None, labelled)
    assert found["fields"]["own_roles/role"] == kept
    for name in ("tfns_sentiment/document", "sentfin/company"):
        one = found["fields"][name]
        assert (one["n"], one["classes"]) == (9, 3)
        for measure in ("precision", "recall", "macro_f1", "accuracy"):
            low, high = one[measure]["interval"]
            assert 0 <= low <= one[measure]["value"] <= high <= 1
    card = (tmp_path / "tiny" / "README.md").read_text(encoding="utf-8")
    shown = found["fields"]["sentfin/company"]["recall"]
    assert f"{shown['value']:.3f} [{shown['interval'][0]:.3f}, {shown['interval'][1]:.3f}]" in card
    assert "| link | " in card
