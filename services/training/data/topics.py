"""What a labelled set's own topics say in Bellwether's event classes, by its language's table. A label without a plain
match says nothing. Indices are into EVENTS, the classes of a new model.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from services.model.opinion_model import EVENTS
from shared.languages.registry import language_of_set

# former classes whose texts are nearly all of one class of now: what a set that names former classes still teaches
PLAIN: Final = {
    "currencies": "currencies",
    "dividend": "dividend",
    "energy": "commodities",
    "central_banks": "central_bank",
    "metals_materials": "commodities",
    "ipo": "ipo",
    "personnel_change": "executive_change",
    "politics": "politics",
}


def event_of(name: str, labels: Iterable[str]) -> int | None:
    """The event class of one text's labels in the set ``name``; None when they have none, or different ones."""
    topics = language_of_set(name).topics[name]
    events = {topics.events.get(label) for label in labels if label not in topics.silent}
    event = events.pop() if len(events) == 1 else None
    return None if event is None else EVENTS.index(event)
