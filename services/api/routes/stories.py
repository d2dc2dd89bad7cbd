"""What is being told: stories of a stretch of time, and one of them whole."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from services.api.door import Door, door_of
from services.api.past import past_instant
from services.api.wire.answers import About, answer, one, opened, sealed
from services.api.wire.parameters import (
    WITH_FORMAT,
    AsOf,
    CompanyFilter,
    Cursor,
    End,
    EventFilter,
    Start,
    event_of,
    instant,
)
from services.api.wire.problems import Problem
from services.api.wire.schemas import StoryAnswer, StoryPage, answers
from shared.clock import to_iso
from shared.reading.stories.detail import whole_story
from shared.reading.stories.listing import Place, Question, told_stories
from shared.reading.stories.rows import told_row, whole_row

router = APIRouter(tags=["stories"], dependencies=WITH_FORMAT)


class Order(StrEnum):
    told = "told"
    newest = "newest"


@router.get("/v1/stories", responses=answers(StoryPage))
def stories(
    request: Request,
    company: CompanyFilter = None,
    event: EventFilter = None,
    start: Start = None,
    end: End = None,
    by: Annotated[Order, Query(description="told: by most documents first.")] = Order.told,
    as_of: AsOf = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
    cursor: Cursor = None,
) -> Response:
    """The stories that are told in a stretch of time; without one, in the seven days up to the newest opinion."""
    door = door_of(request)
    known = _known(door, as_of)
    question = Question(
        company=door.company(company) if company else "",
        event=event_of(event),
        begin=instant(start, "from") if start is not None else None,
        end=instant(end, "to") if end is not None else None,
        known_before=known,
        by=by.value,
        limit=limit,
        after=_place(cursor, request) if cursor is not None else None,
    )
    if question.begin is not None and question.end is not None and question.begin >= question.end:
        raise Problem(422, "from is not before to", "leave one of them out, or exchange them")
    told = told_stories(door.archive, question)
    following = sealed(list(told.told[-1].place), request) if told.more else None
    return answer(request, [told_row(each) for each in told.told], _about(door, known), following)


@router.get("/v1/stories/{key}", responses=answers(StoryAnswer))
def story(
    request: Request,
    key: Annotated[str, Path(max_length=256, description="As /v1/stories, documents and opinions name it.")],
    end: End = None,
    as_of: AsOf = None,
) -> Response:
    """One story: its documents and which are copies, how its lean moved, what it did to companies, what followed."""
    door = door_of(request)
    known = _known(door, as_of)
    whole = whole_story(door.archive, key, instant(end, "to") if end is not None else None, known)
    if whole is None:
        raise Problem(404, "no story is told under this key", "GET /v1/stories lists them")
    return one(request, whole_row(whole), _about(door, known))


def _known(door: Door, as_of: str | None) -> int | None:
    return None if as_of is None else past_instant(as_of, door.clock.now())


def _about(door: Door, known: int | None) -> About:
    now = door.about(door.run())
    return now if known is None else About(to_iso(known), now.model, now.universe)


def _place(cursor: str, request: Request) -> Place:
    place = opened(cursor, request)
    if not (len(place) == 3 and type(place[0]) is int and type(place[1]) is int and isinstance(place[2], str)):
        raise Problem(400, "this cursor is not one of this question", "begin again without a cursor")
    return Place(*place)
