"""spillover: what is said of a company's peers moves, and the company itself has not followed."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from services.alerts.kinds.kind import Heard, value_of
from shared.contract.signals import Signal

LEVEL, OWN_LEVEL = "peers_level", "level"


class Spillover(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Speaks when the level of related companies passes `beyond`, up or down, while the company's own lies at least
    `gap` behind. Strategies give `peers_level` that name it. It speaks once: not while it was so already.
    """

    beyond: float = 0.3
    gap: float = 0.3

    @property
    def hours(self) -> int:
        return 48

    def problem(self) -> str:
        if not 0 < self.beyond <= 1:
            return "beyond must lie above 0, at most 1"
        return "" if 0 <= self.gap <= 2 else "gap must lie in 0 to 2"

    def why(self, heard: Heard) -> str | None:
        now = self._direction(heard.signal)
        if not now or now == self._before(heard.earlier):
            return None
        peers, own = value_of(heard.signal, LEVEL), value_of(heard.signal, OWN_LEVEL)
        return f"what is said of related companies stands at {peers:+.2f}, of itself at {own:+.2f}"

    def _before(self, earlier: Sequence[Signal]) -> int:
        return self._direction(earlier[-1]) if earlier else 0

    def _direction(self, signal: Signal) -> int:
        """1 or -1 where peers have gone ahead that way, else 0."""
        peers, own = value_of(signal, LEVEL), value_of(signal, OWN_LEVEL)
        if peers >= self.beyond and peers - own >= self.gap:
            return 1
        return -1 if peers <= -self.beyond and own - peers >= self.gap else 0
