"""The 20 classes of former versions: what a record or an old model that says one of them is taken to say now.

A record keeps the name that it was written with; readers map it, and mapping twice changes nothing. Which class stands
for a former one was measured: the class that English headlines with that answer have oftenest, unless it claims what
the former class could not know (a direction). What Chinese texts taught under a name may differ from the English.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from shared.event_classes.classes import BY_NAME, EVENT_GROUPS

# in the order of their models' event logits
FORMER_EVENT_CLASSES: Final = (
    "analyst_rating",
    "company_news",
    "currencies",
    "dividend",
    "earnings",
    "energy",
    "central_banks",
    "financing",
    "general_news",
    "metals_materials",
    "ipo",
    "legal_regulation",
    "mergers_investments",
    "macro_economy",
    "markets",
    "personnel_change",
    "politics",
    "stock_commentary",
    "stock_movement",
    "bonds",
)
_NOW: Final[Mapping[str, str]] = {
    "analyst_rating": "rating_other",
    "company_news": "other_news",
    "earnings": "earnings_schedule",  # calls and dates in half of the texts; results were called financing
    "energy": "commodities",
    "central_banks": "central_bank",
    "financing": "earnings_report",
    "general_news": "commentary",
    "metals_materials": "commodities",
    "legal_regulation": "lawsuit",
    "mergers_investments": "acquisition",
    "macro_economy": "economic_data",
    "markets": "market_summary",
    "personnel_change": "executive_change",
    "stock_commentary": "commentary",
    "stock_movement": "trading_activity",  # rises and falls alike: the class had no direction
}
_NOW_IN: Final[Mapping[str, Mapping[str, str]]] = {
    "zh": {
        "earnings": "earnings_report",  # learnt from falling results
        "financing": "debt",  # learnt from trouble to pay
        "legal_regulation": "investigation",  # learnt from offences and fraud
    },
}
# what somebody who asked for a former class may have meant: more than the one class that its records are shown under
_MEANT: Final[Mapping[str, tuple[str, ...]]] = {
    "analyst_rating": EVENT_GROUPS["analyst"],
    "earnings": EVENT_GROUPS["earnings"],
    "company_news": (*EVENT_GROUPS["business"], "partnership", "other_news"),
    "financing": (*(name for name in EVENT_GROUPS["earnings"] if name != "earnings_schedule"), "debt"),
    "general_news": EVENT_GROUPS["other"],
    "legal_regulation": EVENT_GROUPS["legal"],
    "mergers_investments": EVENT_GROUPS["deals"],
    "stock_commentary": ("technical_view", "commentary"),
    "stock_movement": ("price_up", "price_down", "trading_activity"),
}

_HAN: Final = re.compile(r"[\u3400-\u9fff]")


def is_former(name: str) -> bool:
    """Whether only former versions have this class; `dividend` and four others kept their names."""
    return name in _NOW


def class_of_former(name: str, language: str = "") -> str:
    """The class that a record which says `name` is shown under. Classes of now, and a model's own, are themselves.

    `language` (BCP 47) is that of the text, or of what its model learnt, where it is known.
    """
    if name in BY_NAME:
        return name
    return _NOW_IN.get(language.partition("-")[0], {}).get(name) or _NOW.get(name, name)


def class_of_text(name: str, *texts: str) -> str:
    """The same where the record has no language: a Chinese character in the texts tells it."""
    return class_of_former(name, "zh" if is_former(name) and any(map(_HAN.search, texts)) else "")


def classes_meant(name: str) -> tuple[str, ...]:
    """The classes that a rule or a list which names a former class goes on with."""
    return _MEANT.get(name) or (class_of_former(name),)
