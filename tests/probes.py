"""What the live system says now, recorded, to be compared with the answer as of that moment later."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
import redis

from services.aggregation.stores.redis_store import RedisStore
from services.archive.as_of.moments import NotKnown
from services.archive.as_of.past import Bound, Past, PastRuns, told
from shared.clock import SystemClock
from shared.contract.keys import Keys
from shared.reading.archive.tables import ArchiveTables
from shared.reading.values.traces import TracedDocuments
from shared.settings import Settings


class Probe(NamedTuple):
    """At `moment` (wall clock) the slot stood at `position`, and this was told of the company."""

    moment: int
    company: str
    position: int
    answer: dict[str, Any]


def probe(client: redis.Redis, settings: Settings, company: str) -> Probe | None:
    """What Redis says of a company now, when its slot rests meanwhile; words that left it come of the archive."""
    bound = Bound.of(settings, client)
    slot = Keys(settings.run, bound.slots).slot_of(company)
    before = RedisStore(client, settings.run, bound.slots).position(slot)
    store = RedisStore(client, settings.run, bound.slots)
    answer = told(store, company, tuple(bound.strategies))
    whole = TracedDocuments(client, store.keys, ArchiveTables.of(settings)).filled(store.recent(company))
    answer["documents"] = [msgspec.to_builtins(document) for document in whole]
    moment = SystemClock().now()
    after = RedisStore(client, settings.run, bound.slots).position(slot)
    return Probe(moment, company, after.offset, answer) if after is not None and before == after else None


def plain(value: object) -> Any:
    return json.loads(msgspec.json.encode(value))


def noted(past: PastRuns, probes: Iterable[Probe]) -> Iterator[tuple[Probe, Past]]:
    """Those whose position the journal names for their moment, with the answer as of it. The others were taken before
    its first entry, between a commit and its note, or while a worker that was killed owed the note."""
    for each in probes:
        try:
            found = past.slot(each.company, each.moment)
        except NotKnown:
            continue
        if found.moment.offset == each.position:
            yield each, found


def equal(past: PastRuns, probes: Sequence[Probe], draw: random.Random, most: int) -> int:
    """How many of some probes were compared; each has to be what the archive answers now."""
    count = 0
    for each, found in noted(past, draw.sample(list(probes), min(most, len(probes)))):
        assert plain(told(found.folded.store, each.company, found.strategies, found.silent)) == plain(each.answer)
        count += 1
    return count
