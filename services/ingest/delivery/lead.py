"""One state folder feeds a run: its ledger knows what was published, its floors what is still to come.

Another ledger would send what this one has sent, and ticks that know nothing of the loads of another machine would pass
their documents. So the first that feeds a run leads, as long as it does; ingest workers elsewhere stand by and take
over when nobody leads any more, and what cannot wait (a load, a push) is refused there with the leader's name.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Final

import redis

from services.ingest.documents.masker import Masker
from services.runtime.binding import AUTHOR_KEY, bind
from shared.clients.machine import Machine
from shared.clients.redis import connect
from shared.contract.keys import lead_key
from shared.settings import Settings

TTL_SECONDS: Final = 20
RENEWED_SECONDS: Final = 5.0
# "TOKEN HOST" of the one who leads: containers of one state folder differ in host alone, and lead together
_TAKE: Final = """
local held = redis.call('GET', KEYS[1])
if held and string.sub(held, 1, #ARGV[1]) ~= ARGV[1] then return held end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'EX', ARGV[3])
return false
"""
log = logging.getLogger(__name__)


class LedElsewhere(RuntimeError):
    """Another state folder feeds the run; the text names both and what to do."""


class Lead:
    """Asks for the lead of the settings' run, for this state folder."""

    def __init__(self, client: redis.Redis, settings: Settings) -> None:
        self._client, self._run, self._machine = client, settings.run, Machine.of(settings)

    def take(self) -> str:
        """Lead, or go on leading; "" when so, else who does. Raises redis.RedisError."""
        token, host = self._machine.token, self._machine.host
        held: bytes | None = self._client.eval(_TAKE, 1, lead_key(self._run), token, host, TTL_SECONDS)
        if held is None:
            return ""
        token, _, host = held.decode(errors="replace").partition(" ")
        return str(Machine(host, token))

    def require(self) -> None:
        """Raises LedElsewhere, redis.RedisError."""
        if leader := self.take():
            raise LedElsewhere(
                f"run {self._run!r} is fed from {leader}, and this is {self._machine}; load and push there, for its "
                f"ledger knows what was sent (an ingest worker that is gone leads for {TTL_SECONDS} s more)"
            )


def bind_author_key(client: redis.Redis, settings: Settings) -> None:
    """Authors of one run are hashed with one key, wherever it is fed from. Raises WorkerStop."""
    bind(client, settings.run, {AUTHOR_KEY: Masker.from_settings(settings).fingerprint()})


@contextmanager
def leading(settings: Settings) -> Iterator[None]:
    """This state folder feeds the run in the block. Raises LedElsewhere, WorkerStop.

    Without a Redis there is nobody to ask, and nothing that could be scored twice meanwhile: it goes on.
    """
    with closing(connect(settings.redis)) as client:
        lead, ended = Lead(client, settings), threading.Event()
        try:
            client.ping()
        except (redis.RedisError, OSError) as error:
            log.warning("Redis does not answer; whether another machine feeds the run is not known: %s", error)
            yield
            return
        lead.require()
        bind_author_key(client, settings)
        thread = threading.Thread(target=_renew, args=(lead, ended), name="lead", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def _renew(lead: Lead, ended: threading.Event) -> None:
    while not ended.wait(RENEWED_SECONDS):
        try:
            if leader := lead.take():
                log.warning("the run is fed from %s by now; what is left here goes on", leader)
        except redis.RedisError as error:
            log.warning("the lead was not renewed, trying again: %s", error)
