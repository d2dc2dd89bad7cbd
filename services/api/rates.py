"""How often each key may ask: a bucket of tokens that fills evenly, for each key and process. Pure but for the dict."""

from __future__ import annotations

import math
from typing import Final

from services.api.problems import Problem

MINUTE: Final = 60.0
_FORGET: Final = 10_000  # so many callers are remembered; then those with a full bucket are forgotten


class Rates:
    """`take` one request, or raise Problem (429)."""

    def __init__(self) -> None:
        self._left: dict[str, tuple[float, float, int]] = {}  # caller -> (tokens, when, its rate)

    def take(self, caller: str, rate: int, now: float) -> dict[str, str]:
        """The headers that tell the caller where it stands; `rate`: requests a minute, `now`: seconds."""
        tokens, at, _ = self._left.get(caller, (float(rate), now, rate))
        tokens = min(float(rate), tokens + (now - at) * rate / MINUTE)
        policy = {"RateLimit-Policy": f'"default";q={rate};w={MINUTE:.0f}'}
        if tokens < 1:
            self._left[caller] = (tokens, now, rate)
            wait = max(1, math.ceil((1 - tokens) * MINUTE / rate))
            told = policy | {"RateLimit": f'"default";r=0;t={wait}', "Retry-After": str(wait)}
            raise Problem(429, f"more than {rate:,} requests a minute", f"wait {wait} s", headers=told)
        self._left[caller] = (tokens - 1, now, rate)
        if len(self._left) > _FORGET:
            self._left = {
                name: held
                for name, held in self._left.items()
                if held[0] + (now - held[1]) * held[2] / MINUTE < held[2]
            }
        until_full = math.ceil((rate - tokens + 1) * MINUTE / rate)
        return policy | {"RateLimit": f'"default";r={int(tokens - 1)};t={until_full}'}
