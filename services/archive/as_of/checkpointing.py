"""Which checkpoints are due, and making them: a slot's records folded on from its last one.

They lie as near together as the whole market needs: of a question about every company no more than TOGETHER records are
folded, however many slots there are (docs/decisions/0294-checkpoints-are-as-near-as-the-market-needs.md).
"""

from __future__ import annotations

from typing import Final

import redis

from services.archive.as_of.checkpoints import EVERY, Checkpoints, Line
from services.archive.as_of.log_copy import ReadLog, archived_log
from services.archive.as_of.moments import Moment, NotKnown, latest_of
from services.archive.as_of.past import Bound, line_of, strategies_then
from shared.clock import Clock, SystemClock
from shared.reading.archive.tables import ArchiveTables
from shared.settings import Settings

TOGETHER: Final = 100_000  # records of all slots from one to the next
NEAREST: Final = 2_500  # records of a slot: to write a slot costs as much as to fold a few thousand
AT_ONCE: Final = 200_000  # records folded in one round, about; the rest waits for the next


def spacing(slots: int) -> int:
    """Records of one slot from one checkpoint to the next."""
    return min(EVERY, max(NEAREST, TOGETHER // slots))


def due(there: set[int], offset: int, every: int) -> list[int]:
    """The offsets up to `offset` that have no checkpoint yet: also between those that lay further apart formerly."""
    return [each for each in range(every, offset + 1, every) if each not in there]


def fill(kept: Checkpoints, line: Line, read: ReadLog, offset: int, every: int, most: int) -> int:
    """Make those of a slot that are due up to `offset`, the first ones first, `most` at most; how many were made."""
    there, made = kept.offsets(line), 0
    folded = line.empty()
    for target in due(there, offset, every)[:most]:
        begin = max((each for each in there if each <= target), default=0)
        if begin > folded.offset:
            folded = kept.before(line, begin)
        try:
            folded = line.fold.on(folded, read(line.fold.topic_id, line.slot, folded.offset, target))
        except NotKnown:  # applied, and not archived yet
            break
        kept.keep(line, folded)
        made += 1
    return made


class Checkpointing:
    """Of one run. `every`: records of a slot from one to the next; None: as many slots as there are decide."""

    def __init__(
        self, settings: Settings, client: redis.Redis, clock: Clock | None = None, every: int | None = None
    ) -> None:
        self._settings, self._client, self._every = settings, client, every
        self._clock = clock or SystemClock()
        self._tables = ArchiveTables.of(settings)
        self._seen: dict[int, Moment] = {}

    def round(self, most: int | None = None) -> int:
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
            every = self._every or spacing(moment.entry.slots or bound.slots)
            left = (AT_ONCE // every if most is None else most) - made
            if left > 0:
                made += self._slot(moment, bound, every, left)
        return made

    def _slot(self, moment: Moment, bound: Bound, every: int, most: int) -> int:
        entry = moment.entry
        if moment.offset < every or (entry.rules and entry.rules != bound.rules_text):
            return 0
        line = line_of(entry, bound, self._settings.run, strategies_then(entry.strategies, bound.strategies) or ())
        return fill(Checkpoints(self._tables), line, archived_log(self._tables), moment.offset, every, most)
