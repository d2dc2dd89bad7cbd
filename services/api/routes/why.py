"""Why a company's sentiment moved: events, stories and documents by what each added to the change."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.api.door import door_of
from services.api.wire.answers import one
from services.api.wire.parameters import WITH_FORMAT, AsOf, ChannelChoice, Chosen, End, Start, instant
from services.api.wire.problems import Problem
from services.api.wire.schemas import WhyAnswer, answers
from shared.clock import DAY_SECONDS, SECOND
from shared.reading.unfolding.company import MOST_SECONDS, moved, newest_stretch
from shared.reading.unfolding.plain import SHOWN, plain

router = APIRouter(tags=["companies"], dependencies=WITH_FORMAT)


@router.get("/v1/companies/{id}/why", responses=answers(WhyAnswer))
def why(
    request: Request,
    id: str,
    start: Start = None,
    end: End = None,
    channel: Chosen = ChannelChoice.all,
    as_of: AsOf = None,
    shown: Annotated[int, Query(ge=1, le=1000, description="Stories of an event and documents of a story.")] = SHOWN,
) -> Response:
    """The stretch (outwards to whole hours; left out: the last day) against the equally long one before it. The
    contributions of events and of `others` add up to `change` exactly; what was there before and weighs less now is
    `faded`."""
    door = door_of(request)
    company = door.company(id)
    asked = door.asked(as_of, company)
    first, last = newest_stretch(asked.run, asked.wall)
    if start is not None or end is not None:
        last = last if end is None else -(-instant(end, "to") // SECOND)
        first = last - DAY_SECONDS if start is None else max(instant(start, "from") // SECOND, 0)
    if first >= last:
        raise Problem(422, "from is not before to", "leave one of them out, or exchange them")
    if last - first > MOST_SECONDS:
        raise Problem(422, f"a stretch of more than {MOST_SECONDS // DAY_SECONDS} days", "narrow from and to")
    then = asked.past.records(company) if asked.past else ""
    found = moved(asked.run, door.archive, company, channel.channels, first, last, then)
    known = door.catalogue.by_id.get(company)
    return one(request, plain(found, known.name if known else company, shown), asked.about)
