"""A clock of a run that a record moved ahead: a former version took records that were dated in the future.

What came later is taken for old then, and is dropped; no signal is due. Such records are not taken any more
(services/aggregation/core/decoding.py), but what they did stays in Redis until the log is read again.
"""

from __future__ import annotations

from typing import Final

from shared.clock import DAY, to_iso
from shared.reading.run import RunView

AHEAD: Final = DAY  # a range that is known whole may promise a little more than has passed


def moved_ahead(run: RunView, now: int) -> str:
    """Which clock is ahead of `now` (microseconds), with the remedy; "" where none is."""
    for what, clocks in (("company", run.newest()), ("signals of partition", run.watermarks())):
        ahead = sorted(name for name, at in clocks.items() if at > now + AHEAD)
        if ahead:
            more = f" and {len(ahead) - 1:,} more" if len(ahead) > 1 else ""
            return (
                f"{what} {ahead[0]}{more}: a record that a former version took is dated {to_iso(clocks[ahead[0]])}, "
                "and what came since counts as old; without it: bellwether reset (reads the log again)"
            )
    return ""
