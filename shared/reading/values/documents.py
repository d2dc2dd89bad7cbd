"""The documents that a run keeps: each company's recent ones, and each hour's heaviest. Text from outside: escape.

Of old ones Redis has no more than a trace, and the archive all of it (traces.py).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final, cast

import redis

from shared.clock import SECOND
from shared.contract.aggregates import SECONDS, RecentDocument, unpack_recent, unpack_top
from shared.contract.keys import Keys
from shared.reading.archive.tables import ArchiveTables
from shared.reading.deleted import newest_versions, shown
from shared.reading.round_trip import ask
from shared.reading.values.traces import TracedDocuments

EVER: Final = (0, 2**53)  # a span of available_at that leaves nothing out

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


def with_heaviest(
    latest: Iterable[RecentDocument],
    heaviest: Iterable[RecentDocument],
    start: int,
    end: int,
    show: Callable[[Sequence[RecentDocument]], list[RecentDocument]],
) -> list[RecentDocument]:
    """A company's latest documents and its hours' heaviest of [start, end) seconds as one list, newest first. `show`:
    makes them as they may be shown now; `latest` are so already."""
    by_id = {each.id: each for each in latest}
    items = {(each.company, each.item) for each in by_id.values() if each.item}  # of them the newest version is there
    others = [
        each
        for each in heaviest
        if start * SECOND <= each.available_at < end * SECOND and (each.company, each.item) not in items
    ]
    for document in show(newest_versions(others)):
        by_id.setdefault(document.id, document)
    return sorted(by_id.values(), key=lambda document: (-document.available_at, document.id))


class Documents:
    """Methods raise redis.RedisError, or msgspec.MsgspecError for values of another layout."""

    def __init__(self, client: redis.Redis, keys: Keys, archive: ArchiveTables | None = None) -> None:
        self._client, self._keys = client, keys
        self._traced = TracedDocuments(client, keys, archive)

    def between(self, companies: Iterable[str], start: int, end: int) -> list[RecentDocument]:
        """Recent documents with `start` <= available_at < `end` (microseconds), newest first."""
        companies, by_slot = list(companies), dict[int, list[str]]()
        for company in companies:
            by_slot.setdefault(self._keys.slot_of(company), []).append(self._keys.recent(company))
        calls = [("EVAL", _BETWEEN, len(some), *some, start, end) for some in by_slot.values()]
        documents = [unpack_recent(raw) for reply in ask(self._client, calls) for raw in reply]
        whole = {(document.company, document.id) for document in documents}
        traced = self._traced.between(companies, start, end)
        documents += [document for document in traced if (document.company, document.id) not in whole]
        found = sorted(documents, key=lambda document: (-document.available_at, document.id, document.company))
        return shown(self._client, self._keys, newest_versions(found))

    def behind(self, company: str, start: int, end: int) -> list[RecentDocument]:
        """Kept documents of one company in [start, end) seconds: recent ones and each hour's heaviest; newest first."""
        hour = SECONDS["hour"]
        latest = self.between([company], start * SECOND, end * SECOND)
        heaviest = self._heaviest(company, range(start // hour * hour, end, hour), {each.id for each in latest})
        return with_heaviest(latest, heaviest, start, end, self.shown)

    def with_id(self, companies: Iterable[str], name: str) -> list[RecentDocument]:
        """What each of these companies keeps under this id among its recent documents. One round trip."""
        companies = list(companies)
        calls = [("HGET", self._keys.recent(company), name) for company in companies]
        found = [unpack_recent(raw) for raw in ask(self._client, calls) if raw is not None]
        whole = {document.company for document in found}
        found += self._traced.with_id((company for company in companies if company not in whole), name)
        ordered = sorted(found, key=lambda document: (-document.available_at, document.company))
        return shown(self._client, self._keys, ordered)

    def named(self, company: str, ids: Sequence[str], hours: Iterable[int]) -> list[RecentDocument]:
        """Those of `ids` that are still kept, in this order; `hours`: starts (seconds) in which the heaviest are looked
        through for what is no longer among the recent ones."""
        if not ids:
            return []
        recent = cast("list[bytes | None]", self._client.hmget(self._keys.recent(company), list(ids)))
        by_id = {document.id: document for raw in recent if raw is not None for document in [unpack_recent(raw)]}
        hours = list(hours)
        if len(by_id) < len(ids):
            heaviest = [each for each in self._lying(company, hours) if each.id in ids and each.id not in by_id]
            by_id |= {document.id: document for document in self._traced.filled(heaviest)}
        if missing := set(ids) - by_id.keys():
            by_id |= {document.id: document for document in self._traced.named(company, missing, hours)}
        return shown(self._client, self._keys, [by_id[name] for name in ids if name in by_id])

    def shown(self, documents: Sequence[RecentDocument]) -> list[RecentDocument]:
        """Documents known from elsewhere, as they may be shown now."""
        return shown(self._client, self._keys, documents)

    def _heaviest(self, company: str, hours: Sequence[int], known: Collection[str]) -> list[RecentDocument]:
        """Whole ones and traced ones; of the latter none of the `known`."""
        lying = [each for each in self._lying(company, hours) if not (each.elsewhere and each.id in known)]
        traced = self._traced.heaviest(company, hours, known)
        return [*self._traced.filled(lying), *(document for hour in sorted(traced) for document in traced[hour])]

    def _lying(self, company: str, hours: Sequence[int]) -> list[RecentDocument]:
        """The heaviest as they lie in Redis; beside a late one the others may be without words."""
        starts = [str(hour) for hour in hours]
        if not starts:
            return []
        raw = cast("list[bytes | None]", self._client.hmget(self._keys.top(company), starts))
        return [each for value in raw if value for each in unpack_top(value)]
