"""One document of the archive, with what was heard of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from shared.contract.archive import DOCUMENTS, OPINIONS
from shared.contract.events import Document, Opinion, decode_document, decode_opinion
from shared.reading.archive.candidates import deletions, rows_of
from shared.reading.archive.tables import ArchiveTables, NoArchive
from shared.reading.deleted import is_gone


class Archived(NamedTuple):
    """`opinions`: one a company, in the order in which the document made them."""

    document: Document
    opinions: list[Opinion]


def archived_document(tables: ArchiveTables, name: str) -> Archived | None:
    """None where the archive has no such document, or there is none, or the document is gone at its source."""
    try:
        rows = rows_of(tables, DOCUMENTS, [name], ["value"])
        heard = rows_of(tables, OPINIONS, [name], ["value"], "kind = 'opinion'")
    except NoArchive:
        return None
    document = decode_document(rows[0]["value"]) if rows else None
    if not isinstance(document, Document):
        return None
    if is_gone(document.item, document.available_at, deletions(tables, [document.item])):
        return None
    return Archived(document, heard_of(heard))


def heard_of(rows: Iterable[dict[str, Any]]) -> list[Opinion]:
    """One opinion a company, in the order in which the document made them. `rows`: its opinions, as rows_of gives."""
    opinions: dict[str, Opinion] = {}
    for row in rows:
        opinion = decode_opinion(row["value"])
        if isinstance(opinion, Opinion):
            opinions.setdefault(opinion.company, opinion)
    return sorted(opinions.values(), key=lambda each: (each.origin.index, each.company))
