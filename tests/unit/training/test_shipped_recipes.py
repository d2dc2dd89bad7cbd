"""The recipes of the shipped models: each is one that its command takes, and says what the model records of itself."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer

from services.commands.training.options import cap_of, names_of
from services.commands.training.train import train_app
from services.training.learning.settings import FinetuneSettings
from services.training.shipping.card_texts import LICENCES

MODELS = Path(__file__).parents[3] / "models"
RECIPES = sorted((MODELS / "recipes").glob("*/*.yaml"))
README = (MODELS / "recipes" / "README.md").read_text()
LEARNT_BY = {
    "bellwether-mini": "09-finetune-found.yaml",
    "bellwether-mini-research": "5-finetune-found.yaml",
    "bellwether-zh": "1-finetune.yaml",
}
RELEASED_BY = {
    "bellwether-mini": "10-release.yaml",
    "bellwether-mini-research": "6-release.yaml",
    "bellwether-zh": "3-release-calibrated.yaml",
}


def parsed(recipe: Path) -> dict[str, Any]:
    """What the command would be called with: its options after their types and ranges."""
    command: Any = typer.main.get_command(train_app)
    name = recipe.stem.split("-")[1]
    options: dict[str, Any] = command.commands[name].make_context(name, ["--recipe", str(recipe)]).params
    return options


def test_there_is_a_recipe_for_every_shipped_model() -> None:
    shipped = {path.parent.name for path in MODELS.glob("*/config.json")}
    assert {recipe.parent.name for recipe in RECIPES} == shipped == LEARNT_BY.keys() == RELEASED_BY.keys()


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_its_command_takes_it_and_its_sets_are_known(recipe: Path) -> None:
    options = parsed(recipe)
    names = {*names_of(options["sets"]), *names_of(options.get("judged") or options.get("reported") or "")}
    assert names <= LICENCES.keys()
    for cap in options.get("cap") or ():
        assert cap_of(cap)[0] in {*names, "unlabelled"}


@pytest.mark.parametrize("model", LEARNT_BY)
def test_what_a_step_starts_from_was_made_before(model: str) -> None:
    made = {
        *re.findall(r"--out (runs/\S+)", README),
        "runs/unlabelled.jsonl.gz",
        "runs/released-student",
        "bellwether-mini",
    }
    for recipe in (path for path in RECIPES if path.parent.name == model):
        options = parsed(recipe)
        keys = ("encoder", "anchor_encoder", "start", "run", "delta_of", "embedding_of", "compared_with")
        needed = [
            *(options.get(key) for key in keys),
            *(options.get("teacher") or ()),
            *(options.get("unlabelled") or ()),
        ]
        assert [str(name) for name in needed if name and str(name).removesuffix("/best") not in made] == []
        made.add(str(options["out"]))
    assert f"models/{model}" in made


@pytest.mark.parametrize("model", LEARNT_BY)
def test_the_last_training_that_a_model_records_is_its_recipe(model: str) -> None:
    options = parsed(MODELS / "recipes" / model / LEARNT_BY[model])
    stages = json.loads((MODELS / model / "stages.json").read_text())
    recorded = [stage for stage in stages if stage["sets"]][-1]  # a mean of weights learns from no set
    said = {key: getattr(options.get(key), "value", options.get(key)) for key in recorded}
    said |= {
        "sets": list(names_of(options["sets"])),
        "judged": list(names_of(options["judged"] or options["sets"])),
        "caps": dict(cap_of(item) for item in options["cap"] or ()),
        "teachers": len(options["teacher"] or ()),
        "unlabelled": len(options["unlabelled"] or ()),
        "feedback": bool(options["feedback"]),
        "untaught": list(names_of(options["untaught"])) if options["untaught"] else [],
        "sure": options["sure"] if options["unlabelled"] else None,
        "distil": options["distil"] if options["teacher"] else None,
        "layer_decay": FinetuneSettings.layer_decay,
        "rename": FinetuneSettings(out=Path()).augmentation.rename,
    }
    assert {key: said[key] for key in recorded} == recorded


@pytest.mark.parametrize("model", RELEASED_BY)
def test_what_a_model_was_released_with_is_its_recipe(model: str) -> None:
    options = parsed(MODELS / "recipes" / model / RELEASED_BY[model])
    metrics = json.loads((MODELS / model / "metrics.json").read_text())
    assert options["out"] == Path("models") / model
    assert {key: options[key] for key in ("bits", "seed", "offsets", "delta_of")} == {
        key: metrics[key] for key in ("bits", "seed", "offsets", "delta_of")
    }
    assert list(names_of(options["sets"])) == metrics["learnt"]
    assert list(names_of(options["reported"])) == list(metrics["sets"])
    assert options["base"] == metrics["encoder"]
