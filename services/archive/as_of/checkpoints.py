"""Checkpoints: slots as they were folded up to an offset, so that the next fold begins there and not at offset 0.

Made from the archived records, never from Redis: what was forged there cannot get in. Which offsets have one follows
from the log alone, so whoever makes one again makes the same, and losing them costs time and nothing else.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Set
from dataclasses import replace
from typing import Any, Final, NamedTuple

import msgspec
import pyarrow as pa

from services.aggregation.core.chain import Chain
from services.aggregation.core.state import Cell, Series, SeriesKey, SlotState
from services.aggregation.stores.memory import MemoryStore
from services.archive.as_of.fold import Fold, Folded
from shared.contract.aggregates import DETAILED, Bucket, RecentDocument, Share
from shared.contract.archive import CHECKPOINTS
from shared.reading.archive.tables import ArchiveTables, all_of, quoted
from shared.reading.deleted import bare_recent

FORMAT: Final = 2  # raised with whatever changes what a fold gives, or how it is written here
EVERY: Final = 50_000  # records of a slot between two checkpoints at most
PART: Final = 8 * 1024 * 1024  # bytes of one row
SCHEMA: Final = pa.schema(
    [
        pa.field("kind", pa.string()),
        pa.field("slot", pa.int32()),
        pa.field("offset", pa.int64()),
        pa.field("part", pa.int32()),
        pa.field("parts", pa.int32()),
        pa.field("value", pa.binary()),
    ]
)

_Cells = list[tuple[int, Bucket, dict[str, Share], dict[str, Share]]]


class _Saved(msgspec.Struct, array_like=True):
    """A slot without its series, and these as lists, ascending by start."""

    state: SlotState
    series: list[tuple[SeriesKey, _Cells]]
    documents: dict[str, dict[str, RecentDocument]]
    hashes: dict[str, dict[str, bytes]]
    chain: Chain | None
    passed: list[tuple[int, str]]


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(_Saved).decode


def packed(folded: Folded) -> bytes:
    """A folded slot as bytes."""
    store, state = folded.store, folded.store.states[folded.slot]
    series = [(key, [_row(start, each.cells[start]) for start in each.starts]) for key, each in state.series.items()]
    saved = _Saved(replace(state, series={}), series, store.documents, store.hashes, folded.chain, folded.passed)
    return zlib.compress(_pack(saved), 1)


def _row(start: int, cell: Cell) -> tuple[int, Bucket, dict[str, Share], dict[str, Share]]:
    return start, cell.bucket, cell.authors, cell.stories


def unpacked(raw: bytes, slots: int, run: str) -> Folded:
    """The slot again."""
    saved = _unpack(zlib.decompress(raw))
    state, store = saved.state, MemoryStore(slots, run)
    for key, cells in saved.series:
        series = state.series[key] = Series([start for start, *_ in cells])
        for start, bucket, authors, stories in cells:
            cell = series.cells[start] = Cell(bucket, key[2] in DETAILED)
            if key[2] in DETAILED:
                cell.authors, cell.stories = authors, stories
    store.states[state.slot], store.documents, store.hashes = state, saved.documents, saved.hashes
    offset = state.position.offset if state.position is not None else 0
    return Folded(store, state.slot, offset, saved.chain, saved.passed)


def _bare(raw: bytes, ids: Set[str]) -> bytes | None:
    """A checkpoint without the words of these documents, b"" for one that cannot be read; None where it has none.

    Where words are, the id stands beside them: one in which no id occurs is not made objects of, which takes seconds.
    """
    try:
        plain = zlib.decompress(raw)
        if not any(each.encode() in plain for each in ids):
            return None
        saved = _unpack(plain)
    except (msgspec.MsgspecError, zlib.error):
        return b""
    changed = 0

    def bare(document: RecentDocument) -> RecentDocument:
        nonlocal changed
        made = bare_recent(document) if document.id in ids else None
        changed += made is not None
        return made or document

    for documents in saved.documents.values():
        documents.update({name: bare(each) for name, each in documents.items()})
    for documents_of_hour in saved.state.tops.values():
        documents_of_hour[:] = map(bare, documents_of_hour)
    return zlib.compress(_pack(saved), 1) if changed else None


class Line(NamedTuple):
    """One slot's checkpoints that may stand for each other: what decides about a fold is equal."""

    slot: int
    slots: int
    run: str
    rules: str
    fold: Fold

    @property
    def kind(self) -> str:
        """Names all that decides."""
        digests = sorted((each.name, each.digest) for each in self.fold.strategies)
        streams, since = sorted(self.fold.streams), self.fold.since
        said = (FORMAT, self.run, self.slots, self.rules, digests, streams, since, self.fold.topic_id)
        return hashlib.blake2b(msgspec.json.encode(said), digest_size=16).hexdigest()

    def empty(self) -> Folded:
        """The slot before its first record."""
        return Folded(MemoryStore(self.slots, self.run), self.slot)


class Checkpoints:
    """Of one run's archive."""

    def __init__(self, tables: ArchiveTables) -> None:
        self._tables = tables

    def newest(self, line: Line, until: int) -> int:
        """The offset of the last checkpoint at or before `until`; 0 where there is none."""
        return max((each for each in self.offsets(line) if each <= until), default=0)

    def offsets(self, line: Line) -> set[int]:
        """Those of every checkpoint of a slot."""
        found = self._tables.rows(CHECKPOINTS, ["offset"], all_of(_of(line), "part = 0"))
        return set(found["offset"].to_pylist()) if found is not None else set()

    def before(self, line: Line, until: int) -> Folded:
        """The slot at the last checkpoint at or before `until`, or before its first record."""
        for offset in sorted((each for each in self.offsets(line) if each <= until), reverse=True):
            raw = self._bytes(all_of(_of(line), f"offset = {offset}"))
            if raw:  # else it is being written anew, without the words of what was deleted
                return unpacked(raw, line.slots, line.run)
        return line.empty()

    def _bytes(self, where: str) -> bytes:
        """The parts of one checkpoint together."""
        found = self._tables.rows(CHECKPOINTS, ["part", "value"], where)
        parts = {row["part"]: row["value"] for row in found.to_pylist()} if found is not None else {}
        return b"".join(parts[number] for number in sorted(parts))

    def keep(self, line: Line, folded: Folded) -> None:
        """Add one, in one step."""
        self._add(line.kind, folded.slot, folded.offset, packed(folded))

    def forget(self, slot: int, behind: int, ids: Set[str]) -> int:
        """Take the words of these documents out of a slot's checkpoints behind an offset; how many had some. One that
        this version cannot read goes as a whole: it is made again. Its chain stays that of the log as it was."""
        where = all_of(f"slot = {slot}", f"offset > {behind}")
        found = self._tables.rows(CHECKPOINTS, ["kind", "offset"], where)
        places = {(row["kind"], row["offset"]) for row in (found.to_pylist() if found is not None else ())}
        done = 0
        for kind, offset in sorted(places):  # one at a time: there may be gigabytes of them
            here = all_of(f"kind = {quoted(kind)}", f"slot = {slot}", f"offset = {offset}")
            bare = _bare(self._bytes(here), ids)
            if bare is not None:
                self.table().delete(here)  # killed here, it is made again from rows that have no words either
                self._add(kind, slot, offset, bare)
                done += 1
        return done

    def _add(self, kind: str, slot: int, offset: int, raw: bytes) -> None:
        parts = [raw[first : first + PART] for first in range(0, len(raw), PART)]
        common = {"kind": kind, "slot": slot, "offset": offset, "parts": len(parts)}
        rows = [common | {"part": number, "value": part} for number, part in enumerate(parts)]
        if rows:
            self.table().add(pa.Table.from_pylist(rows, schema=SCHEMA))

    def table(self) -> Any:
        """For writing; made where it is missing."""
        return self._tables.connection().create_table(CHECKPOINTS, schema=SCHEMA, exist_ok=True)


def _of(line: Line) -> str:
    return all_of(f"kind = {quoted(line.kind)}", f"slot = {line.slot}")
