"""The queue as doors show it: each question with its document. Texts are from outside: escape them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from shared.clock import to_iso
from shared.contract.archive import DOCUMENTS
from shared.contract.events import MICRO, Document, decode_document
from shared.contract.feedback.label import Asked, Aspect
from shared.contract.feedback.resolution import Resolution
from shared.links import safe_link
from shared.reading.archive.candidates import deletions, rows_of
from shared.reading.archive.tables import ArchiveTables
from shared.reading.deleted import is_gone
from shared.reading.review.questions import Read, newest_read, questions_of, read_of, readings_of
from shared.reading.review.queue import Queued, Seen, queue

_COMPARED: Final = 1_000  # answered documents, the latest, that others are compared with


class Shown(NamedTuple):
    """One question with the document that it is about."""

    queued: Queued
    document: Document


def review(
    tables: ArchiveTables, seen: Seen, limit: int, aspect: Aspect | None = None, company: str = ""
) -> list[Shown]:
    """What `seen.reviewer` should look at next, best first: of the newest documents, and of those that others differ
    about. Nothing that is gone at its source. Raises NoArchive."""
    read = still_there(tables, _read(tables, seen.resolutions, company))
    questions = [
        each
        for name, mine in read.items()
        for each in questions_of(name, mine)
        if (aspect is None or each.asked.aspect == aspect) and (not company or each.asked.company in (company, ""))
    ]
    readings = {name: each.reading for name, each in read.items() if each.reading is not None}
    answered = sorted({each.document_id for each in seen.resolutions} - readings.keys())[-_COMPARED:]
    queued = queue(questions, readings | readings_of(tables, answered), seen, limit)
    documents = documents_of(tables, [each.question.asked.document_id for each in queued])
    return [Shown(each, documents[name]) for each in queued if (name := each.question.asked.document_id) in documents]


def _read(tables: ArchiveTables, known: Mapping[Asked, Resolution], company: str) -> dict[str, Read]:
    read = newest_read(tables, company)
    disputed = {each.document_id for each, found in known.items() if found.state == "disputed"}
    return read | read_of(tables, sorted(disputed - read.keys()))


def still_there(tables: ArchiveTables, read: Mapping[str, Read]) -> dict[str, Read]:
    """Without what is gone at its source."""
    items = sorted({each.opinions[0].item for each in read.values()} - {""})
    gone = deletions(tables, items)
    return {
        name: each
        for name, each in read.items()
        if not is_gone(each.opinions[0].item, each.opinions[0].available_at, gone)
    }


def documents_of(tables: ArchiveTables, ids: list[str]) -> dict[str, Document]:
    """Those that the archive has, by id, as the log had them first."""
    found: dict[str, Document] = {}
    for row in rows_of(tables, DOCUMENTS, list(dict.fromkeys(ids)), ["value"]):
        document = decode_document(row["value"])
        if isinstance(document, Document):
            found.setdefault(document.id, document)
    return found


def rows(shown: list[Shown]) -> Iterator[dict[str, Any]]:
    """As programs get it: fractions, times in ISO 8601."""
    for queued, document in shown:
        question = queued.question
        yield {
            "document_id": document.id,
            "aspect": question.asked.aspect,
            "company": question.asked.company or None,
            "said": question.said,
            "probability": question.probability / MICRO,
            "others": [{"answer": name, "probability": share / MICRO} for name, share in question.others],
            "state": queued.state,
            "priority": queued.priority / MICRO,
            "uncertainty": question.uncertainty / MICRO,
            "weight": question.weight / MICRO,
            "novelty": queued.novelty / MICRO,
            "model": question.opinion.model,
            "title": document.title,
            "text": document.text,
            "source": document.source,
            "url": safe_link(document.url) or None,
            "language": document.language,
            "available_at": to_iso(document.available_at),
        }


def resolution_row(found: Resolution) -> dict[str, Any]:
    """What people made of one question."""
    return {
        "document_id": found.asked.document_id,
        "aspect": found.asked.aspect,
        "company": found.asked.company or None,
        "state": found.state,
        "answer": found.answer or None,
        "votes": [{"reviewer": name, "answer": answer or None} for name, answer in found.votes.items()],
    }
