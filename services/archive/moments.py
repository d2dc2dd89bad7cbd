"""What had been applied at a moment: the journal (topic `applied`), as it was archived."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from shared.clock import DAY, HOUR, to_iso
from shared.contract.applied import Applied, decode_applied
from shared.contract.archive import APPLIED
from shared.reading.archive.tables import ArchiveTables, all_of

_SPANS: Final = ((HOUR, HOUR), (40 * DAY, DAY))  # of the journal that are looked through first: before, after


class NotKnown(LookupError):
    """What the live system said then is not known; the text says why."""


class Moment(NamedTuple):
    """One slot at one moment: everything before `offset` of `opinions` had been applied since `at`."""

    slot: int
    topic_id: str
    offset: int
    at: int
    entry: Applied  # of the journal that says so


def moment_of(tables: ArchiveTables, slot: int, at: int) -> Moment:
    """The last move of a slot at or before `at` (microseconds, wall clock). Raises NotKnown."""
    for before, after in _SPANS:
        found = _looked_through(tables, slot, at, f"at >= {at - before} AND at <= {at + after}")
        if found is not None:
            return found
    found = _looked_through(tables, slot, at, "")
    if found is None:
        raise NotKnown(f"nothing is known to have been applied by {to_iso(at)}: the journal begins later")
    return found


def _looked_through(tables: ArchiveTables, slot: int, at: int, span: str) -> Moment | None:
    found = tables.rows(APPLIED, ["offset", "value"], all_of(f"slot = {slot}", span))
    best: tuple[int, int, int] = (-1, -1, -1)
    moment: Moment | None = None
    for row in found.to_pylist() if found is not None else ():
        try:
            entry = decode_applied(row["value"])
        except msgspec.MsgspecError:
            continue
        for number, move in enumerate(entry.moves):
            place = (move.at, row["offset"], number)
            if move.at <= at and place > best:
                best, moment = place, Moment(slot, entry.topic_id, move.offset, move.at, entry)
    return moment
