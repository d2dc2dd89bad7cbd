"""Shares of days that have ended, put together into one value a day (shared/contract/packed/shares.py).

Done at an unchanged position, under the same compare-and-set as everything else, from what is there: so it changes no
answer, may be done twice or not at all, and a late opinion is simply laid over it until the next time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from services.aggregation.core.state import SlotState
from services.aggregation.stores.redis_writes import Command
from shared.clock import DAY_SECONDS
from shared.contract.aggregates import DETAILED, Resolution, Share, unpack_share
from shared.contract.events import CHANNELS, Channel
from shared.contract.keys import Keys
from shared.contract.packed.shares import Day, Shares, field_of, number_of, pack_day, unpack_day

AT_ONCE: Final = 50  # companies' days in one step

DayKey = tuple[str, int]  # company, start of a day in seconds


class _Cell(NamedTuple):
    channel: Channel
    resolution: Resolution
    start: int


def due_days(loose: Sequence[bytes], until: int) -> list[DayKey]:
    """Of the fields of Keys.loose the days that ended by `until` (seconds), the oldest first."""
    days = (
        (name.partition("|")[2], int(name.partition("|")[0]) * DAY_SECONDS) for name in (raw.decode() for raw in loose)
    )
    return sorted((day for day in days if day[1] + DAY_SECONDS <= until), key=lambda day: (day[1], day[0]))


def packing(
    state: SlotState, days: Sequence[DayKey], keys: Keys, ask: Callable[[list[tuple[str, ...]]], list[Any]]
) -> Iterator[Command]:
    """What is to be written. `state` has these companies' starts; `ask`: answers of Redis, at the state's position."""
    cells = [(company, cell) for company, day in days for cell in _cells(state, company, day)]
    own = [("HGETALL", key) for company, cell in cells for key in _own(keys, company, cell)]
    # first what lies by itself: whoever packs meanwhile moves it from there to here, and it is seen in one of both
    packed = [("HGET", keys.packed(company), field_of(channel, day)) for company, day in days for channel in CHANNELS]
    found = ask([*own, *packed])
    answers, before_all = iter(found[: len(own)]), iter(found[len(own) :])
    for company, day in days:
        before = {channel: unpack_day(raw) if (raw := next(before_all)) else {} for channel in CHANNELS}
        after: dict[Channel, Day] = {}
        for cell in _cells(state, company, day):
            number = number_of(cell.resolution, cell.start)
            held = before[cell.channel].get(number, Shares({}, {}))
            authors, stories = held.authors | _shares(next(answers)), held.stories | _shares(next(answers))
            after.setdefault(cell.channel, {})[number] = Shares(authors, stories)
            for key in _own(keys, company, cell):
                yield "UNLINK", key, []
        for channel in CHANNELS:
            if channel in after:
                yield "HSET", keys.packed(company), [field_of(channel, day), pack_day(after[channel])]
            else:
                yield "HDEL", keys.packed(company), [field_of(channel, day)]
        name = f"{day // DAY_SECONDS}|{company}"
        yield "HDEL", keys.loose(state.slot), [name]
        if state.position is not None:  # what is there of the day now, the archive has once it is there
            yield "HSET", keys.worded(state.slot), [name, state.position.offset]


def _cells(state: SlotState, company: str, day: int) -> Iterator[_Cell]:
    """The buckets with shares that there are of one day."""
    for channel in CHANNELS:
        for resolution in DETAILED:
            series = state.series.get((company, channel, resolution))
            for start in series.between(day, day + DAY_SECONDS) if series is not None else ():
                yield _Cell(channel, resolution, start)


def _own(keys: Keys, company: str, cell: _Cell) -> tuple[str, str]:
    return keys.authors(company, *cell), keys.stories(company, *cell)


def _shares(raw: dict[bytes, bytes]) -> dict[str, Share]:
    return {name.decode(): unpack_share(value) for name, value in raw.items()}
