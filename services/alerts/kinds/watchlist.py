"""watchlist: what is recommended on something that an analyst follows has changed."""

from __future__ import annotations

import msgspec

from services.alerts.kinds.kind import Heard
from shared.contract.events import MICRO
from shared.contract.signals import ACTIONS, Action


class Watchlist(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Speaks when the action changes to one of `actions`. The rule's `only` says of what; it must be there."""

    actions: tuple[Action, ...] = ACTIONS
    within_hours: int = 48

    @property
    def hours(self) -> int:
        return self.within_hours

    def problem(self) -> str:
        return "" if self.actions else f"actions: name at least one of {', '.join(ACTIONS)}"

    def why(self, heard: Heard) -> str | None:
        signal = heard.signal
        last = heard.earlier[-1].action if heard.earlier else "hold"
        if signal.action == last or signal.action not in self.actions:
            return None
        return f"changed from {last} to {signal.action}, score {signal.score / MICRO:+.2f}"
