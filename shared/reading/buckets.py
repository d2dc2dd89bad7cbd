"""The stored buckets of a run. They are gathered by a small read-only script next to the data: it sends one MessagePack
value a slot back instead of tens of thousands of mostly empty replies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
import redis

from shared.contract.aggregates import Bucket, Resolution
from shared.contract.events import Channel
from shared.contract.keys import Keys
from shared.reading.round_trip import ask

MAX_STARTS: Final = 5_000  # Lua's unpack() takes about 8,000 values
NEVER: Final = 2**53  # a start later than every other

# KEYS: series hashes; ARGV: bucket starts -> MessagePack [[key index, start index, bucket], …], indexes from 1
_GATHER: Final = """
local found, n = {''}, 0
for i, key in ipairs(KEYS) do
  local values = redis.call('HMGET', key, unpack(ARGV))
  for j, value in ipairs(values) do
    if value then
      n = n + 1
      found[n + 1] = string.char(147) .. cmsgpack.pack(i) .. cmsgpack.pack(j) .. value
    end
  end
end
local function byte(shift) return math.floor(n / 2 ^ shift) % 256 end
found[1] = string.char(221, byte(24), byte(16), byte(8), byte(0))
return table.concat(found)
"""

_gathered = msgspec.msgpack.Decoder(list[tuple[int, int, Bucket]])


class Row(NamedTuple):
    """One stored bucket and where it lies; `start` in seconds."""

    company: str
    channel: Channel
    resolution: Resolution
    start: int
    bucket: Bucket


class Buckets:
    """Methods raise redis.RedisError, or msgspec.MsgspecError for values of another layout."""

    def __init__(self, client: redis.Redis, keys: Keys) -> None:
        self._client, self._keys = client, keys

    def rows(
        self, companies: Iterable[str], channels: Sequence[Channel], starts: Mapping[Resolution, Sequence[int]]
    ) -> list[Row]:
        """The stored buckets among `starts` (seconds), in no particular order. One round trip."""
        by_slot: dict[int, list[tuple[str, Channel]]] = {}
        for company in companies:
            by_slot.setdefault(self._keys.slot_of(company), []).extend((company, channel) for channel in channels)
        calls, asked = [], []
        for resolution, some in starts.items():
            for first in range(0, len(some), MAX_STARTS):
                part = some[first : first + MAX_STARTS]
                for series in by_slot.values():
                    names = [self._keys.series(company, channel, resolution) for company, channel in series]
                    calls.append(("EVAL", _GATHER, len(names), *names, *part))
                    asked.append((resolution, part, series))
        return [
            Row(*series[i - 1], resolution, part[j - 1], bucket)
            for reply, (resolution, part, series) in zip(ask(self._client, calls), asked, strict=True)
            for i, j, bucket in _gathered.decode(reply)
        ]

    def distinct(
        self, company: str, channels: Sequence[Channel], starts: Mapping[Resolution, Sequence[int]]
    ) -> tuple[int, int]:
        """Distinct authors and distinct story keys over hour and day buckets that start at `starts`."""
        where = [(c, r, start) for r, some in starts.items() for start in some for c in channels]
        authors = [("HKEYS", self._keys.authors(company, c, r, start)) for c, r, start in where]
        stories = [("HKEYS", self._keys.stories(company, c, r, start)) for c, r, start in where]
        replies = ask(self._client, [*authors, *stories])
        count = len(authors)
        return len(set().union(*replies[:count])), len(set().union(*replies[count:]))

    def first_day(self, company: str, channels: Sequence[Channel]) -> int:
        """Start of the company's first day bucket, in seconds; NEVER without one."""
        replies = ask(self._client, [("HKEYS", self._keys.series(company, channel, "day")) for channel in channels])
        return min((int(start) for reply in replies for start in reply), default=NEVER)
