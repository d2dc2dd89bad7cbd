"""The stored buckets of a run. They are gathered by a small read-only script next to the data: it sends one MessagePack
value a slot back instead of tens of thousands of mostly empty replies.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from operator import attrgetter
from typing import Any, Final, NamedTuple

import msgspec
import redis

from shared.contract.aggregates import Bucket, Resolution
from shared.contract.events import Channel
from shared.contract.keys import Keys
from shared.contract.packed.shares import Shares, field_of, number_of, unpack_day
from shared.contract.voices import authors_in
from shared.reading.round_trip import ask

MAX_STARTS: Final = 5_000  # Lua's unpack() takes about 8,000 values
NAMED_AT_ONCE: Final = 500  # buckets' starts whose authors and stories are read at once
_NONE: Final = Shares({}, {})
NEVER: Final = 2**53  # a start later than every other

# KEYS: series hashes; ARGV: bucket starts -> MessagePack [[key index, start index, bucket], …], indexes from 1. Of a
# company that is seldom heard of all there is is fewer than what is asked for
_GATHER: Final = """
local found, n, wanted = {''}, 0, {}
for j, start in ipairs(ARGV) do wanted[start] = j end
local function take(i, j, value)
  n = n + 1
  found[n + 1] = string.char(147) .. cmsgpack.pack(i) .. cmsgpack.pack(j) .. value
end
for i, key in ipairs(KEYS) do
  if redis.call('HLEN', key) < #ARGV then
    local held = redis.call('HGETALL', key)
    for at = 1, #held, 2 do
      local j = wanted[held[at]]
      if j then take(i, j, held[at + 1]) end
    end
  else
    for j, value in ipairs(redis.call('HMGET', key, unpack(ARGV))) do
      if value then take(i, j, value) end
    end
  end
end
local function byte(shift) return math.floor(n / 2 ^ shift) % 256 end
found[1] = string.char(221, byte(24), byte(16), byte(8), byte(0))
return table.concat(found)
"""

_gathered = msgspec.msgpack.Decoder(list[tuple[int, int, Bucket]])


class _Sums(msgspec.Struct, array_like=True, gc=False):
    """The sums of a Bucket, which come first in it; of what follows nothing is made."""

    documents: int
    positive: int
    neutral: int
    negative: int
    weight_sum: int
    score_sum: int
    score_square_sum: int
    authors: int
    stories: int


class _Placed(msgspec.Struct, array_like=True, gc=False):
    key: int
    start: int
    sums: _Sums


SUMS: Final = _Sums.__struct_fields__
_placed = msgspec.msgpack.Decoder(list[_Placed])


def _names(raw: list[bytes]) -> set[str]:
    return {name.decode() for name in raw}


_Asked = tuple[Resolution, Sequence[int], list[tuple[str, Channel]]]  # resolution, starts, keys


class Row(NamedTuple):
    """One stored bucket and where it lies; `start` in seconds."""

    company: str
    channel: Channel
    resolution: Resolution
    start: int
    bucket: Bucket


class Columns(NamedTuple):
    """Stored buckets, a column each, in no particular order: company, channel and resolution (objects), start (seconds)
    and what SUMS names (int64)."""

    company: Any
    channel: Any
    resolution: Any
    start: Any
    sums: dict[str, Any]


class Buckets:
    """Methods raise redis.RedisError, or msgspec.MsgspecError for values of another layout."""

    def __init__(self, client: redis.Redis, keys: Keys) -> None:
        self._client, self._keys = client, keys

    def rows(
        self, companies: Iterable[str], channels: Sequence[Channel], starts: Mapping[Resolution, Sequence[int]]
    ) -> list[Row]:
        """The stored buckets among `starts` (seconds), in no particular order. One round trip."""
        return [
            Row(*series[i - 1], resolution, part[j - 1], bucket)
            for reply, (resolution, part, series) in self._gather(companies, channels, starts)
            for i, j, bucket in _gathered.decode(reply)
        ]

    def columns(
        self, companies: Iterable[str], channels: Sequence[Channel], starts: Mapping[Resolution, Sequence[int]]
    ) -> Columns:
        """The same without sources and events, for thousands of companies: no object is made of a bucket."""
        import numpy as np

        parts: list[list[Any]] = [[np.empty(0, object)] * 3 + [np.empty(0, np.int64)] * (1 + len(SUMS))]
        for reply, (resolution, part, series) in self._gather(companies, channels, starts):
            placed = _placed.decode(reply)
            if not placed:
                continue
            keys = np.fromiter((each.key for each in placed), np.int64, len(placed)) - 1
            places = np.fromiter((each.start for each in placed), np.int64, len(placed)) - 1
            names, told = (np.array(each, object) for each in zip(*series, strict=True))
            sums = [each.sums for each in placed]
            parts.append(
                [
                    names[keys],
                    told[keys],
                    np.full(len(placed), resolution, object),
                    np.array(part, np.int64)[places],
                    *(np.fromiter(map(attrgetter(name), sums), np.int64, len(sums)) for name in SUMS),
                ]
            )
        whole = [np.concatenate(column) for column in zip(*parts, strict=True)]
        company, channel, kind, start, *added = whole
        return Columns(company, channel, kind, start, dict(zip(SUMS, added, strict=True)))

    def _gather(
        self, companies: Iterable[str], channels: Sequence[Channel], starts: Mapping[Resolution, Sequence[int]]
    ) -> Iterator[tuple[bytes, _Asked]]:
        """What _GATHER answers, and what was asked of it. One round trip."""
        by_slot: dict[int, list[tuple[str, Channel]]] = {}
        for company in companies:
            by_slot.setdefault(self._keys.slot_of(company), []).extend((company, channel) for channel in channels)
        calls, asked = [], list[_Asked]()
        for resolution, some in starts.items():
            for first in range(0, len(some), MAX_STARTS):
                part = some[first : first + MAX_STARTS]
                for series in by_slot.values():
                    names = [self._keys.series(company, channel, resolution) for company, channel in series]
                    calls.append(("EVAL", _GATHER, len(names), *names, *part))
                    asked.append((resolution, part, series))
        return zip(ask(self._client, calls), asked, strict=True)

    def distinct(
        self, company: str, channels: Sequence[Channel], starts: Mapping[Resolution, Sequence[int]]
    ) -> tuple[int, int]:
        """Distinct authors and distinct story keys over hour and day buckets that start at `starts`."""
        where = [(c, r, start) for r, some in starts.items() for start in some for c in channels]
        authors, stories = self._names(company, where)
        return len(set().union(*authors)), len(set().union(*stories))

    def distinct_each(
        self, company: str, resolution: Resolution, channels: Mapping[int, Collection[Channel]]
    ) -> dict[int, tuple[int, int]]:
        """The same of each start by itself, over the channels that are named with it. One round trip for NAMED_AT_ONCE
        starts."""
        starts, found = list(channels), dict[int, tuple[int, int]]()
        for first in range(0, len(channels), NAMED_AT_ONCE):
            some = starts[first : first + NAMED_AT_ONCE]
            authors, stories = self._names(company, [(c, resolution, start) for start in some for c in channels[start]])
            for start in some:
                own = len(channels[start])
                found[start] = len(set().union(*islice(authors, own))), len(set().union(*islice(stories, own)))
        return found

    def _names(
        self, company: str, where: Sequence[tuple[Channel, Resolution, int]]
    ) -> tuple[Iterator[set[str]], Iterator[set[str]]]:
        """The authors of each of these buckets, and its story keys. One round trip."""
        authors = [("HKEYS", self._keys.authors(company, *each)) for each in where]
        stories = [("HKEYS", self._keys.stories(company, *each)) for each in where]
        # behind them what is packed: whoever packs meanwhile moves it from there to here
        days = list(dict.fromkeys(field_of(channel, start) for channel, _, start in where))
        packed = [("HGET", self._keys.packed(company), day) for day in days]
        replies = ask(self._client, [*authors, *stories, *packed])
        known = {day: unpack_day(raw) if raw else {} for day, raw in zip(days, replies[2 * len(where) :], strict=True)}
        held = [known[field_of(channel, start)].get(number_of(kind, start), _NONE) for channel, kind, start in where]
        by_authors, by_stories = replies[: len(where)], replies[len(where) : 2 * len(where)]
        return (
            iter([authors_in(_names(own) | each.authors.keys()) for own, each in zip(by_authors, held, strict=True)]),
            iter([_names(own) | each.stories.keys() for own, each in zip(by_stories, held, strict=True)]),
        )

    def first_day(self, company: str, channels: Sequence[Channel]) -> int:
        """Start of the company's first day bucket, in seconds; NEVER without one."""
        replies = ask(self._client, [("HKEYS", self._keys.series(company, channel, "day")) for channel in channels])
        return min((int(start) for reply in replies for start in reply), default=NEVER)
