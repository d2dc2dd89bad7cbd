"""All that the dashboard reads from Redis: one run's aggregates. Nothing here is cached or drawn; written is only what
a reader does: follows, thumbs, alerts seen.

All commands of one slot travel in one pipeline. Buckets are gathered by a small read-only script next to the data:
it sends one MessagePack value a slot back instead of tens of thousands of mostly empty replies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final, NamedTuple, cast

import msgspec
import numpy as np
import pandas as pd
import redis

from shared.clock import SECOND
from shared.contract import aggregates
from shared.contract.aggregates import SECONDS, Bucket, RecentDocument, Resolution, Totals
from shared.contract.alerts import Alert, ChannelState, decode_alert, decode_channel, decode_delivery
from shared.contract.events import Channel
from shared.contract.health import WorkerReport, decode_report
from shared.contract.keys import Keys, prices_key, run_key, worker_key
from shared.contract.signals import Signal, decode_revisions, decode_signal
from shared.contract.topics import Topics
from shared.reading.profiles import Profiles

MAX_STARTS: Final = 5_000  # Lua's unpack() takes about 8,000 values

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

# KEYS: recent hashes; ARGV: earliest and latest available_at -> the JSON of the documents between them
_BETWEEN: Final = """
local found, from, to = {}, tonumber(ARGV[1]), tonumber(ARGV[2])
for _, key in ipairs(KEYS) do
  for _, value in ipairs(redis.call('HVALS', key)) do
    local at = tonumber(string.match(value, '"available_at":(%d+)'))
    if at and at >= from and at < to then found[#found + 1] = value end
  end
end
return found
"""

_gathered = msgspec.msgpack.Decoder(list[tuple[int, int, Bucket]])
COLUMNS: Final = (
    "documents",
    "positive",
    "neutral",
    "negative",
    "weight_sum",
    "score_sum",
    "score_square_sum",
    "authors",
    "stories",
)
_sums = attrgetter(*COLUMNS)


class Row(NamedTuple):
    """One stored bucket and where it lies; `start` in seconds."""

    company: str
    channel: Channel
    resolution: Resolution
    start: int
    bucket: Bucket


class Store:
    """Read access to one run. Methods raise redis.RedisError, or msgspec.MsgspecError for values of another layout."""

    def __init__(self, client: redis.Redis, run: str, default_slots: int) -> None:
        self._client = client
        self.run = run
        self._default_slots = default_slots
        self._known_workers: set[bytes] = set()

    def bound_to(self) -> dict[str, str]:
        """What the run is bound to (model id, partition counts, …); empty before its first worker."""
        raw = cast(dict[bytes, bytes], self._client.hgetall(run_key(self.run)))
        return {key.decode(): value.decode(errors="replace") for key, value in raw.items()}

    def keys(self) -> Keys:
        """Key names of the run, for the number of slots that it was created with."""
        recorded = self.bound_to().get(f"partitions.{Topics(self.run).opinions}", "")
        return Keys(self.run, int(recorded) if recorded.isdigit() and int(recorded) else self._default_slots)

    def newest(self, keys: Keys) -> dict[str, int]:
        """Company id -> its highest available_at (microseconds), for every company with an opinion."""
        replies = self._pipelined([("HGETALL", keys.companies(slot)) for slot in range(keys.slots)])
        found: dict[str, int] = {}
        for reply in replies:
            found |= {name.decode(): int(value) for name, value in reply.items()}
        return found

    def rows(
        self,
        keys: Keys,
        companies: Iterable[str],
        channels: Sequence[Channel],
        starts: Mapping[Resolution, Sequence[int]],
    ) -> list[Row]:
        """The stored buckets among `starts` (seconds), in no particular order. One round trip."""
        by_slot: dict[int, list[tuple[str, Channel]]] = {}
        for company in companies:
            by_slot.setdefault(keys.slot_of(company), []).extend((company, channel) for channel in channels)
        calls, asked = [], []
        for resolution, some in starts.items():
            for first in range(0, len(some), MAX_STARTS):
                part = some[first : first + MAX_STARTS]
                for series in by_slot.values():
                    names = [keys.series(company, channel, resolution) for company, channel in series]
                    calls.append(("EVAL", _GATHER, len(names), *names, *part))
                    asked.append((resolution, part, series))
        return [
            Row(*series[i - 1], resolution, part[j - 1], bucket)
            for reply, (resolution, part, series) in zip(self._pipelined(calls), asked, strict=True)
            for i, j, bucket in _gathered.decode(reply)
        ]

    def documents(self, keys: Keys, companies: Iterable[str], start: int, end: int) -> list[RecentDocument]:
        """Recent documents with `start` <= available_at < `end` (microseconds), newest first."""
        by_slot: dict[int, list[str]] = {}
        for company in companies:
            by_slot.setdefault(keys.slot_of(company), []).append(keys.recent(company))
        replies = self._pipelined([("EVAL", _BETWEEN, len(some), *some, start, end) for some in by_slot.values()])
        found = [aggregates.unpack_recent(raw) for reply in replies for raw in reply]
        return sorted(found, key=lambda document: (-document.available_at, document.id, document.company))

    def behind(self, keys: Keys, company: str, start: int, end: int) -> list[RecentDocument]:
        """Kept documents of one company in [start, end) seconds: recent ones and each hour's heaviest; newest first."""
        hour = SECONDS["hour"]
        hours = list(range(start // hour * hour, end, hour))
        kept = {d.id: d for d in self.documents(keys, [company], start * SECOND, end * SECOND)}
        for raw in cast(list[bytes | None], self._client.hmget(keys.top(company), [str(h) for h in hours])):
            for document in aggregates.unpack_top(raw) if raw else ():
                if start * SECOND <= document.available_at < end * SECOND:
                    kept.setdefault(document.id, document)
        return sorted(kept.values(), key=lambda document: (-document.available_at, document.id))

    def distinct(
        self, keys: Keys, company: str, channels: Sequence[Channel], starts: Mapping[Resolution, Sequence[int]]
    ) -> tuple[int, int]:
        """Distinct authors and distinct story keys over hour and day buckets that start at `starts`."""
        where = [(c, r, start) for r, some in starts.items() for start in some for c in channels]
        authors = [("HKEYS", keys.authors(company, c, r, start)) for c, r, start in where]
        stories = [("HKEYS", keys.stories(company, c, r, start)) for c, r, start in where]
        replies = self._pipelined([*authors, *stories])
        count = len(authors)
        return len(set().union(*replies[:count])), len(set().union(*replies[count:]))

    def first_day(self, keys: Keys, company: str, channels: Sequence[Channel]) -> int:
        """Start of the company's first day bucket, in seconds; 2**53 without one."""
        replies = self._pipelined([("HKEYS", keys.series(company, channel, "day")) for channel in channels])
        return min((int(start) for reply in replies for start in reply), default=2**53)

    def prices(self, company: str) -> pd.DataFrame:
        """Columns date, open, high, low, close, volume, by date; empty where there are none."""
        raw = cast(dict[bytes, bytes], self._client.hgetall(prices_key(company)))
        values = [(date.decode(), *msgspec.json.decode(value, type=list[float])) for date, value in sorted(raw.items())]
        return pd.DataFrame(values, columns=["date", "open", "high", "low", "close", "volume"])

    def latest_signals(self, keys: Keys) -> list[Signal]:
        """The latest signal of every company and strategy; strongest conviction first."""
        replies = self._pipelined([("HVALS", keys.latest_signals(slot)) for slot in range(keys.slots)])
        found = [decode_signal(raw) for reply in replies for raw in reply]
        return sorted(found, key=lambda signal: (-abs(signal.score), signal.company, signal.strategy))

    def signal_history(self, keys: Keys, company: str, strategy: str) -> list[Signal]:
        """The last revision of each of a company's signals, oldest first."""
        raw = cast(list[bytes], self._client.hvals(keys.signals(company, strategy)))
        return sorted((decode_revisions(value)[-1] for value in raw), key=lambda signal: signal.at)

    def alerts(self, keys: Keys) -> list[tuple[int, Alert]]:
        """(number, alert) of those that are kept, newest first."""
        raw = cast(dict[bytes, bytes], self._client.hgetall(keys.alerts()))
        return [(int(number), decode_alert(raw[number])) for number in sorted(raw, key=int, reverse=True)]

    def alert_totals(self, keys: Keys) -> dict[str, int]:
        """`given`, `limited`, `invalid`, as far as there are any."""
        raw = cast(dict[bytes, bytes], self._client.hgetall(keys.alert_totals()))
        return {name.decode(): int(value) for name, value in raw.items()}

    def alert_channels(self, keys: Keys) -> dict[str, ChannelState]:
        """What became of each channel's deliveries, by name."""
        raw = cast(dict[bytes, bytes], self._client.hgetall(keys.alert_channels()))
        return {name.decode(): decode_channel(value) for name, value in sorted(raw.items())}

    def alert_waiting(self, keys: Keys) -> dict[str, int]:
        """Channel -> deliveries that are not sent yet."""
        found: dict[str, int] = {}
        for raw in cast(list[bytes], self._client.hvals(keys.alert_outbox())):
            channel = decode_delivery(raw).channel
            found[channel] = found.get(channel, 0) + 1
        return found

    def alerts_seen(self, keys: Keys, profile: str) -> int:
        """The number up to which a profile has seen the alerts."""
        return int(cast(bytes | None, self._client.hget(keys.alerts_seen(), profile)) or 0)

    def see_alerts(self, keys: Keys, profile: str, number: int) -> None:
        """Note that a profile has seen the alerts up to `number`."""
        self._client.hset(keys.alerts_seen(), profile, str(number))

    def profiles(self) -> Profiles:
        """What analysts follow, and their thumbs: to read and to change."""
        return Profiles(self._client)

    def totals(self, keys: Keys) -> Totals:
        """The run's counts: the sums over its slots."""
        fields = Totals.__struct_fields__
        replies = self._pipelined([("HMGET", keys.totals(slot), *fields) for slot in range(keys.slots)])
        return Totals(**{name: sum(int(reply[i] or 0) for reply in replies) for i, name in enumerate(fields)})

    def positions(self, keys: Keys) -> dict[int, int]:
        """Slot -> next offset of `opinions` to apply."""
        replies = self._pipelined([("GET", keys.position(slot)) for slot in range(keys.slots)])
        return {slot: int(reply.rpartition(b":")[2]) for slot, reply in enumerate(replies) if reply}

    def find_workers(self) -> None:
        """Look for workers that are not known yet. Walks the key space: call it rarely."""
        pattern = worker_key(self.run, "*", "*")
        self._known_workers |= set(self._client.scan_iter(match=pattern, count=10_000))

    def workers(self) -> list[WorkerReport]:
        """The latest report of each known worker that is alive, by role and name."""
        names = sorted(self._known_workers)
        reports = self._pipelined([("GET", name) for name in names])
        self._known_workers = {name for name, report in zip(names, reports, strict=True) if report}
        found = [decode_report(report) for report in reports if report]
        return sorted(found, key=lambda report: (report.role, report.name))

    def _pipelined(self, calls: Sequence[tuple[Any, ...]]) -> list[Any]:
        if not calls:
            return []
        pipeline = self._client.pipeline(transaction=False)
        for call in calls:
            pipeline.execute_command(*call)  # type: ignore[no-untyped-call]
        return pipeline.execute()


def frame(rows: Sequence[Row]) -> pd.DataFrame:
    """Rows as columns company, channel, resolution, start and the integer sums (without sources and events)."""
    places = list(zip(*(row[:4] for row in rows), strict=True)) or [(), (), (), ()]
    data: dict[str, Any] = dict(zip(("company", "channel", "resolution", "start"), places, strict=True))
    sums = np.array([_sums(row.bucket) for row in rows], dtype=np.int64).reshape(-1, len(COLUMNS))
    data |= {name: sums[:, i] for i, name in enumerate(COLUMNS)}
    return pd.DataFrame(data).astype({"start": "int64"})
