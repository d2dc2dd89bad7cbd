"""Takes the words of documents that are gone at their source out of the archive (decision 0171): title, text, link,
author, and in opinions and checkpoints title, excerpt and link. What counts stays: an opinion's numbers, author, story.

The bytes themselves go with the versions of the tables that held them, at the compaction that follows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa

from services.archive.as_of.checkpoints import Checkpoints
from services.archive.schemas import SCHEMAS
from services.archive.tables import Tables
from shared.contract.archive import DOCUMENTS, OPINIONS, PLACE
from shared.contract.events import Document, Opinion, decode_document, decode_opinion, encode
from shared.reading.archive.tables import EVERYTHING, all_of, any_of
from shared.reading.deleted import bare_document, bare_opinion, is_gone

_AT_ONCE: Final = 500  # items or documents of one question
_DELETION: Final = "document_id LIKE '-%'"


def forget_deleted(tables: Tables, since: int = 0) -> int:
    """Rows that were rewritten, of deletions that Kafka took at `since` (microseconds) or later; 0: of all there are,
    and then checkpoints of versions that left them alone lose their words, too."""
    told = _rows(tables, DOCUMENTS, all_of(_DELETION, f"appended_at >= {since}"), ["document_id", "available_at"])
    deleted: dict[str, int] = {}
    for row in told:
        item = row["document_id"][1:]
        deleted[item] = max(row["available_at"], deleted.get(item, 0))
    return sum(
        _forget(tables, {item: deleted[item] for item in some}, everywhere=not since)
        for some in _parts(sorted(deleted))
    )


def _forget(tables: Tables, deleted: Mapping[str, int], *, everywhere: bool) -> int:
    """`everywhere`: look at every checkpoint behind such opinions, also of those whose rows have no words any more."""
    rows = _rows(tables, DOCUMENTS, all_of(any_of("key", deleted), f"NOT {_DELETION}"))
    gone = [row for row in rows if is_gone(row["key"], row["available_at"] or 0, deleted)]
    ids = sorted({row["document_id"] for row in gone})
    heard = [row for some in _parts(ids) for row in _rows(tables, OPINIONS, any_of("document_id", some))]
    touched = heard if everywhere else [row for row in heard if _opinion(row) is not None]
    first: dict[int, int] = {}
    for row in touched:
        first[row["partition"]] = min(row["offset"], first.get(row["partition"], row["offset"]))
    checkpoints = Checkpoints(tables.archive)  # before the rows: those that are made later are made of these
    for slot, offset in sorted(first.items()):
        checkpoints.forget(slot, offset, frozenset(ids))
    return _rewrite(tables, DOCUMENTS, map(_document, gone)) + _rewrite(tables, OPINIONS, map(_opinion, heard))


def _document(row: dict[str, Any]) -> dict[str, Any] | None:
    """The row without words; None where it has none."""
    document = decode_document(row["value"])
    bare = bare_document(document) if isinstance(document, Document) else None
    return None if bare is None else row | {"value": encode(bare), "words": ""}


def _opinion(row: dict[str, Any]) -> dict[str, Any] | None:
    opinion = decode_opinion(row["value"])
    bare = bare_opinion(opinion) if isinstance(opinion, Opinion) else None
    return None if bare is None else row | {"value": encode(bare)}


def _rewrite(tables: Tables, name: str, rows: Iterator[dict[str, Any] | None]) -> int:
    # a record that a worker added twice has two rows of one place, and one row of ours stands for both
    changed = {tuple(row[column] for column in PLACE): row for row in rows if row is not None}
    if changed:
        made = pa.Table.from_pylist(list(changed.values()), schema=SCHEMAS[name])
        tables[name].merge_insert(list(PLACE)).when_matched_update_all().execute(made)
    return len(changed)


def _rows(tables: Tables, name: str, where: str, columns: Sequence[str] = ()) -> list[dict[str, Any]]:
    query = tables[name].search().where(where).limit(EVERYTHING)
    found: list[dict[str, Any]] = query.select(list(columns or SCHEMAS[name].names)).to_arrow().to_pylist()
    return found


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(values), _AT_ONCE):
        yield values[first : first + _AT_ONCE]
