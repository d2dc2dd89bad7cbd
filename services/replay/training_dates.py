"""Until when the texts reach that a model learnt from: what is older than that, it may know the end of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

OWN: Final = "training_data.json"  # {"texts_until": "2019-06-30"}: for any model that says it itself
MEASURED: Final = "metrics.json"  # written by `bellwether train release`; `learnt` names the sets

# Last day of the year of the newest texts, by set (docs/models.md); texts without a date by what they speak of. Of the
# encoder: when it was published.
UNTIL: Final = {
    "encoder": "2023-09-30",  # bge-small-en-v1.5, as published then
    "tfns_sentiment": "2022-12-31",
    "tfns_topic": "2022-12-31",
    "sentfin": "2020-12-31",
    "finentity": "2021-12-31",
    "fpb": "2011-12-31",
    "fiqa2018": "2018-12-31",
    "semeval2017_headlines": "2016-12-31",
    "semeval2017_microblogs": "2016-12-31",
    "gold_headlines": "2019-12-31",
    "stockemotions": "2020-12-31",
}


def texts_until(folder: Path) -> str:
    """An ISO date, or "" when neither the model nor its sets say one."""
    own = _read(folder / OWN).get("texts_until")
    if isinstance(own, str):
        return own
    measured = _read(folder / MEASURED)
    stages = measured.get("stages")
    if any(stage.get("unlabelled") for stage in stages or [] if isinstance(stage, dict)):
        return ""  # texts of any date: the model itself has to say it
    learnt = measured.get("learnt")
    if not isinstance(learnt, list) or any(name not in UNTIL for name in learnt):
        return ""
    return max(UNTIL[name] for name in ["encoder", *learnt])


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
