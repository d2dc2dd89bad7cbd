"""Parameters that routes share, and what they stand for."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Request
from fastapi.routing import APIRoute

from services.api.wire.problems import Problem
from shared.contract.events import CHANNELS, Channel
from shared.event_classes.selection import UnknownEvent, event_name
from shared.reading.measuring.windows import WINDOWS, Window


class ChannelChoice(StrEnum):
    """Where opinions come from."""

    all = "all"
    news = "news"
    social = "social"

    @property
    def channels(self) -> tuple[Channel, ...]:
        return tuple(channel for channel in CHANNELS if self in (channel, "all"))


class WindowChoice(StrEnum):
    """A stretch that ends with the newest opinion."""

    h1 = "1h"
    h6 = "6h"
    h24 = "24h"
    d7 = "7d"
    d30 = "30d"

    @property
    def window(self) -> Window:
        return WINDOWS[self.value]


class FormatChoice(StrEnum):
    json = "json"
    csv = "csv"
    parquet = "parquet"
    arrow = "arrow"


async def _format(
    form: Annotated[
        FormatChoice | None, Query(alias="format", description="Instead of `Accept`: json, csv, parquet or arrow.")
    ] = None,
) -> None:
    """Checked and described; services/api/wire/answers.py reads it from the request."""
    del form


WITH_FORMAT: Final = [Depends(_format)]  # of a router whose answers come in every format


def know_now_alone(request: Request) -> None:
    """Of every route: one that takes no `as_of` refuses it; nobody takes an answer of now for one of then.
    Raises Problem (422)."""
    if "as_of" not in request.query_params:
        return
    route = request.scope.get("route")
    taken = route.dependant.query_params if isinstance(route, APIRoute) else ()
    if not any(each.alias == "as_of" for each in taken):
        raise Problem(
            422, "this route knows now alone and takes no as_of", "leave it out; docs/api.md lists who takes it"
        )


Limit = Annotated[int, Query(ge=1, le=1000, description="Rows of a page, at most.")]
Cursor = Annotated[
    str | None, Query(max_length=1000, description="`next` of the page before, with the same other parameters.")
]
Chosen = Annotated[ChannelChoice, Query(alias="channel", description="News, social posts, or both.")]
Span = Annotated[WindowChoice, Query(description="Ends with the newest opinion.")]
Start = Annotated[
    str | None,
    Query(alias="from", max_length=64, description="ISO 8601; UTC without a zone; available_at from then on."),
]
End = Annotated[str | None, Query(alias="to", max_length=64, description="ISO 8601; available_at before then.")]
AsOf = Annotated[str | None, Query(max_length=64, description="ISO 8601: what the live system said at that moment.")]
CompanyFilter = Annotated[str | None, Query(max_length=200, description="Only this company: id, ticker or name.")]
EventFilter = Annotated[
    str | None,
    Query(max_length=100, description="Only this event class, or the classes of this group; GET /v1/event-classes."),
]


def event_of(text: str | None) -> str:
    """A class or group of events; "" for None. Raises Problem (422) with the nearest names."""
    if text is None:
        return ""
    try:
        return event_name(text)
    except UnknownEvent as error:
        raise Problem(422, str(error), "GET /v1/event-classes lists them") from None


def instant(text: str, name: str) -> int:
    """Microseconds. Raises Problem (422)."""
    from services.ingest.documents.dates.times import UnreadableTime, parse_time

    try:
        return parse_time(text, ZoneInfo("UTC")).micros
    except (UnreadableTime, ValueError, OverflowError):
        raise Problem(422, f"{name} is no date or time", "use, for example, 2024-03-01T14:30:00Z") from None


def between(start: str | None, end: str | None, otherwise: tuple[int, int]) -> tuple[int, int]:
    """`from` and `to` in microseconds; `otherwise` where they are left out. Raises Problem (422)."""
    first = otherwise[0] if start is None else instant(start, "from")
    last = otherwise[1] if end is None else instant(end, "to")
    if first >= last:
        raise Problem(422, "from is not before to", "leave one of them out, or exchange them")
    return first, last
