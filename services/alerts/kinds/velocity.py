"""velocity: a score or a feature moves by much within a window."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from services.alerts.kinds.kind import Heard, unknown_feature, value_of
from shared.clock import HOUR
from shared.contract.signals import Signal, feature_words


class Velocity(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Speaks when `feature` has changed by `rise` or `fall` against the oldest signal of the last `window_hours`.

    It speaks once: not while the signal before had moved as far already.
    """

    feature: str = "score"
    window_hours: int = 24
    rise: float | None = None  # above 0
    fall: float | None = None  # above 0: how far down

    @property
    def hours(self) -> int:
        return 2 * self.window_hours

    def problem(self) -> str:
        if self.rise is None and self.fall is None:
            return "give `rise`, `fall` or both, e.g. rise: 0.4"
        if min(value for value in (self.rise, self.fall) if value is not None) <= 0:
            return "rise and fall are distances and must be above 0"
        return unknown_feature(self.feature) or ("" if self.window_hours > 0 else "window_hours must be above 0")

    def why(self, heard: Heard) -> str | None:
        moved = self._direction([*heard.earlier, heard.signal])
        if not moved or moved == self._direction(heard.earlier):
            return None
        change = self._change([*heard.earlier, heard.signal]) or 0.0
        return (
            f"{feature_words(self.feature)} {'rose' if moved > 0 else 'fell'} by {abs(change):.2f} "
            f"within {self.window_hours} h to {value_of(heard.signal, self.feature):+.2f}"
        )

    def _direction(self, series: Sequence[Signal]) -> int:
        """1 or -1 when the last of `series` has moved far enough, else 0."""
        change = self._change(series)
        if change is None:
            return 0
        if self.rise is not None and change >= self.rise:
            return 1
        return -1 if self.fall is not None and -change >= self.fall else 0

    def _change(self, series: Sequence[Signal]) -> float | None:
        """Of the last of `series` against the oldest within the window before it; None when there is none."""
        if len(series) < 2:
            return None
        last, begin = series[-1], series[-1].at - self.window_hours * HOUR
        first = next(signal for signal in series if signal.at >= begin)
        return value_of(last, self.feature) - value_of(first, self.feature) if first is not last else None
