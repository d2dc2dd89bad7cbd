"""What a fine-tuning run is made of: frozen, every field explained where it stands."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from services.training.data.augmentation import Augmentation
from services.training.data.datasets import DEFAULT_LABELLED, MINI_SETS
from services.training.learning.objective import Objective


@dataclass(frozen=True)
class FinetuneSettings:
    """One training run. Rates are learning rates; ``token_budget`` is padded tokens per step."""

    out: Path  # folder of the run: state.pt, history.json, best/
    labelled: Path = DEFAULT_LABELLED
    sets: tuple[str, ...] = MINI_SETS
    judged: tuple[str, ...] | None = None  # dev sets that choose the checkpoint; None: those of ``sets``
    per_set: int | None = None  # at most so many rows of a set in an epoch (multi-task sampling); None: all
    caps: tuple[tuple[str, int], ...] = ()  # the same for single sets, before ``per_set``
    encoder: str | None = None  # folder or hub name of the encoder to start from; None: the base encoder
    anchor_encoder: str | None = None  # whose embeddings the objective's anchor holds to; None: the start's own
    anchor_teacher: bool = False  # they hold to the teachers', of the text before it was changed; no pass of its own
    start: Path | None = None  # an opinion model to go on from, heads included
    method: str = "full"  # a key of methods.METHODS
    rank: int = 16  # of lora's changes, and of adalora's at its start (half of it on average at its end)
    freeze_layers: int = (
        0  # the lowest layers of the encoder that do not learn: a third of them frees a fifth of a step
    )
    feedback: Path | None = None  # a folder of `bellwether feedback export`: learnt from, and judged by
    epochs: int = 5
    seed: int = 20261124
    token_budget: int = 2048
    encoder_rate: float = 2e-4
    head_rate: float = 6e-4
    layer_decay: float = 0.85
    weight_decay: float = 0.02
    warm_up: float = 0.08
    mean_decay: float = 0.995
    patience: int = 3  # epochs without a better dev result before the run stops
    class_weights: bool = False  # rare classes count more: (n / classes / n_class) ** 0.5
    teachers: tuple[Path, ...] = ()  # opinion models whose mean answers are learnt too
    untaught: tuple[str, ...] = ()  # sets of which the teachers say nothing: labels that a teacher reads wrong
    unlabelled: tuple[Path, ...] = ()  # texts that the first teacher, else ``start``, labels where it is sure
    sure: float = 0.95  # probability from which a pseudo-label is taken
    report_to: str = "tensorboard"  # or wandb, or none
    device: str = "auto"  # or cpu, or cuda
    objective: Objective = field(default_factory=Objective)
    augmentation: Augmentation = field(default_factory=Augmentation)

    def fixed(self) -> dict[str, str]:
        """What a run that is resumed may not change, as text."""
        free = ("out", "report_to", "device")
        return {item.name: repr(getattr(self, item.name)) for item in fields(self) if item.name not in free}


STAGES = "stages.json"


def recorded_stages(model: Path) -> list[dict[str, Any]]:
    """The stages of a model's folder, else of the run whose best it is; none where none are recorded."""
    for path in (model / STAGES, model.parent / STAGES):
        if path.is_file():
            found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
            return found
    return []


def stages_of(settings: FinetuneSettings) -> list[dict[str, Any]]:
    """What was trained, oldest first: the stages of the model that the run starts from, then this run's own.

    Without paths, so that it can stand in a model card.
    """
    earlier = recorded_stages(settings.start) if settings.start is not None else []
    names = (
        "method",
        "rank",
        "epochs",
        "seed",
        "token_budget",
        "encoder_rate",
        "head_rate",
        "layer_decay",
        "per_set",
        "freeze_layers",
    )
    own = {name: getattr(settings, name) for name in names}
    own |= {"feedback": settings.feedback is not None}
    own |= {"sets": list(settings.sets), "caps": dict(settings.caps), "anchor": settings.objective.anchor}
    own |= {
        "compose": settings.augmentation.compose,
        "rename": settings.augmentation.rename,
        "anonymise": settings.augmentation.anonymise,
        "typos": settings.augmentation.typos,
        "boilerplate": settings.augmentation.boilerplate,
        "anchor_teacher": settings.anchor_teacher,
        "distil": settings.objective.distil if settings.teachers else None,
        "teachers": len(settings.teachers),
        "untaught": list(settings.untaught),
        "unlabelled": len(settings.unlabelled),
        "sure": settings.sure if settings.unlabelled else None,
        "focal": settings.objective.focal,
        "class_weights": settings.class_weights,
        "judged": list(settings.judged or settings.sets),
    }
    return [*earlier, own]
