"""The documents of which Redis has no more than a trace (shared/contract/packed/traces.py), as it kept them: found by
their traces, told by the archive. Ask for them behind what lies in Redis whole: whoever leaves words to the archive
meanwhile moves a document from there to here, and it is seen in one of both.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import redis

from shared.contract.aggregates import RecentDocument
from shared.contract.events import CHANNELS
from shared.contract.keys import Keys
from shared.contract.packed.traces import Trace, block_of, id_bytes, recent_traces, trace_of, unpack_traces
from shared.reading.archive.tables import ArchiveTables
from shared.reading.archive.words import archived_words
from shared.reading.round_trip import ask

# KEYS: hashes of traces; ARGV: what a value of RECENT must hold, or "", and the least NEWEST -> [place, RECENT, FLOOR]
_RECENT: Final = """
local found = {}
for i, key in ipairs(KEYS) do
  local held = redis.call('HMGET', key, 'newest', 'recent', 'from')
  if held[1] and tonumber(held[1]) >= tonumber(ARGV[2])
    and (ARGV[1] == '' or string.find(held[2], ARGV[1], 1, true)) then
    found[#found + 1] = {i, held[2], held[3]}
  end
end
return found
"""


class TracedDocuments:
    """Of one run. Methods raise redis.RedisError; without an archive they find nothing."""

    def __init__(self, client: redis.Redis, keys: Keys, archive: ArchiveTables | None) -> None:
        self._client, self._keys, self._archive = client, keys, archive

    def between(self, companies: Iterable[str], start: int, end: int) -> list[RecentDocument]:
        """Of the latest ones those with `start` <= available_at < `end`, microseconds."""
        found = self._recent(companies, "", start)
        return self._told(
            {name: [each for each in some if start <= each.available_at < end] for name, some in found.items()}
        )

    def with_id(self, companies: Iterable[str], name: str) -> list[RecentDocument]:
        """Of the latest ones of each of these companies the one with this id."""
        found = self._recent(companies, id_bytes(name), 0)
        return self._told({company: [each for each in some if each.id == name] for company, some in found.items()})

    def named(self, company: str, ids: Collection[str], hours: Sequence[int]) -> list[RecentDocument]:
        """Of the latest ones, and of the heaviest of these hours (starts, seconds), those with one of these ids."""
        recent = self._recent([company], "", 0).get(company, [])
        heaviest = [each for some in self._hours(company, hours).values() for each in some]
        return self._told({company: [each for each in (*recent, *heaviest) if each.id in ids]})

    def heaviest(
        self, company: str, hours: Sequence[int], known: Collection[str] = ()
    ) -> dict[int, list[RecentDocument]]:
        """By hour (start, seconds), heaviest first; without those of which the ids are `known`."""
        traces = self._hours(company, hours)
        wanted = [each for some in traces.values() for each in some if each.id not in known]
        told = {(each.id, each.available_at): each for each in self._told({company: wanted})}
        found: dict[int, list[RecentDocument]] = {}
        for hour, some in traces.items():
            found[hour] = [told[each.id, each.available_at] for each in some if (each.id, each.available_at) in told]
        return found

    def filled(self, documents: Sequence[RecentDocument]) -> list[RecentDocument]:
        """Those whose words lie elsewhere with their words; without those that the archive does not tell."""
        traces: dict[str, list[Trace]] = {}
        for each in documents:
            if each.elsewhere:
                traces.setdefault(each.company, []).append(trace_of(each))
        told = {(each.company, each.id, each.available_at): each for each in self._told(traces)}
        found = [told.get((d.company, d.id, d.available_at)) if d.elsewhere else d for d in documents]
        return [each for each in found if each is not None]

    def _recent(self, companies: Iterable[str], holding: bytes | str, newest: int) -> dict[str, list[Trace]]:
        by_slot: dict[int, list[str]] = {}
        for company in companies:
            by_slot.setdefault(self._keys.slot_of(company), []).append(company)
        calls: list[tuple[Any, ...]] = [
            ("EVAL", _RECENT, len(some), *map(self._keys.traces, some), holding, newest) for some in by_slot.values()
        ]
        found: dict[str, list[Trace]] = {}
        for some, reply in zip(by_slot.values(), ask(self._client, calls), strict=True):
            for place, raw, floor in reply:
                found[some[place - 1]] = recent_traces(raw, floor)
        return self._not_again(found)

    def _not_again(self, traces: dict[str, list[Trace]]) -> dict[str, list[Trace]]:
        """Without those that were counted again since, and lie in Redis whole."""
        asked = {company: some for company, some in traces.items() if some}
        replies = ask(
            self._client,
            [("HMGET", self._keys.recent(company), *(each.id for each in some)) for company, some in asked.items()],
        )
        return {
            company: [each for each, raw in zip(some, reply, strict=True) if raw is None]
            for (company, some), reply in zip(asked.items(), replies, strict=True)
        }

    def _hours(self, company: str, hours: Sequence[int]) -> dict[int, list[Trace]]:
        """The traces of the hours of which nothing lies in Redis whole, and which retention has left."""
        blocks = list(dict.fromkeys(map(block_of, hours)))
        if not blocks:
            return {}
        (reply,) = ask(self._client, [("HMGET", self._keys.traces(company), *blocks)])
        wanted, by_hour = set(hours), dict[int, list[Trace]]()
        for raw in reply:
            for each in unpack_traces(raw):
                if each.hour in wanted:
                    by_hour.setdefault(each.hour, []).append(each)
        starts = list(map(str, by_hour))
        if not starts:
            return {}
        series = [self._keys.series(company, channel, "hour") for channel in CHANNELS]
        replies = ask(self._client, [("HMGET", key, *starts) for key in (self._keys.top(company), *series)])
        return {
            hour: some
            for (hour, some), whole, *buckets in zip(by_hour.items(), *replies, strict=True)
            if whole is None and any(buckets)
        }

    def _told(self, traces: Mapping[str, Sequence[Trace]]) -> list[RecentDocument]:
        return list(archived_words(self._archive, traces).values())
