"""The market over a window: what moves, by company, sector and event."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.api.door import Asked, door_of
from services.api.wire.answers import page
from services.api.wire.parameters import (
    WITH_FORMAT,
    AsOf,
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


class EventsBy(StrEnum):
    classes = "classes"
    groups = "groups"


router = APIRouter(tags=["market"], dependencies=WITH_FORMAT)


def _snapshot(asked: Asked, window: WindowChoice, channel: ChannelChoice, company: str | None = None) -> Snapshot:
    found = snapshot(asked.run, window.window, channel.channels, asked.wall, company)
    return found or Snapshot(0, window.window.nothing, {}, {})


@router.get("/v1/market", responses=answers(MarketPage))
def market(
    request: Request,
    window: Span = WindowChoice.h24,
    channel: Chosen = ChannelChoice.all,
    as_of: AsOf = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Every company that was written about in the window, against the window before; what moved surely first."""
    door = door_of(request)
    asked, known = door.asked(as_of, None), door.catalogue.by_id
    rows = []
    for rank, row in enumerate(company_rows(_snapshot(asked, window, channel))):
        company = known.get(row["company"])
        named = {
            "ticker": company.ticker if company else row["company"],
            "name": company.name if company else row["company"],
            "sector": (company.sector or None) if company else None,
        }
        rows.append({"rank": rank, "company": row["company"]} | named | row)
    return page(request, rows, lambda row: row["rank"], limit, cursor, asked.about)


@router.get("/v1/sectors", responses=answers(SectorPage))
def sectors(
    request: Request,
    window: Span = WindowChoice.h24,
    channel: Chosen = ChannelChoice.all,
    as_of: AsOf = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """The same by sector, by name."""
    door = door_of(request)
    asked = door.asked(as_of, None)
    sector_of = {each.id: each.sector for each in door.catalogue.instruments if each.sector}
    rows = grouped_rows(_snapshot(asked, window, channel), sector_of, "sector")
    return page(request, rows, lambda row: row["sector"], limit, cursor, asked.about)


@router.get("/v1/events", responses=answers(EventPage))
def events(
    request: Request,
    company: CompanyFilter = None,
    event: EventFilter = None,
    by: Annotated[EventsBy, Query(description="A row a class, or a row a group of classes.")] = EventsBy.classes,
    window: Span = WindowChoice.h24,
    channel: Chosen = ChannelChoice.all,
    as_of: AsOf = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Documents by company and class (or group) of event in the window, most first. Names of former versions count
    where they are shown now."""
    door = door_of(request)
    wanted, only = event_of(event), door.company(company) if company else None
    asked = door.asked(as_of, only)
    rows = event_rows(_snapshot(asked, window, channel, only), wanted, groups=by == EventsBy.groups)
    return page(
        request, rows, lambda row: (-row["documents"], row["company"], row["event"]), limit, cursor, asked.about
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
