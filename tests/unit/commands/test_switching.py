"""What is left to do behind a switch."""

from __future__ import annotations

from pathlib import Path

import yaml

from services.commands.operations.switching import next_step
from shared.settings import Settings, load_settings


def told(state: Path, name: str) -> Settings:
    settings = load_settings(state)
    return settings.model_copy(update={"model": settings.model.model_copy(update={"name": name})})


def test_workers_that_are_told_the_new_model_go_on(tmp_path: Path) -> None:
    assert next_step(told(tmp_path, "stub"), told(tmp_path, "stub")) == "now run: bellwether resume"


def test_others_are_to_be_told_by_a_line_that_settings_read(tmp_path: Path) -> None:
    folder = tmp_path / "my 'own', a: model"
    folder.mkdir()
    said = next_step(told(tmp_path, "stub"), told(tmp_path, str(folder)))
    assert "still told model.name stub" in said and said.endswith("bellwether resume")
    line = next(each.strip() for each in said.splitlines() if each.startswith("    "))
    (tmp_path / "bellwether.yaml").write_text(line + "\n")
    assert yaml.safe_load(line) and load_settings(tmp_path).model.name == str(folder)
