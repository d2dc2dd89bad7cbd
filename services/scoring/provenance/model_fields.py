"""What a run remembers of its model: its id and precision, and the ids of the models that read single languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from services.model.interface import Engine
from services.runtime.binding import MODEL_ID, PACKS, PRECISION
from shared.settings import ModelSettings


def model_fields(engine: Engine) -> dict[str, str]:
    """Fields of the run's hash. A run in which one of them differs would mix two models' answers."""
    packs = ",".join(f"{language}={model_id}" for language, model_id in sorted(engine.packs.items()))
    return {MODEL_ID: engine.model_id, PRECISION: engine.precision, PACKS: packs}


def in_precision_of(model: ModelSettings, bound: Mapping[str, str]) -> ModelSettings:
    """The settings with the precision that the run is bound to, where they leave it to the machine."""
    precision = bound.get(PRECISION, "")
    precisions = get_args(ModelSettings.model_fields["precision"].annotation)
    if model.precision != "auto" or precision not in precisions:
        return model
    return model.model_copy(update={"precision": precision})
