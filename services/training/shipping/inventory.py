"""Which models are on this machine, and what is known about them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from services.model.folders import find_model, megabytes_of, shipped_models
from services.training.errors import DataError


def inventory() -> list[dict[str, Any]]:
    """One entry per folder under models/: name, kind, megabytes, and accuracy by dev set where it was measured."""
    return [_entry(path.parent) for path in sorted(shipped_models().glob("*/config.json"))]


def read_card(name: str) -> str:
    """The text of a model's card, without its head. Raises DataError where there is none, ModelError for no model."""
    card = find_model(name) / "README.md"
    if not card.is_file():
        raise DataError(f"model {name!r}: has no card (README.md)")
    from huggingface_hub import ModelCard

    return str(ModelCard(card.read_text(encoding="utf-8"), ignore_metadata_errors=True).text).lstrip()


def _entry(folder: Path) -> dict[str, Any]:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    metrics_file = folder / "metrics.json"
    metrics = json.loads(metrics_file.read_text(encoding="utf-8")) if metrics_file.is_file() else {}
    kind = config.get("model_type", "unknown")
    return {
        "name": folder.name,
        "kind": f"difference to {config['delta_of']}" if config.get("delta_of") else kind,
        "megabytes": megabytes_of(folder),
        "accuracy": {name: item["all"]["accuracy"]["value"] for name, item in metrics.get("sets", {}).items()},
    }
