"""One reader of the stream: from its place on, without loss; one that is too slow is cut off, and comes back by id."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any, Final

from services.api.stream.events import Wanted, event_of, written
from services.api.stream.hub import Hub
from services.api.stream.place import Place, sealed
from services.api.stream.ring import Record
from services.api.wire.rows import alert_row
from shared.contract.alerts import Alert

HEARTBEAT_SECONDS: Final = 15.0
ALERT_SECONDS: Final = 2.0
_AT_ONCE: Final = 500

AlertsAfter = Callable[[int], list[tuple[int, Alert]]]


class Reader:
    """`chunks` until the client goes, is too slow, may no longer, or its ids mean nothing any more."""

    def __init__(
        self,
        hub: Hub,
        place: Place,
        of: str,
        wanted: Wanted,
        alerts_after: AlertsAfter,
        allowed: Callable[[], Awaitable[bool]],
        gone: MutableMapping[str, int] | None = None,
    ) -> None:
        self._hub, self._place, self._of, self._wanted = hub, place, of, wanted
        self._alerts_after, self._allowed = alerts_after, allowed
        self._gone = {} if gone is None else gone  # items that were deleted at their source
        self._generation = hub.generation
        self._number = 0

    @property
    def id(self) -> str:
        return sealed(self._place, self._of)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Events; a heart-beat at once, so that a client knows its id before anything comes."""
        yield self._beat()
        woken = self._hub.watch()
        try:
            async for part in self._caught_up():
                yield part
            number = self._number
            loop = asyncio.get_running_loop()
            beat_at, alert_at = loop.time() + HEARTBEAT_SECONDS, 0.0
            while True:
                woken.clear()
                if self._hub.generation != self._generation:
                    yield self._end("gone", "the topics were made again or resized; begin anew, without an id")
                    return
                try:
                    records, following = self._hub.after(number, self._place, _AT_ONCE)
                except LookupError:
                    yield self._end("cut", "too slow: come back with this id, nothing is lost")
                    return
                told = self._told(records)
                if self._place.alert is not None and loop.time() >= alert_at:
                    told += await self._new_alerts()
                    alert_at = loop.time() + ALERT_SECONDS
                if told:
                    yield told
                    beat_at = loop.time() + HEARTBEAT_SECONDS
                if following != number:
                    number = following
                    continue
                if loop.time() >= beat_at:
                    if not await self._allowed():
                        yield self._end("end", "the key is no longer valid")
                        return
                    yield self._beat()
                    beat_at = loop.time() + HEARTBEAT_SECONDS
                await _first_of(woken, min(beat_at, alert_at or beat_at) - loop.time())
        finally:
            self._hub.unwatch(woken)

    async def _caught_up(self) -> AsyncIterator[bytes]:
        """What the ring no longer holds, from the log."""
        while True:
            self._number = self._hub.base()  # before the look: what the ring forgets after it is missed loudly
            behind = self._hub.behind(self._place)
            if not behind or self._hub.generation != self._generation:
                return
            told = self._told(await asyncio.to_thread(self._hub.read_back, behind))
            yield told or self._beat()

    def _told(self, records: list[Record]) -> bytes:
        told = []
        for record in records:
            if record.offset < self._place.offsets[record.part]:
                continue
            self._place.offsets[record.part] = record.offset + 1
            found = event_of(record, self._wanted, self._gone)
            if found:
                told.append(written(*found, self.id))
        return b"".join(told)

    async def _new_alerts(self) -> bytes:
        told = []
        assert self._place.alert is not None
        for number, alert in await asyncio.to_thread(self._alerts_after, self._place.alert):
            self._place.alert = number
            if self._wanted.takes((alert.company,), None):
                told.append(written("alerts", alert_row(number, alert), self.id))
        return b"".join(told)

    def _beat(self) -> bytes:
        return written("heartbeat", {}, self.id)

    def _end(self, event: str, why: str) -> bytes:
        said: dict[str, Any] = {"why": why}
        return written(event, said, self.id)


async def _first_of(woken: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(woken.wait(), max(seconds, 0.01))
    except TimeoutError:
        return
