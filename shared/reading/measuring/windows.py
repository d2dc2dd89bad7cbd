"""Which buckets a window of market time needs: pure arithmetic on bucket starts (seconds since the epoch, UTC)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from shared.clock import DAY_SECONDS, HOUR, HOUR_SECONDS, SECOND
from shared.contract.aggregates import SECONDS, Resolution

AHEAD: Final = HOUR  # how far the clocks of sources may be ahead, as at ingest


@dataclass(frozen=True, slots=True)
class Window:
    """A length of market time, read as `coarse` buckets with `fine` ones at its edges."""

    label: str
    seconds: int
    coarse: Resolution
    fine: Resolution
    bins: int  # points of a sparkline over this window and the one before it
    end: int | None = None  # seconds since the epoch; None: it ends with the newest opinion

    @property
    def nothing(self) -> Period:
        """Where there is no opinion yet."""
        return Period(0, 0, 0)

    def covers(self, instant: int) -> bool:
        """Whether an instant (microseconds) lies in a window that has an end of its own."""
        return self.end is not None and self.end - self.seconds <= instant // SECOND < self.end


WINDOWS: Final[dict[str, Window]] = {
    window.label: window
    for window in (
        Window("1h", HOUR_SECONDS, "minute", "minute", 24),
        Window("6h", 6 * HOUR_SECONDS, "hour", "minute", 12),
        Window("24h", DAY_SECONDS, "hour", "minute", 24),
        Window("7d", 7 * DAY_SECONDS, "day", "hour", 14),
        Window("30d", 30 * DAY_SECONDS, "day", "hour", 30),
    )
}


@dataclass(frozen=True, slots=True)
class Period:
    """[start, end) in seconds, and the equally long [before, start) in front of it."""

    before: int
    start: int
    end: int


_LONG: Final = 90 * DAY_SECONDS  # from here on a range is read in whole days


def between(label: str, start: int, end: int) -> Window:
    """The window over [start, end) seconds, outwards to whole hours, or to whole days of UTC where it is long."""
    fine: Resolution = "day" if end - start >= _LONG else "hour"
    step = SECONDS[fine]
    first, last = start // step * step, -(-end // step) * step
    bins = 24 if last - first <= DAY_SECONDS else 30
    return Window(label, last - first, "hour" if last - first <= DAY_SECONDS else "day", fine, bins, last)


def clock(newest: Iterable[int], now: int) -> int:
    """A page's "now": the highest available_at that is at most an hour ahead of the wall clock `now` (microseconds).

    A record that is stamped further ahead must not move the page (design 2.3); where there are only such, it is `now`.
    0 without any.
    """
    times = list(newest)
    return max((at for at in times if at <= now + AHEAD), default=now if times else 0)


def period(newest: int, window: Window) -> Period:
    """The window that ends with the fine bucket holding `newest` (microseconds), so that the newest opinion counts, or
    where it has an end of its own."""
    fine = SECONDS[window.fine]
    end = (newest // SECOND // fine + 1) * fine if window.end is None else window.end
    return Period(end - 2 * window.seconds, end - window.seconds, end)


def cover(start: int, end: int, coarse: Resolution, fine: Resolution) -> dict[Resolution, list[int]]:
    """Starts of the buckets whose union is exactly [start, end), as few as the two resolutions allow.

    `start` and `end` must be multiples of the fine length; raises ValueError otherwise.
    """
    step, whole = SECONDS[fine], SECONDS[coarse]
    if start % step or end % step:
        raise ValueError(f"[{start}, {end}) does not begin and end on a {fine}")
    first, last = -(-start // whole) * whole, end // whole * whole
    if coarse == fine or first >= last:
        return {fine: list(range(start, end, step))}
    edges = [*range(start, first, step), *range(last, end, step)]
    return {coarse: list(range(first, last, whole)), **({fine: edges} if edges else {})}


def needed(span: Period, window: Window) -> dict[Resolution, list[int]]:
    """Buckets of the window and of the one before it; none straddles the boundary between the two."""
    starts: dict[Resolution, list[int]] = {}
    for start, end in ((span.before, span.start), (span.start, span.end)):
        for resolution, some in cover(start, end, window.coarse, window.fine).items():
            starts.setdefault(resolution, []).extend(some)
    return starts
