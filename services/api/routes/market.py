"""The market over a window: what moves, by company, sector and event."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.api.door import Door, door_of
from services.api.wire.answers import page
from services.api.wire.parameters import (
    WITH_FORMAT,
    ChannelChoice,
    Chosen,
    CompanyFilter,
    Cursor,
    EventFilter,
    Limit,
    Span,
    WindowChoice,
    event_of,
)
from services.api.wire.schemas import EventClassPage, EventPage, MarketPage, SectorPage, answers
from shared.event_classes.classes import BY_NAME
from shared.event_classes.selection import recorded_as
from shared.reading.measuring.market import Snapshot, company_rows, event_rows, grouped_rows, snapshot
from shared.reading.run import RunView


class EventsBy(StrEnum):
    classes = "classes"
    groups = "groups"


router = APIRouter(tags=["market"], dependencies=WITH_FORMAT)


def _snapshot(door: Door, run: RunView, window: WindowChoice, channel: ChannelChoice, only: str | None) -> Snapshot:
    company = door.company(only) if only else None
    found = snapshot(run, window.window, channel.channels, door.clock.now(), company)
    return found or Snapshot(0, window.window.nothing, {}, {})


@router.get("/v1/market", responses=answers(MarketPage))
def market(
    request: Request,
    window: Span = WindowChoice.h24,
    channel: Chosen = ChannelChoice.all,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Every company that was written about in the window, against the window before; what moved surely first."""
    door = door_of(request)
    run, known = door.run(), door.catalogue.by_id
    rows = []
    for rank, row in enumerate(company_rows(_snapshot(door, run, window, channel, None))):
        company = known.get(row["company"])
        named = {
            "ticker": company.ticker if company else row["company"],
            "name": company.name if company else row["company"],
            "sector": (company.sector or None) if company else None,
        }
        rows.append({"rank": rank, "company": row["company"]} | named | row)
    return page(request, rows, lambda row: row["rank"], limit, cursor, door.about(run))


@router.get("/v1/sectors", responses=answers(SectorPage))
def sectors(
    request: Request,
    window: Span = WindowChoice.h24,
    channel: Chosen = ChannelChoice.all,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """The same by sector, by name."""
    door = door_of(request)
    run = door.run()
    sector_of = {each.id: each.sector for each in door.catalogue.instruments if each.sector}
    rows = grouped_rows(_snapshot(door, run, window, channel, None), sector_of, "sector")
    return page(request, rows, lambda row: row["sector"], limit, cursor, door.about(run))


@router.get("/v1/events", responses=answers(EventPage))
def events(
    request: Request,
    company: CompanyFilter = None,
    event: EventFilter = None,
    by: Annotated[EventsBy, Query(description="A row a class, or a row a group of classes.")] = EventsBy.classes,
    window: Span = WindowChoice.h24,
    channel: Chosen = ChannelChoice.all,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Documents by company and class (or group) of event in the window, most first. Names of former versions count
    where they are shown now."""
    door = door_of(request)
    run, wanted = door.run(), event_of(event)
    rows = event_rows(_snapshot(door, run, window, channel, company), wanted, groups=by == EventsBy.groups)
    return page(
        request, rows, lambda row: (-row["documents"], row["company"], row["event"]), limit, cursor, door.about(run)
    )


@router.get("/v1/event-classes", responses=answers(EventClassPage))
def event_classes(request: Request, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """The event classes in their groups: what `event` may name, and the former names that are shown under each."""
    door = door_of(request)
    rows = [
        {
            "number": number,
            "event": each.name,
            "group": each.group,
            "words": each.words,
            "direction": each.direction or None,
            "meaning": each.meaning,
            "former": [name for name in recorded_as([each.name]) if name != each.name],
        }
        for number, each in enumerate(BY_NAME.values(), 1)
    ]
    return page(request, rows, lambda row: row["number"], limit, cursor, door.about(door.run()))
