"""What rules make of an answer: the opinions that the worker would send of it, through the worker's rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from services.model.interface import Answer
from services.scoring.linking.linker import Link
from services.scoring.opinions import opinions_of
from services.scoring.rules.speaking import Speakers
from shared.contract.events import MICRO, Channel, Document, Opinion, Origin

_NOWHERE: Final = Origin("", 0, 0)


def document_of(text: str, title: str, channel: Channel, source: str, language: str) -> Document:
    """What rules see of a text; they see no times."""
    return Document(
        id="", channel=channel, source=source, text=text, title=title, language=language or "und",
        published_at=0, received_at=0, available_at=0,
    )  # fmt: skip


def rule(
    said: dict[str, Any], document: Document, links: Sequence[Link], answer: Answer, rules: Speakers
) -> dict[str, Any]:
    """`said` under `rules`: of each company, and of the document as an opinion on nobody, what the opinion would hold.

    `rules` are the names of those that spoke, `flags` what they call it, `dropped` whether it counts nowhere,
    `weight_left` (0 to 1) what they left of its weight; `rules_digest` names all that were asked.
    """
    alone = msgspec.structs.replace(answer, companies=(), roles=())
    made = opinions_of(document, _NOWHERE, links, answer, "") if links else []
    *companies, whole = rules.applied(document, [*made, *opinions_of(document, _NOWHERE, (), alone, "")])
    changed = said | _said(whole, answer) | _ruled(whole)
    if whole.second_event != answer.second_event:
        changed = {name: value for name, value in changed.items() if name not in ("second_event", "second_probability")}
    rows = [
        row | (_chances(mine) if mine.spoke else {}) | _own(mine, whole) | _ruled(mine)
        for row, mine in zip(said["companies"], companies, strict=True)
    ]
    return changed | {"companies": rows, "rules_digest": rules.digest}


def _said(opinion: Opinion, answer: Answer) -> dict[str, Any]:
    """Of a document of which rules spoke: what they may have set."""
    if not opinion.spoke:
        return {}
    told: dict[str, Any] = {"document": _chances(opinion)}
    if opinion.event:
        told |= {"event": opinion.event, "event_probability": opinion.event_probability / MICRO}
    return told | ({"rumour": opinion.rumour} if opinion.rumour or answer.rumour is not None else {})


def _own(opinion: Opinion, document: Opinion) -> dict[str, Any]:
    """Of a company of which rules told another event than of the document."""
    if (opinion.event, opinion.rumour) == (document.event, document.rumour):
        return {}
    return {"event": opinion.event, "rumour": opinion.rumour}


def _ruled(opinion: Opinion) -> dict[str, Any]:
    return {
        "rules": list(opinion.spoke),
        "flags": list(opinion.flags),
        "dropped": opinion.dropped,
        "weight_left": opinion.weight_left / MICRO,
    }


def _chances(opinion: Opinion) -> dict[str, float]:
    return {name: getattr(opinion, name) / MICRO for name in ("negative", "neutral", "positive")}
