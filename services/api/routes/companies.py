"""Companies: finding them, their sentiment over time, the documents behind it, what is said of related ones."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query, Request, Response

from services.api.door import door_of, not_known
from services.api.past import proof_of
from services.api.wire.answers import one, page
from services.api.wire.parameters import (
    WITH_FORMAT,
    AsOf,
    ChannelChoice,
    Chosen,
    Cursor,
    End,
    Limit,
    Start,
    WindowChoice,
    between,
    instant,
)
from services.api.wire.problems import Problem
from services.api.wire.rows import document_row, instrument_row
from services.api.wire.schemas import BucketPage, DocumentPage, InstrumentAnswer, InstrumentPage, PeersAnswer, answers
from shared.clock import DAY, HOUR, SECOND, to_iso
from shared.contract.aggregates import SECONDS, Resolution
from shared.reading.measuring.sentiment import TooLong, series
from shared.reading.measuring.windows import AHEAD, clock
from shared.reading.peers.peers import peer_row, peers_of
from shared.reading.peers.relations import relations_of
from shared.reading.values.documents import EVER
from shared.universe.relations.own_relations import RelationError

router = APIRouter(tags=["companies"], dependencies=WITH_FORMAT)


class ResolutionChoice(StrEnum):
    minute = "minute"
    hour = "hour"
    day = "day"


# how far back a question without `from` reaches
_REACH: Final[dict[str, int]] = {"minute": 6 * HOUR, "hour": 7 * DAY, "day": 90 * DAY}
_MOST_FOUND: Final = 1_000


@router.get("/v1/instruments", responses=answers(InstrumentPage))
def instruments(
    request: Request,
    q: Annotated[str, Query(max_length=200, description="Start of a ticker, or words of a name; empty: all.")] = "",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Find instruments by ticker or name, best first; without `q`, all of them by id."""
    door = door_of(request)
    known = door.catalogue
    found = known.search(q, _MOST_FOUND) if q.strip() else sorted(known.instruments, key=lambda each: each.id)
    about = door.about(door.run())
    return page(
        request, list(enumerate(found)), lambda each: each[0], limit, cursor, about,
        row=lambda each: instrument_row(each[1]) | {"rank": each[0]},
    )  # fmt: skip


@router.get("/v1/instruments/{id}", responses=answers(InstrumentAnswer))
def instrument(request: Request, id: str) -> Response:
    """One instrument by its id, a ticker of today or of the past, or a name."""
    door = door_of(request)
    found = door.instrument(id)
    if found is None:
        raise not_known()
    return one(request, instrument_row(found), door.about(door.run()))


@router.get("/v1/companies/{id}/sentiment", responses=answers(BucketPage))
def sentiment(
    request: Request,
    id: str,
    resolution: ResolutionChoice = ResolutionChoice.hour,
    start: Start = None,
    end: End = None,
    channel: Chosen = ChannelChoice.all,
    as_of: AsOf = None,
    proof: Annotated[bool, Query(description="Answer with what `bellwether verify` checks instead.")] = False,
    limit: Limit = 1000,
    cursor: Cursor = None,
) -> Response:
    """The buckets of one company that hold anything, oldest first. `sentiment` is the weighted mean, -1 to 1, `low` and
    `high` its 95 % band; `authors` and `stories` are distinct (null for minutes)."""
    door = door_of(request)
    company, step = door.company(id), SECONDS[resolution.value] * SECOND
    if proof:
        at = None if as_of is None else instant(as_of, "as_of")
        found = proof_of(door.past_runs, door.settings, door.client, company, at, door.clock.now())
        return Response(msgspec.json.encode(found), media_type="application/json")
    asked = door.asked(as_of, company)
    newest = clock(asked.run.newest().values(), asked.wall) or asked.wall
    last = (newest // step + 1) * step
    first, last = between(start, end, (last - _REACH[resolution], last))
    kind: Resolution = resolution.value
    try:
        rows = series(asked.run, company, kind, channel.channels, max(first, 0) // SECOND, last // SECOND)
    except TooLong as error:
        raise Problem(422, str(error), "narrow from and to, or ask for a coarser resolution") from None
    return page(request, rows, lambda row: row["start"], limit, cursor, asked.about)


@router.get("/v1/companies/{id}/documents", responses=answers(DocumentPage))
def documents(
    request: Request,
    id: str,
    start: Start = None,
    end: End = None,
    channel: Chosen = ChannelChoice.all,
    as_of: AsOf = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Documents about one company, newest first: the latest 200, and for a range also the heaviest of each hour."""
    door = door_of(request)
    company = door.company(id)
    asked = door.asked(as_of, company)
    if start is None and end is None:
        found = asked.run.documents.between([company], *EVER)
    else:
        first, last = between(start, end, (0, asked.wall + AHEAD))
        first = max(first, last - 400 * DAY)  # older hours are not kept
        found = asked.run.documents.behind(company, max(first, 0) // SECOND, -(-last // SECOND))
        found = [each for each in found if first <= each.available_at < last]
    ordered = sorted(found, key=lambda each: (-each.available_at, each.id))
    rows = [document_row(each) for each in ordered if each.channel in channel.channels]
    places = {each.id: -each.available_at for each in ordered}
    return page(request, rows, lambda row: (places[row["id"]], row["id"]), limit, cursor, asked.about)


@router.get("/v1/companies/{id}/peers", responses=answers(PeersAnswer))
def peers(
    request: Request,
    id: str,
    window: WindowChoice = WindowChoice.h24,
    channel: Chosen = ChannelChoice.all,
    as_of: AsOf = None,
) -> Response:
    """Parents, subsidiaries, companies of one industry and size, and one's own relations, the strongest first, with
    what is said of each in the window and in the one before. `level` is the mean over all, each by its weight. As of a
    moment relations are those of now that held on that day."""
    door = door_of(request)
    company = door.company(id)
    asked = door.asked(as_of, None)
    try:
        relations = relations_of(door.settings)
    except RelationError as error:
        raise Problem(
            503, str(error), "correct the file; bellwether relations check FILE names what is wrong"
        ) from None
    found = peers_of(asked.run, relations, company, window.window, channel.channels, asked.wall)
    rows = [peer_row(each, door.catalogue.get(each.relation.other).name) for each in found.peers]
    row = {
        "company": company,
        "from": to_iso(found.span.start * SECOND),
        "to": to_iso(found.span.end * SECOND),
        "level": found.level,
        "level_before": found.before,
        "relations": relations.digest or None,
        "peers": rows,
    }
    return one(request, row, asked.about)
