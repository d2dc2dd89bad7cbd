"""The version of a run's keys in Redis: an older program never touches a newer run, a newer one brings it up to date.

The rule is in docs/decisions/0004: what is only added needs no step here (it reads with its default); anything else
raises LAYOUT and adds a step to UPGRADES, which may be run again after it was killed half-way.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final, cast

import redis

from services.runtime.exits import ExitCode, WorkerStop
from shared.clock import DAY, DAY_SECONDS
from shared.contract.aggregates import DETAILED, LAYOUT, unpack_recent
from shared.contract.events import CHANNELS
from shared.contract.keys import Keys, run_key
from shared.reading.values.binding import read_binding, recorded_slots

FIELD: Final = "layout"  # of the run's hash; a run without it is of layout 1

log = logging.getLogger(__name__)


def _name_loose_days(client: redis.Redis, run: str) -> None:
    """To layout 2: shares of ended days are packed, so every day that has some in hashes of their own is named."""
    keys = Keys(run, recorded_slots(read_binding(client, run), run) or 1)
    for slot in range(keys.slots):
        for company in cast("list[bytes]", client.hkeys(keys.companies(slot))):
            name = company.decode()
            starts = (
                int(start)
                for resolution in DETAILED
                for channel in CHANNELS
                for start in cast("list[bytes]", client.hkeys(keys.series(name, channel, resolution)))
            )
            days = {f"{start // DAY_SECONDS}|{name}": "" for start in starts}
            if days:
                client.hset(keys.loose(slot), mapping=cast(Any, days))


def _name_worded_days(client: redis.Redis, run: str) -> None:
    """To layout 3: words of old documents leave for the archive, so every day that has some is named, with what the
    archive must have passed."""
    keys = Keys(run, recorded_slots(read_binding(client, run), run) or 1)
    for slot in range(keys.slots):
        offset = cast("bytes", client.get(keys.position(slot)) or b":0").rpartition(b":")[2]
        for company in cast("list[bytes]", client.hkeys(keys.companies(slot))):
            name = company.decode()
            hours = cast("list[bytes]", client.hkeys(keys.top(name)))
            recent = cast("list[bytes]", client.hvals(keys.recent(name)))
            days = {int(hour) // DAY_SECONDS for hour in hours}
            days |= {unpack_recent(raw).available_at // DAY for raw in recent}
            if days:
                client.hset(keys.worded(slot), mapping=cast(Any, {f"{day}|{name}": offset for day in days}))


# layout -> the step to the next one
UPGRADES: Final[dict[int, Callable[[redis.Redis, str], None]]] = {1: _name_loose_days, 2: _name_worded_days}


def bring_up_to_date(client: redis.Redis, run: str) -> None:
    """Take every step from the run's layout to this program's. Raises WorkerStop(REFUSED) for a newer run."""
    held: Any = client.hget(run_key(run), FIELD)
    layout = int(held) if held is not None else 1
    if layout > LAYOUT:
        raise WorkerStop(
            ExitCode.REFUSED,
            f"run {run!r} has layout {layout} in Redis, but this version supports {LAYOUT}; upgrade Bellwether, "
            "or start over: bellwether reset",
        )
    while layout < LAYOUT:
        log.info("run %s: from layout %d to %d", run, layout, layout + 1)
        UPGRADES[layout](client, run)
        layout += 1
        client.hset(run_key(run), FIELD, str(layout))
    if held is None:
        client.hset(run_key(run), FIELD, str(layout))
