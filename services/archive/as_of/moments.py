"""What had been applied at a moment: the journal (topic `applied`), as it was archived."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from shared.clock import DAY, HOUR, to_iso
from shared.contract.applied import Applied, decode_applied
from shared.contract.archive import APPLIED, OPINIONS
from shared.contract.events import InvalidMessage, Opinion, decode_opinion
from shared.contract.topics import partition_for
from shared.reading.archive.tables import ArchiveTables, all_of, any_of, quoted
from shared.reading.measuring.windows import AHEAD

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


def moment_of(tables: ArchiveTables, company: str, slots: int, at: int) -> Moment:
    """The last move at or before `at` (microseconds, wall clock) of the slot that a company had then. Raises NotKnown.

    `slots`: as many as there are now, for entries that do not say how many there were.
    """
    latest = _last(tables, at, lambda _: True)
    if latest is not None:
        then = latest.entry.slots or slots
        slot = partition_for(company, then)
        own = f"slot = {slot}"
        latest = _last(tables, at, lambda entry: (entry.slots or slots) == then and entry.slot == slot, own)
        if latest is None:
            raise NotKnown(f"nothing had been said of {company} by {to_iso(at)}, nor of the companies of its slot")
    if latest is None:
        raise NotKnown(f"nothing is known to have been applied by {to_iso(at)}: the journal begins later")
    return latest


def moments_of(tables: ArchiveTables, slots: int, at: int) -> list[Moment]:
    """The last move at or before `at` of every slot that had moved, by slot. Raises NotKnown where none had.

    `slots`: as for `moment_of`.
    """
    latest = _last(tables, at, lambda _: True)
    if latest is None:
        raise NotKnown(f"nothing is known to have been applied by {to_iso(at)}: the journal begins later")
    then = latest.entry.slots or slots
    found = (_last(tables, at, lambda entry: (entry.slots or slots) == then, f"slot = {slot}") for slot in range(then))
    return [each for each in found if each is not None and each.topic_id == latest.topic_id]


def newest_known(tables: ArchiveTables, slots: int, at: int) -> int:
    """The highest available_at (microseconds) of the opinions that counted by `at`, in any slot; 0 of none.

    What is stamped further ahead of `at` than pages believe is left out; so is what a rule dropped, and what is sent
    again later than it counted. `slots`: as for `moment_of`.
    """
    moments = [moment for slot in range(slots) if (moment := latest_of(tables, slot, at, None)) is not None]
    parts = " OR ".join(f"(partition = {each.slot} AND offset < {each.offset})" for each in moments)
    topics = any_of("topic_id", {each.topic_id for each in moments})
    if not moments:
        return 0
    where = all_of(f"({parts})", topics, "kind = 'opinion'", f"available_at <= {at + AHEAD}")
    table = tables.pinned(OPINIONS)
    found = tables.rows(OPINIONS, ["available_at"], where, table=table)
    for at_most in sorted(set(found["available_at"].to_pylist()), reverse=True):
        some = tables.rows(OPINIONS, ["value"], all_of(where, f"available_at = {at_most}"), table=table)
        if any(_counted(tables, table, row["value"], where) for row in some.to_pylist()):
            return int(at_most)
    return 0


def _counted(tables: ArchiveTables, table: Any, value: bytes, known: str) -> bool:
    """Whether an opinion counted: no rule dropped it, and its document had not come with another time before."""
    try:
        opinion = decode_opinion(value)
    except InvalidMessage:
        return False
    if not isinstance(opinion, Opinion) or opinion.dropped:
        return False
    named = f"document_id = {quoted(opinion.document_id)} AND company = {quoted(opinion.company)}"
    same = tables.rows(OPINIONS, ["available_at", "offset"], all_of(named, known), table=table).to_pylist()
    first = min(same, key=lambda row: (row["offset"], row["available_at"]))
    return bool(first["available_at"] == opinion.available_at)


def latest_of(tables: ArchiveTables, slot: int, now: int, known: Moment | None) -> Moment | None:
    """The last move of a slot by `now`; `known`: one that was found before, so that only what is newer is read."""
    own = f"slot = {slot}"
    if known is None:
        return _last(tables, now, lambda _: True, own)
    return _looked_through(tables, now, lambda _: True, all_of(own, f"at > {known.at}")) or known


def _last(tables: ArchiveTables, at: int, wanted: Callable[[Applied], bool], where: str = "") -> Moment | None:
    """The last move at or before `at` among the entries that are wanted; looked for nearby first."""
    for before, after in _SPANS:
        found = _looked_through(tables, at, wanted, all_of(where, f"at >= {at - before} AND at <= {at + after}"))
        if found is not None:
            return found
    return _looked_through(tables, at, wanted, where)


def _looked_through(tables: ArchiveTables, at: int, wanted: Callable[[Applied], bool], where: str) -> Moment | None:
    found = tables.rows(APPLIED, ["offset", "value"], where)
    best: tuple[int, int, int] = (-1, -1, -1)
    moment: Moment | None = None
    for row in found.to_pylist() if found is not None else ():
        try:
            entry = decode_applied(row["value"])
        except msgspec.MsgspecError:
            continue
        if not wanted(entry):
            continue
        for number, move in enumerate(entry.moves):
            place = (move.at, row["offset"], number)
            if move.at <= at and place > best:
                best, moment = place, Moment(entry.slot, entry.topic_id, move.offset, move.at, entry)
    return moment
