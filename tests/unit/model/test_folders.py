from __future__ import annotations

import json
from pathlib import Path

import pytest

import services
from services.model.folders import CLASSIFIER, OPINION, ModelError, find_model, kind_of, shipped_models


def model(folder: Path, **config: object) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "model.safetensors").write_bytes(b"")
    return folder


def test_a_name_is_found_in_a_checkout_and_in_an_installed_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "services"
    monkeypatch.setattr(services, "__file__", str(package / "__init__.py"))
    installed = model(package / "shipped_models" / "some-mini", model_type="bellwether_opinion")
    assert find_model("some-mini") == installed
    checkout = model(tmp_path / "models" / "some-mini", model_type="bellwether_opinion")
    assert shipped_models() == tmp_path / "models"
    assert find_model("some-mini") == checkout
    assert find_model(str(installed)) == installed
    with pytest.raises(ModelError, match="some-mini"):
        find_model("other")


def test_the_kind_is_read_from_the_configuration(tmp_path: Path) -> None:
    assert kind_of(model(tmp_path / "a", model_type="bellwether_opinion")) == OPINION
    named = {"model_type": "roberta", "architectures": ["RobertaForSequenceClassification"]}
    assert kind_of(model(tmp_path / "b", **named)) == CLASSIFIER
    with pytest.raises(ModelError, match="a t5"):
        kind_of(model(tmp_path / "c", model_type="t5", architectures=["T5ForConditionalGeneration"]))
    (tmp_path / "a" / "config.json").write_text("{")
    with pytest.raises(ModelError, match="not a JSON object"):
        kind_of(tmp_path / "a")


def test_a_folder_without_configuration_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"holds no config\.json"):
        find_model(str(tmp_path))
