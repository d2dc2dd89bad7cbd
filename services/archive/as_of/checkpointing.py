"""Which checkpoints are due, and making them: a slot's records folded on from its last one, EVERY at a time."""

from __future__ import annotations

from typing import Final

import redis

from services.archive.as_of.checkpoints import EVERY, Checkpoints
from services.archive.as_of.log_copy import archived_log
from services.archive.as_of.moments import Moment, NotKnown, latest_of
from services.archive.as_of.past import Bound, line_of, strategies_then
from shared.clock import Clock, SystemClock
from shared.reading.archive.tables import ArchiveTables
from shared.settings import Settings

AT_ONCE: Final = 4  # in one round; the rest waits for the next


class Checkpointing:
    """Of one run. `every`: records of a slot from one to the next."""

    def __init__(self, settings: Settings, client: redis.Redis, clock: Clock | None = None, every: int = EVERY) -> None:
        self._settings, self._client, self._every = settings, client, every
        self._clock = clock or SystemClock()
        self._tables = ArchiveTables.of(settings)
        self._seen: dict[int, Moment] = {}

    def round(self, most: int = AT_ONCE) -> int:
        """Make those that are due, `most` at most; how many were made."""
        try:
            bound = Bound.of(self._settings, self._client)
        except NotKnown:
            return 0
        made = 0
        for slot in range(bound.slots):
            moment = latest_of(self._tables, slot, self._clock.now(), self._seen.get(slot))
            if moment is None:
                continue
            self._seen[slot] = moment
            made += self._slot(moment, bound, most - made)
        return made

    def _slot(self, moment: Moment, bound: Bound, most: int) -> int:
        entry = moment.entry
        if moment.offset < self._every or (entry.rules and entry.rules != bound.rules_text):
            return 0
        line = line_of(entry, bound, self._settings.run, strategies_then(entry.strategies, bound.strategies) or ())
        kept = Checkpoints(self._tables)
        made, begin = 0, kept.newest(line, moment.offset)
        if moment.offset - begin < self._every or not most:
            return 0
        folded, read = kept.before(line, begin), archived_log(self._tables)
        while made < most and folded.offset + self._every <= moment.offset:
            records = read(moment.topic_id, moment.slot, folded.offset, folded.offset + self._every)
            try:
                folded = line.fold.on(folded, records)
            except NotKnown:  # applied, and not archived yet
                break
            kept.keep(line, folded)
            made += 1
        return made
