"""Questions and labels as the tests of review make them."""

from __future__ import annotations

from shared.contract.events import MICRO, Opinion, Origin
from shared.contract.feedback.label import Asked, Aspect, Label
from shared.contract.readings import SCALE, Reading
from shared.reading.review.questions import Question

WIDTH = 8
ASKED = Asked("d", "sentiment", "BA")


def opinion(document: str, company: str = "BA") -> Opinion:
    return Opinion(
        origin=Origin("t", 0, 0), document_id=document, company=company, relevance=MICRO, channel="news", source="wire",
        story="0" * 16, published_at=0, available_at=0, negative=300_000, neutral=400_000, positive=300_000, model="m",
        companies=1,
    )  # fmt: skip


def question(document: str, uncertainty: int, weight: int = MICRO, aspect: Aspect = "sentiment") -> Question:
    company = "" if aspect == "event" else "BA"
    asked = Asked(document, aspect, company)
    return Question(asked, "neutral", MICRO - uncertainty, (), uncertainty, weight, opinion(document))


def reading(document: str, direction: int) -> Reading:
    """An embedding of length one along one of WIDTH directions."""
    embedding = bytes(100 if place == direction else 0 for place in range(WIDTH))
    return Reading(
        origin=Origin("t", 0, 0), document_id=document, available_at=0, model="m", embedding=embedding,
        scale=SCALE // 100,
    )  # fmt: skip


def label(reviewer: str, answer: str, at: int = 1, asked: Asked = ASKED, name: str = "") -> Label:
    return Label(
        id=name or f"{reviewer}{at}{answer}", at=at, reviewer=reviewer, via="api", run="live",
        document_id=asked.document_id, aspect=asked.aspect, company=asked.company, answer=answer,
    )  # fmt: skip
