"""How often each key may ask: a bucket of tokens that fills evenly, for each key and process. Pure but for the dict."""

from __future__ import annotations

import math
from typing import Final

from services.api.wire.problems import Problem
from shared.clock import MINUTE_SECONDS, SECOND
from shared.contract.events import MICRO
from shared.token_bucket import Limit, Tokens, refilled, take

_FORGET: Final = 10_000  # so many callers are remembered; then those with a full bucket are forgotten


class Rates:
    """`take` one request, or raise Problem (429)."""

    def __init__(self) -> None:
        self._left: dict[str, tuple[Tokens, Limit]] = {}

    def take(self, caller: str, rate: int, now: float) -> dict[str, str]:
        """The headers that tell the caller where it stands; `rate`: requests a minute, `now`: seconds."""
        limit, at = Limit(per_hour=rate * 60, burst=rate), int(now * SECOND)
        held = self._left.get(caller)
        passed, left = take(held[0] if held else None, limit, at)
        self._left[caller] = left, limit
        policy = {"RateLimit-Policy": f'"default";q={rate};w={MINUTE_SECONDS}'}
        if not passed:
            wait = max(1, math.ceil((MICRO - left.micro) * MINUTE_SECONDS / rate / MICRO))
            told = policy | {"RateLimit": f'"default";r=0;t={wait}', "Retry-After": str(wait)}
            raise Problem(429, f"more than {rate:,} requests a minute", f"wait {wait} s", headers=told)
        if len(self._left) > _FORGET:
            self._left = {
                name: (tokens, its)
                for name, (tokens, its) in self._left.items()
                if refilled(tokens, its, at).micro < its.burst * MICRO
            }
        until_full = math.ceil((rate * MICRO - left.micro) * MINUTE_SECONDS / rate / MICRO)
        return policy | {"RateLimit": f'"default";r={left.micro // MICRO};t={until_full}'}
