"""Token buckets: `burst` at once, `per_hour` in the long run. Pure; the time is the caller's.

A rule's bucket runs on the data's clock (when signals become available), so that the same log makes the same alerts
whenever it is read; what it holds back is counted and not given out. A channel's bucket runs on the wall clock, because
it protects whoever reads; what it holds back waits in the outbox. A key's bucket runs on the API process' own clock.
"""

from __future__ import annotations

import msgspec

from shared.clock import HOUR
from shared.contract.events import MICRO


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much is let through."""

    per_hour: float = 20.0
    burst: int = 20


class Tokens(msgspec.Struct, frozen=True):
    """A bucket's content at `at` (microseconds). Integers, so that a restart changes nothing."""

    micro: int  # tokens, micro-units
    at: int

    def text(self) -> str:
        return f"{self.micro},{self.at}"

    @classmethod
    def parse(cls, text: str) -> Tokens:
        micro, _, at = text.partition(",")
        return cls(int(micro), int(at))


def refilled(tokens: Tokens | None, limit: Limit, now: int) -> Tokens:
    """The content at `now`: full at first, never above `burst`; a clock that goes back adds nothing."""
    if tokens is None:
        return Tokens(limit.burst * MICRO, now)
    gained = int(max(0, now - tokens.at) * limit.per_hour * MICRO / HOUR)
    if not gained:  # keep the time, so that many small steps gain as much as one large one
        return Tokens(min(tokens.micro, limit.burst * MICRO), tokens.at)
    return Tokens(min(limit.burst * MICRO, tokens.micro + gained), max(now, tokens.at))


def take(tokens: Tokens | None, limit: Limit, now: int) -> tuple[bool, Tokens]:
    """Whether one may pass at `now`, and the content afterwards."""
    full = refilled(tokens, limit, now)
    if full.micro < MICRO:
        return False, full
    return True, Tokens(full.micro - MICRO, full.at)
