"""What a run remembers of its model: its id and precision, and the ids of the models that read single languages."""

from __future__ import annotations

from services.model.interface import Engine
from services.runtime.binding import MODEL_ID, PACKS, PRECISION


def model_fields(engine: Engine) -> dict[str, str]:
    """Fields of the run's hash. A run in which one of them differs would mix two models' answers."""
    packs = ",".join(f"{language}={model_id}" for language, model_id in sorted(engine.packs.items()))
    return {MODEL_ID: engine.model_id, PRECISION: engine.precision, PACKS: packs}
