"""From the outbox in Redis to the topic `signals`: sent, and sent again until Kafka has it; readers go by the id.

A signal is written to Redis with its outbox entry in one step, so that a worker that dies in between loses none.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any, Final, cast

import redis
from redis.exceptions import RedisError

from services.runtime.exits import ExitCode, WorkerStop
from services.runtime.faust_app import WorkerApp
from shared.contract.keys import Keys
from shared.contract.signals import decode_signal
from shared.contract.topics import Topics

EVERY_SECONDS: Final = 0.5
AT_ONCE: Final = 500
log = logging.getLogger(__name__)


class SignalSender:
    """Empties the outboxes of the slots that this process has. `slots` tells which these are now."""

    def __init__(self, app: WorkerApp, client: redis.Redis, keys: Keys, slots: Callable[[], Iterable[int]]) -> None:
        self._app, self._client, self._keys, self._slots = app, client, keys, slots
        self._topic = Topics(keys.run).signals
        self.sent = 0

    async def run(self) -> None:
        """Send what is there, for ever. Raises WorkerStop when Redis or Kafka is lost."""
        while True:
            for slot in sorted(self._slots()):
                while await self._send(slot):
                    pass
            await asyncio.sleep(EVERY_SECONDS)

    async def _send(self, slot: int) -> bool:
        """One batch of a slot's outbox; whether there was any."""
        try:
            found = await asyncio.to_thread(self._read, slot)
            if not found:
                return False
            rows = [
                (decode_signal(raw).company.encode(), raw, cast("list[tuple[str, bytes]]", []))
                for raw in found.values()
            ]
            await self._app.outbox.publish({(self._topic, 0): rows})
            await asyncio.to_thread(self._client.hdel, self._keys.outbox(slot), *found)
        except RedisError as error:
            raise WorkerStop(ExitCode.RESTART, f"Redis: {error}") from error
        self.sent += len(found)
        return True

    def _read(self, slot: int) -> dict[bytes, bytes]:
        _, found = cast(Any, self._client.hscan(self._keys.outbox(slot), count=AT_ONCE))
        return cast("dict[bytes, bytes]", found)
