"""The dead-letter limit: when too large a share of the latest documents is dead, something else is wrong."""

from __future__ import annotations

from collections import deque


class DeadLetterLimit:
    """Watches the share of dead letters among the latest `window` documents; counts nothing before it is full."""

    def __init__(self, share: float, window: int) -> None:
        self._share = share
        self._latest: deque[bool] = deque(maxlen=window)
        self._dead = 0

    def passed_by(self, dead: bool) -> bool:
        """Count one more document; True when the share is beyond the limit."""
        full = len(self._latest) == self._latest.maxlen
        if full:
            self._dead -= self._latest[0]
        self._latest.append(dead)
        self._dead += dead
        return len(self._latest) == self._latest.maxlen and self._dead > self._share * len(self._latest)

    @property
    def dead(self) -> int:
        """Dead letters among the latest."""
        return self._dead
