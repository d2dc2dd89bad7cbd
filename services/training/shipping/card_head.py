"""The head of a model card: what the Hub, and whoever searches folders of models, reads by machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from huggingface_hub import EvalResult, ModelCardData

from shared.languages.language import Language

_FREE: Final = "apache-2.0"  # as the project that it ships with
_MEASURES: Final = {"accuracy": "accuracy", "macro_f1": "f1"}  # ours -> the Hub's


def card_head(metrics: Mapping[str, Any], language: Language, *, research: bool) -> str:
    """YAML between its two lines of dashes; scores are those over all rows of each dev file."""
    results = [
        EvalResult(
            task_type="text-classification",
            dataset_type=name,
            dataset_name=name,
            dataset_split="dev",
            metric_type=hub_name,
            metric_name=measure.replace("_", " "),
            metric_value=round(halves["all"][measure]["value"], 3),
        )
        for name, halves in metrics["sets"].items()
        for measure, hub_name in _MEASURES.items()
    ]
    data = ModelCardData(
        language=language.tag,
        pipeline_tag="text-classification",
        tags=["finance", "sentiment"],
        model_name=metrics["name"],
        eval_results=results,
        license="other" if research else _FREE,
        license_name="research-only" if research else None,
    )
    return f"---\n{data}\n---\n\n"
