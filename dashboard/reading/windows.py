"""Which buckets a window of market time needs: pure arithmetic on bucket starts (seconds since the epoch, UTC)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shared.clock import DAY_SECONDS, HOUR_SECONDS, SECOND
from shared.contract.aggregates import SECONDS, Resolution


@dataclass(frozen=True, slots=True)
class Window:
    """A length of market time, read as `coarse` buckets with `fine` ones at its edges."""

    label: str
    seconds: int
    coarse: Resolution
    fine: Resolution
    bins: int  # points of a sparkline over this window and the one before it


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


def period(newest: int, window: Window) -> Period:
    """The window that ends with the fine bucket holding `newest` (microseconds), so that the newest opinion counts."""
    fine = SECONDS[window.fine]
    end = (newest // SECOND // fine + 1) * fine
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
