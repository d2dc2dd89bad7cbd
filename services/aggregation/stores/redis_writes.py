"""A plan as Redis commands, and the one script that applies them all or, when the position has moved, none.

Everything is handed over as strings: numbers in Lua are doubles and would lose digits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from services.aggregation.core.duplicates import pack_window
from services.aggregation.core.plan import Plan
from services.aggregation.core.state import Position, SeriesKey, Writes
from shared.clock import DAY_SECONDS
from shared.contract.aggregates import DETAILED, Totals, pack
from shared.contract.keys import Keys
from shared.contract.operation.composition import pack_day
from shared.contract.packed.traces import FLOOR, pack_floor

APPLY: Final = """
local stored = redis.call('GET', KEYS[1]) or ''
if stored ~= ARGV[1] then return 0 end
if ARGV[3] ~= '*' and (redis.call('HGET', KEYS[2], 'stamp') or '') ~= ARGV[3] then return 0 end
local i = 5
while i <= #ARGV do
  local n = tonumber(ARGV[i + 2])
  redis.call(ARGV[i], KEYS[tonumber(ARGV[i + 1])], unpack(ARGV, i + 3, i + 2 + n))
  i = i + 3 + n
end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('HSET', KEYS[2], 'stamp', ARGV[4])
return 1
"""
# KEYS: the position, the chain, then every key that is written. ARGV: the position expected ("" for none) and the new
# one, the stamp expected ("*" for any) and the new one, then commands as: name, index into KEYS, number of arguments,
# arguments.

MOST_ARGUMENTS: Final = 2000  # of one command: Lua's unpack() holds a few thousand

Value = str | bytes | int
Command = tuple[str, str, list[Value]]  # name, key, arguments

_json = msgspec.json.Encoder().encode


class Step(NamedTuple):
    """From where to where a write moves a slot. A stamp is of one write: two histories of a slot may pass the same
    position, and where Redis lost what came last, it goes on with another one (docs/decisions/0286)."""

    expected: Position | None
    position: Position
    expected_stamp: str
    stamp: str


def script_arguments(plan: Plan, keys: Keys, expected_stamp: str, stamp: str) -> tuple[list[str], list[Value]]:
    """KEYS and ARGV of APPLY for one plan."""
    step = Step(plan.expected, plan.position, expected_stamp, stamp)
    return arguments_of(keys, plan.slot, step, commands(plan, keys))


def arguments_of(keys: Keys, slot: int, step: Step, some: Iterable[Command]) -> tuple[list[str], list[Value]]:
    """KEYS and ARGV of APPLY for some commands."""
    names: dict[str, int] = {keys.position(slot): 1, keys.chain(slot): 2}
    before = step.expected.text() if step.expected is not None else ""
    arguments: list[Value] = [before, step.position.text(), step.expected_stamp, step.stamp]
    for command, key, values in some:
        if not values and command != "UNLINK":
            continue
        index = names.setdefault(key, len(names) + 1)
        for part in _parts(values):
            arguments += (command, index, len(part))
            arguments += part
    return list(names), arguments


def commands(plan: Plan, keys: Keys) -> Iterator[Command]:
    """What a plan writes."""
    writes, slot = plan.writes, plan.slot
    if writes.chain is not None:
        yield "HSET", keys.chain(slot), _fields(writes.chain.fields().items())
    yield "HSET", keys.totals(slot), _fields((name, getattr(writes.totals, name)) for name in Totals.__struct_fields__)
    yield "HSET", keys.marks(slot), _fields((s, f"{mark[0]},{mark[1]}") for s, mark in writes.marks.items())
    yield "HSET", keys.watermarks(slot), _fields(writes.watermarks.items())
    yield "HSET", keys.streams(slot), _fields((s, pack_window(window)) for s, window in writes.windows.items())
    yield "HSET", keys.letters(slot), _fields(writes.letters.items())
    for (stream, chunk), added in writes.ids.items():
        yield "HSET", keys.ids(slot, stream, chunk), _fields(added.items())
    for stream, chunk in writes.dropped_chunks:
        yield "UNLINK", keys.ids(slot, stream, chunk), []
    yield "HSET", keys.composition(slot), _fields((str(number), pack_day(day)) for number, day in writes.days.items())
    yield "HDEL", keys.composition(slot), list(writes.dropped_days)
    yield from _companies(writes, keys, slot)
    yield from _cells(writes, keys)
    yield "HSET", keys.loose(slot), _fields((name, "") for name in _loose(writes))
    for key, starts in writes.dropped_cells:
        yield from _dropped(key, starts, keys)
    for name, fields in writes.hashes.items():
        yield "HSET", name, _fields(fields.items())
    for name, gone in writes.unset.items():
        yield "HDEL", name, list(gone)
    yield from _closing(writes, keys.closing(slot))


def _closing(writes: Writes, key: str) -> Iterator[Command]:
    """Which hours still owe signals, and up to where they were given out."""
    hours = [(hour, "pending") for hour in writes.pending] + [(hour, "late") for hour in writes.late]
    yield "HDEL", key, [f"{start}|{company}" for company, start in writes.settled]
    yield "HSET", key, _fields((f"{start}|{company}", kind) for (company, start), kind in hours)
    if writes.closed is not None:
        yield "HSET", key, ["closed", writes.closed]


def _companies(writes: Writes, keys: Keys, slot: int) -> Iterator[Command]:
    newest = ((c, draft.newest) for c, draft in writes.companies.items() if draft.newest is not None)
    yield "HSET", keys.companies(slot), _fields(newest)
    for company, draft in writes.companies.items():
        yield "HSET", keys.recent(company), _fields((name, _json(doc)) for name, doc in draft.added.items())
        yield "HDEL", keys.recent(company), list(draft.removed)
        if draft.removed and draft.recent:  # some of them may be among the traces, which stay as they are
            yield "HSET", keys.traces(company), [FLOOR, pack_floor(draft.recent[0])]
    for (company, hour), documents in writes.tops.items():
        yield "HSET", keys.top(company), [hour, _json(documents)]
    for company, hour in writes.dropped_tops:
        yield "HDEL", keys.top(company), [hour]


def _cells(writes: Writes, keys: Keys) -> Iterator[Command]:
    for (company, channel, resolution, start), draft in writes.cells.items():
        yield "HSET", keys.series(company, channel, resolution), [start, pack(draft.bucket)]
        if resolution in DETAILED:
            yield (
                "HSET",
                keys.authors(company, channel, resolution, start),
                _fields((name, pack(share)) for name, share in draft.authors.items()),
            )
            yield (
                "HSET",
                keys.stories(company, channel, resolution, start),
                _fields((name, pack(share)) for name, share in draft.stories.items()),
            )


def _loose(writes: Writes) -> list[str]:
    """The days of which shares were written into hashes of their own, or buckets went (packing.py)."""
    written = ((company, start) for company, _, resolution, start in writes.cells if resolution in DETAILED)
    gone = (
        (company, start)
        for (company, _, resolution), starts in writes.dropped_cells
        for start in (starts if resolution in DETAILED else ())
    )
    return sorted({f"{start // DAY_SECONDS}|{company}" for company, start in (*written, *gone)})


def _dropped(key: SeriesKey, starts: Sequence[int], keys: Keys) -> Iterator[Command]:
    company, channel, resolution = key
    yield "HDEL", keys.series(company, channel, resolution), list(starts)
    if resolution in DETAILED:
        for start in starts:
            yield "UNLINK", keys.authors(company, channel, resolution, start), []
            yield "UNLINK", keys.stories(company, channel, resolution, start), []


def _fields(pairs: Iterable[tuple[str, Value]]) -> list[Value]:
    return [value for pair in pairs for value in pair]


def _parts(values: list[Value]) -> Iterator[list[Value]]:
    """`values` in commands of bounded length (an even one, so that fields stay with their values)."""
    for start in range(0, max(len(values), 1), MOST_ARGUMENTS):
        yield values[start : start + MOST_ARGUMENTS]
