"""Names that are one's own, and terms on which all living workers of a role work.

Two workers of one name throw each other out of Kafka's group without end; two whose strategies differ give signals
that depend on who happens to hold a partition. So a worker claims its name in Redis before it does anything else, with
its terms beside it. Whoever finds the name taken by a living stranger says so and tries again; whoever finds others at
work on other terms is refused. Terms may change: when nobody works on the former ones any more, the first to start
writes its own to the run.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Final, cast

import psutil
import redis

from services.runtime.exits import ExitCode, WorkerStop
from shared.clients.machine import Machine
from shared.contract.keys import claim_key, run_key
from shared.contract.operation.claims import (
    CLAIM_TTL_SECONDS,
    STARTING_TTL_SECONDS,
    Claim,
    decode_claim,
    encode_claim,
)
from shared.settings import Settings

# Writes the terms of ours unless others than those that we know hold; answers with what held before.
_AGREE: Final = """
local held = redis.call('HGET', KEYS[1], ARGV[1])
if held == ARGV[3] or (not held and ARGV[3] == '') then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
return held
"""
log = logging.getLogger(__name__)


class Claims:
    """The claim of one worker. Raises redis.RedisError where Redis is away."""

    def __init__(self, client: redis.Redis, settings: Settings, role: str, name: str) -> None:
        self._client, self._run, self._role, self._name = client, settings.run, role, name
        self.machine = Machine.of(settings)
        self._own = Claim(host=self.machine.host, machine=self.machine.token, pid=os.getpid())

    def take(self, terms: Mapping[str, str] | None = None) -> None:
        """Be the one of this name. Raises WorkerStop: RESTART while another is, REFUSED where others work on other
        terms."""
        self._own = Claim(host=self._own.host, machine=self._own.machine, pid=self._own.pid, terms=dict(terms or {}))
        key, raw = claim_key(self._run, self._role, self._name), encode_claim(self._own)
        if not self._client.set(key, raw, ex=STARTING_TTL_SECONDS, nx=True):
            found = self._read(key)
            if found is not None and self._is_stranger(found):
                raise WorkerStop(ExitCode.RESTART, self._taken(found))
            self._client.set(key, raw, ex=STARTING_TTL_SECONDS)
        try:
            for term, own in self._own.terms.items():
                self._agree(term, own)
        except WorkerStop:
            self.give_up()
            raise

    def renew(self) -> None:
        """Still here."""
        self._client.set(claim_key(self._run, self._role, self._name), encode_claim(self._own), ex=CLAIM_TTL_SECONDS)

    def give_up(self, client: redis.Redis | None = None) -> None:
        """At the end: the name is free at once. `client`: one that does not wait."""
        key, client = claim_key(self._run, self._role, self._name), client or self._client
        if client.get(key) == encode_claim(self._own):
            client.delete(key)

    def _agree(self, term: str, own: str) -> None:
        key = run_key(self._run)
        held = _text(cast("bytes | None", self._client.hget(key, term)))
        while held != own:
            if held and (other := self._living(term, held)):
                raise WorkerStop(ExitCode.REFUSED, _differs(self._run, self._role, term, held, own, other))
            before = _text(self._client.eval(_AGREE, 1, key, term, own, held))
            if before == held:
                if held:
                    log.warning("%s of run %s is %r from here on; it was %r", term, self._run, own, held)
                return
            held = before

    def _living(self, term: str, value: str) -> str:
        """Another worker of the role that works on this value; "" when there is none."""
        prefix = claim_key(self._run, self._role, "")
        for key in self._client.scan_iter(match=f"{prefix}*", count=10_000):
            name, claim = key.decode().removeprefix(prefix), self._read(key)
            if name == self._name or claim is None:
                continue
            if claim.terms.get(term) == value and not self._is_dead(claim):
                return f"{name} on {claim.host}"
        return ""

    def _read(self, key: str | bytes) -> Claim | None:
        raw = cast("bytes | None", self._client.get(key))
        return decode_claim(raw) if raw is not None else None

    def _is_stranger(self, claim: Claim) -> bool:
        """Whether the claim is that of another living worker, not of ourselves before we were started again."""
        if claim.machine != self.machine.token:
            return True
        return claim.host == self.machine.host and claim.pid != os.getpid() and not self._is_dead(claim)

    def _is_dead(self, claim: Claim) -> bool:
        """Whether it is known to be gone although its time is not up: only of processes on this very host."""
        here = claim.machine == self.machine.token and claim.host == self.machine.host
        return here and not psutil.pid_exists(claim.pid)

    def _taken(self, claim: Claim) -> str:
        return (
            f"{self._role} {self._name!r} of run {self._run!r} is at work on {claim.host} (pid {claim.pid}, state "
            f"folder {claim.machine}), and this is {self.machine}; give each worker a name of its own (--name), or "
            "start them with: bellwether up --workers-only"
        )


def _text(raw: bytes | None) -> str:
    return raw.decode(errors="replace") if raw else ""


def _differs(run: str, role: str, term: str, held: str, own: str, other: str) -> str:
    return (
        f"run {run!r} works with {term} {held!r} ({role} worker {other}), but this worker has {own!r}; give it the "
        f"same setting, or stop every {role} worker of the run before you start one with another"
    )
