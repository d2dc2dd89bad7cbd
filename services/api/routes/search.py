"""Everything that was archived, by words or by meaning."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from services.api.door import Door, door_of
from services.api.past import past_instant
from services.api.wire.answers import About, answer, opened, sealed
from services.api.wire.parameters import (
    WITH_FORMAT,
    AsOf,
    ChannelChoice,
    Chosen,
    CompanyFilter,
    Cursor,
    End,
    EventFilter,
    Start,
    event_of,
    instant,
)
from services.api.wire.problems import Problem, unavailable
from services.api.wire.rows import found_row
from services.api.wire.schemas import FoundPage, answers
from shared.clock import to_iso
from shared.reading.archive.search import Answer, Label, Question, search
from shared.reading.archive.tables import NoArchive

router = APIRouter(tags=["search"], dependencies=WITH_FORMAT)


class By(StrEnum):
    words = "words"
    meaning = "meaning"
    both = "both"


class SentimentChoice(StrEnum):
    positive = "positive"
    neutral = "neutral"
    negative = "negative"


@router.get("/v1/search", responses=answers(FoundPage))
def found(
    request: Request,
    q: Annotated[str, Query(min_length=1, max_length=1000, description="Words, or a sentence whose meaning is meant.")],
    by: Annotated[By, Query(description="meaning: by the model's embeddings.")] = By.words,
    company: CompanyFilter = None,
    event: EventFilter = None,
    sentiment: Annotated[SentimentChoice | None, Query(description="Only with such an opinion.")] = None,
    start: Start = None,
    end: End = None,
    channel: Chosen = ChannelChoice.all,
    as_of: AsOf = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
    cursor: Cursor = None,
) -> Response:
    """Search the archive: filters are exact, the best first, equal scores by id. `as_of`: only what was known then."""
    door = door_of(request)
    at = None if as_of is None else past_instant(as_of, door.clock.now())
    after = opened(cursor, request) if cursor is not None else None
    if after is not None and not (len(after) == 2 and type(after[0]) is int and isinstance(after[1], str)):
        raise Problem(400, "this cursor is not one of this question", "begin again without a cursor")
    label: Label | Any = sentiment.value if sentiment else ""
    question = Question(
        text=q,
        meaning=door.scorer.meaning(q) if by != "words" else None,
        by=by.value,
        company=door.company(company) if company else "",
        event=event_of(event),
        sentiment=label,
        channel="" if channel == "all" else channel.channels[0],
        begin=instant(start, "from") if start is not None else None,
        end=instant(end, "to") if end is not None else None,
        known_before=at,
        limit=limit,
        after=(after[0], after[1]) if after else None,
    )
    told = searched(door, question)
    now = door.about(door.run())
    about = now if at is None else About(to_iso(at), now.model, now.universe)
    last = told.found[-1] if told.found else None
    following = sealed([last.score, last.document.id], request) if told.more and last is not None else None
    return answer(request, [found_row(each) for each in told.found], about, following)


def searched(door: Door, question: Question) -> Answer:
    """Raises Problem."""
    try:
        return search(door.archive, question)
    except NoArchive as error:
        raise unavailable(str(error), "search needs the archive; see: bellwether archive status") from None
    except ValueError as error:
        raise Problem(422, str(error), "search by words, or name a filter") from None
