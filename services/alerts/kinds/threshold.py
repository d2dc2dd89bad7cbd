"""threshold: a score, a level or any other feature reaches a value that it did not have before."""

from __future__ import annotations

import msgspec

from services.alerts.kinds.kind import Heard, since, unknown_feature, value_of
from shared.contract.signals import feature_words


class Threshold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Speaks when `feature` crosses `above` upwards or `below` downwards; without a past, when it is there."""

    feature: str = "score"
    above: float | None = None
    below: float | None = None
    within_hours: int = 48  # an earlier signal that is older than this does not count

    @property
    def hours(self) -> int:
        return self.within_hours

    def problem(self) -> str:
        if self.above is None and self.below is None:
            return "give `above`, `below` or both, e.g. above: 0.5"
        return unknown_feature(self.feature) or ("" if self.within_hours >= 0 else "within_hours must not be negative")

    def why(self, heard: Heard) -> str | None:
        value = value_of(heard.signal, self.feature)
        last = value_of(heard.earlier[-1], self.feature) if heard.earlier else None
        name = feature_words(self.feature)
        if self.above is not None and value >= self.above and (last is None or last < self.above):
            return f"{name} is {value:+.2f}, at or above {self.above:+.2f} ({since(heard.earlier, self.feature)})"
        if self.below is not None and value <= self.below and (last is None or last > self.below):
            return f"{name} is {value:+.2f}, at or below {self.below:+.2f} ({since(heard.earlier, self.feature)})"
        return None
