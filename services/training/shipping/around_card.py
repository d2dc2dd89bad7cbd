"""Every field of an opinion, measured and written into a released model's card: the model's own, and what is told
around it (links, relevance, stories)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from services.training.errors import DataError
from services.training.measuring.around import measure_around
from services.training.measuring.fields import measure_fields
from services.training.shipping.model_card import model_card
from shared.languages.registry import language_of_sets


def write_card(folder: Path, gold: Path, news: Path | None, labelled: Path | None) -> dict[str, Any]:
    """Measure every field anew, and write it into `metrics.json` and the card of a released model; those of sets that
    are not in `labelled` stay as they were, and all of the model's own with None.

    Raises DataError for a folder that holds no such model.
    """
    place = folder / "metrics.json"
    try:
        metrics: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
        languages, sets = (language_of_sets(metrics["learnt"]).tag,), list(metrics["sets"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{place}: {error}; name the folder of a model that `bellwether train release` made") from None
    if labelled is not None:
        metrics["fields"] = (metrics.get("fields") or {}) | measure_fields(folder, labelled, sets)
    metrics["around"] = measure_around(gold, news if languages == ("en",) else None, languages)
    place.write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(model_card(metrics), encoding="utf-8")
    return metrics
