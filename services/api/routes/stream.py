"""The live stream as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Final, Literal

import redis
from fastapi import APIRouter, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from services.api.door import Door, door_of
from services.api.stream.events import Wanted
from services.api.stream.hub import Hub, NoLog
from services.api.stream.place import KINDS, Kind, NotAnId, OtherIncarnation, Place, opened, sealed
from services.api.stream.reader import Reader
from services.api.wire.parameters import ChannelChoice, Chosen
from services.api.wire.problems import Problem, unavailable
from services.api.wire.schemas import answers
from shared.contract.alerts import Alert
from shared.reading.deleted import all_deleted

router = APIRouter(tags=["stream"])

SEND_SECONDS: Final = 20.0  # a client that takes nothing for so long is cut off
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Events(Response):
    """Sends chunks as they come; ends when the client goes or takes nothing."""

    media_type = "text/event-stream"

    def __init__(self, chunks: AsyncIterator[bytes], door: Door) -> None:
        super().__init__(headers=_HEADERS, media_type=self.media_type)
        del self.headers["content-length"]
        self._chunks, self._door = chunks, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        sending = asyncio.create_task(self._sent(send))
        gone = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            for task in (sending, gone):
                task.cancel()
            await asyncio.gather(sending, gone, return_exceptions=True)
            self._door.streams -= 1

    async def _sent(self, send: Send) -> None:
        try:
            async for chunk in self._chunks:
                await asyncio.wait_for(
                    send({"type": "http.response.body", "body": chunk, "more_body": True}), SEND_SECONDS
                )
        except TimeoutError:
            self._door.cut += 1
        except (NoLog, redis.RedisError):
            pass  # the client comes back with its last id
        await asyncio.wait_for(send({"type": "http.response.body", "body": b"", "more_body": False}), 1)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@router.get(
    "/v1/stream",
    responses=answers(tables=False),
)
async def stream(
    request: Request,
    kinds: Annotated[str, Query(max_length=100, description=f"Of {', '.join(KINDS)}; commas between.")] = "opinions",
    begin: Annotated[
        Literal["start", "tail"], Query(alias="from", description="start: at what archive or log still hold.")
    ] = "tail",
    company: Annotated[str | None, Query(max_length=2000, description="Ids, tickers or names; commas between.")] = None,
    channel: Chosen = ChannelChoice.all,
    last_event_id: Annotated[str | None, Header(description="Go on after this event, without loss.")] = None,
) -> Response:
    """Opinions, signals, alerts and documents as they come (text/event-stream). Every event has an `id`: come back with
    it as `Last-Event-ID`. `id` in `data` tells copies. Other events: heartbeat, cut (too slow), gone (resized), end."""
    door = door_of(request)
    chosen = _kinds(kinds)
    if door.streams >= door.settings.api.max_streams:
        raise unavailable("as many streams are open as this process serves", "close one, or try again later")
    door.streams += 1
    try:
        reader = await run_in_threadpool(_reader, request, chosen, begin, company, channel, last_event_id)
    except BaseException:
        door.streams -= 1
        raise
    return Events(reader.chunks(), door)


def _reader(
    request: Request, kinds: list[Kind], begin: str, company: str | None, channel: ChannelChoice, last: str | None
) -> Reader:
    door = door_of(request)
    only = frozenset(door.company(each.strip()) for each in (company or "").split(",") if each.strip())
    wanted = Wanted(only, frozenset() if channel == "all" else frozenset(channel.channels))
    run = door.run()
    try:
        hub = door.hub()
        of = hub.incarnation(kinds, run.bound_to().get("created_at", "") if "alerts" in kinds else "")
        place = hub.start(kinds) if begin == "start" and not last else hub.tail(kinds)
        if "alerts" in kinds:
            kept = run.alerts.numbered()
            newest = kept[0][0] if kept else 0
            place.alert = (kept[-1][0] - 1 if kept else 0) if begin == "start" else newest
        if last:
            place = _resumed(last, of, place, hub, _oldest(run.alerts.numbered()) if "alerts" in kinds else 0)
    except NoLog as error:
        raise unavailable(f"Kafka cannot be read ({error})", "try again in a moment; see: bellwether status") from None

    def alerts_after(number: int) -> list[tuple[int, Alert]]:
        return [(each, alert) for each, alert in reversed(door.run().alerts.numbered()) if each > number]

    allowed = request.scope["state"]["allowed"]
    return Reader(hub, place, of, wanted, alerts_after, allowed, all_deleted(door.client, run.keys))


def _oldest(kept: list[tuple[int, Alert]]) -> int:
    """The number from which on alerts can be told without a gap, less one."""
    return kept[-1][0] - 1 if kept else 0


def _resumed(last: str, of: str, tail: Place, hub: Hub, oldest_alert: int) -> Place:
    """The place of an id. Raises Problem: 400 for what is no id, 410 with a new start for one that means nothing."""
    gone = "this id counts in topics that were made again, resized or cut since, or in other kinds"
    try:
        place = opened(last, of, tail)
        lost = bool(hub.lost(place)) or (place.alert is not None and place.alert < oldest_alert)
    except NotAnId as error:
        raise Problem(400, f"Last-Event-ID: {error}", "send the id of an event of this stream, or none") from None
    except OtherIncarnation:
        lost = True
    if lost:
        remedy = "begin anew: `start` is an id of now; from=start without an id tells all that is held"
        raise Problem(410, gone, remedy, start=sealed(tail, of))
    return place


def _kinds(text: str) -> list[Kind]:
    asked = {each.strip() for each in text.split(",")}
    if not asked or not asked <= set(KINDS):
        raise Problem(422, f"kinds are {', '.join(KINDS)}", "for example, kinds=opinions,signals")
    return [kind for kind in KINDS if kind in asked]
