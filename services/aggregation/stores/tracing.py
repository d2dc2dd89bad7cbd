"""Words of old documents leave Redis, once the archive has them (shared/contract/packed/traces.py).

By company and day, at an unchanged position, under the same compare-and-set as everything else: a company's latest
documents of the day, and the heaviest of its hours, become traces. A late opinion brings its own words, and its day
comes again. Nothing is left out of Redis that the archive does not have: a run without an archive keeps every word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from services.aggregation.core.state import Position, SlotState
from services.aggregation.stores.packing import DayKey
from services.aggregation.stores.redis_writes import Command
from shared.clock import DAY, DAY_SECONDS, SECOND
from shared.contract.aggregates import unpack_recent, unpack_top
from shared.contract.events import CHANNELS
from shared.contract.keys import Keys
from shared.contract.packed.traces import (
    BLOCK,
    FLOOR,
    NEWEST,
    RECENT,
    WHOLE,
    Trace,
    block_of,
    pack_traces,
    recent_traces,
    trace_of,
    unpack_traces,
)

AT_ONCE: Final = 100  # companies' days in one step

Ask = Callable[[list[tuple[str, ...]]], list[Any]]


def day_field(day: DayKey) -> str:
    """The field of Keys.loose and Keys.worded that names a company's day."""
    return f"{day[1] // DAY_SECONDS}|{day[0]}"


def old_days(worded: Mapping[bytes, bytes], newest: Mapping[bytes, bytes], archived: Position | None) -> list[DayKey]:
    """Of Keys.worded the days that are old and archived; one company's days of a block together."""
    found = []
    for raw, offset in worded.items():
        number, _, company = raw.decode().partition("|")
        day = int(number) * DAY_SECONDS
        reached = int(newest.get(company.encode(), b"0"))
        if archived is not None and int(offset) <= archived.offset and (day + DAY_SECONDS) * SECOND + WHOLE <= reached:
            found.append((company, day))
    return sorted(found, key=lambda day: (day[1] // BLOCK, day))


class _Found(NamedTuple):
    """What Redis has of a company's day."""

    hours: list[int]  # with buckets
    tops: list[bytes | None]
    recent: list[bytes]


def tracing(state: SlotState, days: Sequence[DayKey], keys: Keys, ask: Ask) -> Iterator[Command]:
    """What is to be written. `state` has these companies; `ask`: answers of Redis, at the state's position. A day with
    late opinions since it was looked for is left for the next time."""
    loose = ask([("HGET", keys.loose(state.slot), day_field(day)) for day in days])
    days = [day for day, late in zip(days, loose, strict=True) if late is None]
    found = _found(state, days, keys, ask)
    companies = list(dict.fromkeys(company for company, _ in days))
    blocks = list(dict.fromkeys((company, block_of(day)) for company, day in days))
    asked: list[tuple[str, ...]] = [("HMGET", keys.traces(company), RECENT, FLOOR) for company in companies]
    asked += [("HGET", keys.traces(company), block) for company, block in blocks]
    answers = ask(asked)
    for company, held in zip(companies, answers, strict=False):
        own = [found[day] for day in days if day[0] == company]
        yield from _recent(state, company, recent_traces(*held), own, keys)
    for (company, block), raw in zip(blocks, answers[len(companies) :], strict=True):
        own_days = [day for day in days if day[0] == company and block_of(day[1]) == block]
        yield from _heaviest(state, company, block, unpack_traces(raw), [found[day] for day in own_days], keys)
    yield "HDEL", keys.worded(state.slot), [day_field(day) for day in days]


def _found(state: SlotState, days: Sequence[DayKey], keys: Keys, ask: Ask) -> dict[DayKey, _Found]:
    hours = [_hours(state, company, day, day + DAY_SECONDS) for company, day in days]
    ids = [_ids(state, company, day) for company, day in days]
    asked: list[tuple[str, ...]] = []
    for (company, _), some, names in zip(days, hours, ids, strict=True):
        asked += [("HMGET", keys.top(company), *map(str, some))] if some else []
        asked += [("HMGET", keys.recent(company), *names)] if names else []
    answers = iter(ask(asked))
    return {
        day: _Found(some, next(answers) if some else [], [raw for raw in next(answers) if raw] if names else [])
        for day, some, names in zip(days, hours, ids, strict=True)
    }


def _hours(state: SlotState, company: str, begin: int, end: int) -> list[int]:
    """The hours of [begin, end) of which there are buckets."""
    every = (state.series.get((company, channel, "hour")) for channel in CHANNELS)
    return sorted({start for series in every if series is not None for start in series.between(begin, end)})


def _ids(state: SlotState, company: str, day: int) -> list[str]:
    """The latest documents of a day."""
    known = state.companies.get(company)
    begin, end = day * SECOND, day * SECOND + DAY
    return [name for at, name in known.recent if begin <= at < end] if known is not None else []


def _recent(state: SlotState, company: str, held: list[Trace], days: Sequence[_Found], keys: Keys) -> Iterator[Command]:
    fresh = [trace_of(unpack_recent(raw)) for found in days for raw in found.recent]
    if not fresh:
        return
    known = state.companies[company].ids
    kept = {each.id: each for each in (*held, *fresh) if known.get(each.id) == each.available_at}
    traces = sorted(kept.values(), key=lambda each: (each.available_at, each.id))
    yield "HSET", keys.traces(company), [RECENT, pack_traces(traces), NEWEST, traces[-1].available_at]
    yield "HDEL", keys.traces(company), [FLOOR]
    yield "HDEL", keys.recent(company), [each.id for each in fresh]


def _heaviest(
    state: SlotState, company: str, block: str, held: list[Trace], days: Sequence[_Found], keys: Keys
) -> Iterator[Command]:
    """Hours that went by retention leave the block here."""
    begin = int(block) * BLOCK
    there = set(_hours(state, company, begin, begin + BLOCK))
    by_hour: dict[int, list[Trace]] = {}
    for each in held:
        by_hour.setdefault(each.hour, []).append(each)
    fresh = {
        hour: list(map(trace_of, unpack_top(raw)))
        for found in days
        for hour, raw in zip(found.hours, found.tops, strict=True)
        if raw
    }
    kept = {hour: each for hour, each in sorted((by_hour | fresh).items()) if hour in there}
    if kept:
        yield "HSET", keys.traces(company), [block, pack_traces(each for some in kept.values() for each in some)]
    elif held:
        yield "HDEL", keys.traces(company), [block]
    yield "HDEL", keys.top(company), list(fresh)
