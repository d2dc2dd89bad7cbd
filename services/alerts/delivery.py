"""From the outbox in Redis to the channels: sent, and tried again until it is taken, refused or given up.

Each channel goes its own way in a thread of its own, so that one that hangs holds up no other. A worker that is killed
between sending and noting it sends once more, with the same id.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec
from redis.exceptions import RedisError

from services.alerts.channels import Channel, NotDelivered
from services.alerts.rules import Rules
from services.alerts.store import AlertStore
from services.runtime.exits import ExitCode, WorkerStop
from shared.backoff import Delays
from shared.clock import HOUR, SECOND, Clock
from shared.contract.alerts import ChannelState, Delivery
from shared.settings import AlertSettings
from shared.token_bucket import Limit, Tokens, take

EVERY_SECONDS: Final = 0.5
PAUSES: Final = Delays.doubling(1.0, 300.0)  # between two attempts, unless the other side asks for more
log = logging.getLogger(__name__)


def pause(attempts: int, asked: float = 0.0) -> float:
    """Seconds after the given number of failed attempts, or what was asked for if that is longer."""
    return max(asked, PAUSES.after(attempts))


class Deliverer:
    """Empties the outbox. `active` tells whether this process is the one that does so now."""

    def __init__(
        self, store: AlertStore, rules: Rules, settings: AlertSettings, clock: Clock, active: Callable[[], bool]
    ) -> None:
        self._store, self._rules, self._settings, self._clock, self._active = store, rules, settings, clock, active
        self._threads = ThreadPoolExecutor(max(1, len(rules.channels)) + 1, "channel")
        self._rest: dict[str, int] = {}  # a channel that nobody answers on is left alone until then
        self.waiting = 0
        self.counts: dict[str, int] = defaultdict(int)

    async def run(self) -> None:
        """Deliver for ever. Raises WorkerStop when Redis is lost."""
        await asyncio.gather(self._strangers(), *(self._channel(*item) for item in self._rules.channels.items()))

    async def _channel(self, name: str, channel: Channel) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if self._active():
                try:
                    await loop.run_in_executor(self._threads, self.round, name, channel)
                except RedisError as error:
                    raise WorkerStop(ExitCode.RESTART, f"Redis: {error}") from error
            await asyncio.sleep(EVERY_SECONDS)

    async def _strangers(self) -> None:
        """Count what waits, and give up what waits for a channel that the rules no longer have."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                found = await loop.run_in_executor(self._threads, self._store.waiting)
                self.waiting = len(found)
                for delivery in found if self._active() else ():
                    if delivery.channel not in self._rules.channels:
                        error = NotDelivered("the rule file no longer has this channel", retry=False)
                        await loop.run_in_executor(self._threads, self._failed, delivery, ChannelState(), None, error)
            except RedisError as error:
                raise WorkerStop(ExitCode.RESTART, f"Redis: {error}") from error
            await asyncio.sleep(4 * EVERY_SECONDS)

    def round(self, name: str, channel: Channel) -> None:
        """Try what is due on one channel, as far as its limit lets it. Blocks."""
        if self._clock.now() < self._rest.get(name, 0):
            return
        now = self._clock.now()
        due = [each for each in self._store.waiting() if each.channel == name and each.next_at <= now]
        if not due:
            return
        tokens = self._store.tokens("channel").get(name)
        limit = Limit(per_hour=channel.per_minute * 60, burst=channel.burst)
        state = self._store.channels().get(name, ChannelState(kind=self._rules.kinds[name]))
        for delivery in due:
            allowed, tokens = take(tokens, limit, self._clock.now())
            if not allowed:
                return
            error = self._attempt(channel, delivery)
            if error is None:
                state = self._sent(delivery, state, tokens)
                continue
            state = self._failed(delivery, state, tokens, error)
            if error.unreachable:
                wait = pause(delivery.attempts + 1, error.after)
                self._rest[name] = self._clock.now() + int(wait * SECOND)
                return

    def _attempt(self, channel: Channel, delivery: Delivery) -> NotDelivered | None:
        try:
            channel.send(delivery, self._settings.link, self._settings.timeout_seconds)
        except NotDelivered as error:
            return error
        except Exception as error:  # an alert that cannot be written down must not hold up the others
            log.exception("%s could not be built", delivery.id)
            return NotDelivered(f"could not be built ({type(error).__name__})", retry=False)
        return None

    def _sent(self, delivery: Delivery, state: ChannelState, tokens: Tokens | None) -> ChannelState:
        state = msgspec.structs.replace(state, sent=state.sent + 1, sent_at=self._clock.now())
        self._store.settle(delivery, state, tokens, again=False)
        self.counts["sent"] += 1
        log.info("sent %s", delivery.id, extra={"rule": delivery.alert.rule, "attempts": delivery.attempts + 1})
        return state

    def _failed(
        self, delivery: Delivery, state: ChannelState, tokens: Tokens | None, error: NotDelivered
    ) -> ChannelState:
        now, attempts = self._clock.now(), delivery.attempts + 1
        again = error.retry and now - delivery.made_at < self._settings.give_up_hours * HOUR
        state = msgspec.structs.replace(
            state,
            retried=state.retried + again,
            failed=state.failed + (not again),
            error=str(error),
            error_at=now,
        )
        next_at = now + int(pause(attempts, error.after) * SECOND)
        tried = msgspec.structs.replace(delivery, attempts=attempts, next_at=next_at, error=str(error))
        self._store.settle(tried, state, tokens, again=again)
        self.counts["retried" if again else "failed"] += 1
        log.warning(
            "%s: %s on %s, %s", delivery.id, error, delivery.channel, "trying again" if again else "given up",
            extra={"rule": delivery.alert.rule, "attempts": attempts},
        )  # fmt: skip
        return state
