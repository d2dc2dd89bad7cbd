"""What was applied when: entries on the topic `applied`, at most one a second and slot, each naming every commit since
the one before. A worker that is killed owes those of its last second; its successor begins with where it found a slot.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

import redis
from redis.exceptions import RedisError

from services.aggregation.core.chain import Chain
from services.aggregation.core.state import SlotState
from services.aggregation.signals.strategy import Strategy
from services.runtime.binding import MODEL_ID
from services.runtime.exits import ExitCode, WorkerStop
from services.runtime.faust_app import WorkerApp
from services.runtime.record import HeaderList
from shared.clock import Clock, SystemClock
from shared.contract.applied import Applied, Move, encode_applied
from shared.contract.keys import Keys
from shared.contract.topics import Topics
from shared.reading.values.binding import read_binding

RULES: Final = "aggregation_rules"  # field of the run's hash: what of the settings decides about the aggregates
EVERY_SECONDS: Final = 1.0
LAST_SECONDS: Final = 2.0  # for what is still to be written when the worker is stopped
MOVES: Final = 500  # of one entry, at most
_NO_HEADERS: Final[HeaderList] = []


class Journal:
    """One a process. `moved` may be called from any thread."""

    def __init__(
        self,
        app: WorkerApp,
        client: redis.Redis,
        keys: Keys,
        name: str,
        strategies: Sequence[Strategy] = (),
        clock: Clock | None = None,
    ) -> None:
        self._app, self._client, self._keys, self._name = app, client, keys, name
        self._strategies = {strategy.name: strategy.digest for strategy in strategies}
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._moves: dict[int, list[Move]] = {}
        self._latest: dict[int, tuple[str, Chain | None]] = {}

    def moved(self, state: SlotState) -> None:
        """`state` is durable as of now."""
        if state.position is None:
            return
        with self._lock:
            moves = self._moves.setdefault(state.slot, [])
            if len(moves) < MOVES:
                moves.append(Move(self._clock.now(), state.position.offset))
            else:  # the last one stands for those that found no room
                moves[-1] = Move(self._clock.now(), state.position.offset)
            self._latest[state.slot] = state.position.topic_id, state.chain

    async def run(self) -> None:
        """Write what there is, once a second; never returns."""
        try:
            while True:
                await asyncio.sleep(EVERY_SECONDS)
                await self.write()
        finally:
            with suppress(Exception):
                await asyncio.wait_for(self.write(), LAST_SECONDS)

    async def write(self) -> None:
        """One entry for each slot that moved. Raises WorkerStop when Redis or Kafka is lost."""
        with self._lock:
            moves, self._moves = self._moves, {}
            latest = dict(self._latest)
        if not moves:
            return
        try:
            bound = await asyncio.to_thread(read_binding, self._client, self._keys.run)
        except RedisError as error:
            raise WorkerStop(ExitCode.RESTART, f"Redis: {error}") from error
        entries = [self._entry(slot, made, *latest[slot], bound) for slot, made in sorted(moves.items())]
        rows = [(str(each.slot).encode(), encode_applied(each), _NO_HEADERS) for each in entries]
        await self._app.outbox.publish({(Topics(self._keys.run).applied, 0): rows})

    def _entry(
        self, slot: int, moves: Sequence[Move], topic_id: str, chain: Chain | None, bound: Mapping[str, str]
    ) -> Applied:
        last = moves[-1]
        known = chain is not None and chain.offset == last.offset
        return Applied(
            slot=slot,
            topic_id=topic_id,
            offset=last.offset,
            at=last.at,
            moves=tuple(moves),
            chain=chain.head.hex() if chain is not None and known else "",
            since=chain.since if chain is not None and known else 0,
            slots=self._keys.slots,
            worker=self._name,
            model=bound.get(MODEL_ID, ""),
            universe=bound.get("universe", ""),
            rules=bound.get(RULES, ""),
            strategies=self._strategies,
        )
