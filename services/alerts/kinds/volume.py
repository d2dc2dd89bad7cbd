"""volume: far more is written about a company than usual."""

from __future__ import annotations

from typing import Literal

import msgspec

from services.alerts.kinds.kind import Heard, value_of

_MEANING = {"buzz": "documents of the last 24 h", "hour_buzz": "documents of the last hour"}


class Volume(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Speaks when `feature`, a z-score of the number of documents, reaches `z` and was below it before."""

    feature: Literal["buzz", "hour_buzz"] = "buzz"
    z: float = 3.0
    documents: int = 5  # fewer in the look-back are no spike
    within_hours: int = 48

    @property
    def hours(self) -> int:
        return self.within_hours

    def problem(self) -> str:
        return "" if self.z > 0 else "z must be above 0, e.g. z: 3"

    def why(self, heard: Heard) -> str | None:
        value = value_of(heard.signal, self.feature)
        if value < self.z or heard.signal.documents < self.documents:
            return None
        if heard.earlier and value_of(heard.earlier[-1], self.feature) >= self.z:
            return None
        return f"{_MEANING[self.feature]} are {value:.1f} standard deviations above the usual level"
