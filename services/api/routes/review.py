"""What people should look at, what they say of it, and what that comes to (docs/review.md)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.api.door import Door, caller_of, door_of
from services.api.wire.answers import answer, one, page
from services.api.wire.parameters import WITH_FORMAT, CompanyFilter, Cursor, Limit
from services.api.wire.problems import Problem
from services.api.wire.review_schemas import QuestionPage, ResolutionAnswer, ResolutionPage
from services.api.wire.schemas import answers
from shared.contract.events import MARKET
from shared.contract.feedback.label import Asked
from shared.contract.feedback.resolution import resolve
from shared.reading.review.answering import BadAnswer, NotAsked, Reviewer, label_of, question_about
from shared.reading.review.queue import Seen
from shared.reading.review.shown import resolution_row, review, rows

router = APIRouter(tags=["review"], dependencies=WITH_FORMAT)


class AspectChoice(StrEnum):
    """What of a document is asked about."""

    sentiment = "sentiment"
    event = "event"
    link = "link"


AspectFilter = Annotated[AspectChoice | None, Query(description="Only questions of this kind.")]


class Given(BaseModel):
    """One answer to one question."""

    model_config = ConfigDict(extra="forbid")

    document_id: str = Field(min_length=1, max_length=256)
    aspect: AspectChoice
    company: str | None = Field(default=None, max_length=256, description="Whose sentiment or link; not of an event.")
    answer: str = Field(
        min_length=1,
        max_length=256,
        description="right, unsure, or what is right instead: negative, neutral, positive; an event class; "
        "the company that is meant (id, ticker or name) or none.",
    )


@router.get("/v1/review", responses=answers(QuestionPage))
def queued(
    request: Request,
    aspect: AspectFilter = None,
    company: CompanyFilter = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
) -> Response:
    """The questions whose answers would help most, best first: those that the caller has not answered. Questions of one
    document stand together."""
    door = door_of(request)
    seen = Seen(door.labels.resolutions(), caller_of(request).name)
    wanted = door.company(company) if company else ""
    found = review(door.archive, seen, limit, aspect.value if aspect else None, wanted)
    return answer(request, list(rows(found)), door.about(door.run()), None)


@router.get("/v1/feedback", responses=answers(ResolutionPage))
def resolved(request: Request, aspect: AspectFilter = None, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """What people said so far, by question: `answer` stands where one said it, two agree, or a third decided."""
    door = door_of(request)
    found = [
        resolution_row(each)
        for asked, each in door.labels.resolutions().items()
        if aspect is None or asked.aspect == aspect
    ]
    return page(request, found, _place, limit, cursor, door.about(door.run()))


def _company(door: Door, body: Given) -> str:
    """Raises Problem."""
    if body.aspect == "event":
        return ""
    return MARKET if body.company in (None, MARKET) else door.company(body.company)


def _place(row: dict[str, str | None]) -> tuple[str, ...]:
    return (row["document_id"] or "", row["aspect"] or "", row["company"] or "")


@router.post("/v1/feedback", responses=answers(ResolutionAnswer, tables=False))
def given(request: Request, body: Given) -> Response:
    """Answer a question. It changes no count: labels go to the topic `feedback`, and into the audit log."""
    door, caller = door_of(request), caller_of(request)
    asked = Asked(body.document_id, body.aspect.value, _company(door, body))
    reviewer = Reviewer(caller.name, "api", door.settings.run)
    try:
        label = label_of(question_about(door.archive, asked), body.answer, reviewer, door.catalogue, door.clock.now())
    except NotAsked as error:
        raise Problem(404, str(error), "GET /v1/review lists what can be answered") from None
    except BadAnswer as error:
        raise Problem(422, str(error), "right and unsure are always taken") from None
    entry = door.audit.entry(
        caller.name,
        "api",
        "POST /v1/feedback",
        "done",
        role=caller.role,
        target=f"{asked.document_id} {asked.aspect} {asked.company}".strip(),
        address=caller.address,
        detail=f"{label.said} -> {label.answer or 'unsure'}",
    )
    door.labels.add(label, entry)
    of_question = [each for each in door.labels.all() if each.asked == asked]
    return one(request, resolution_row(resolve(asked, of_question)), door.about(door.run()))
