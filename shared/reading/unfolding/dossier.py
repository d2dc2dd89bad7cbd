"""All that the archive knows of one document: text, opinions, versions, where it lies in the log, who told the same.

Texts are from outside: escape them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from shared.contract.archive import DOCUMENTS, OPINIONS, READINGS, words_of
from shared.contract.events import Document, Opinion, decode_document
from shared.contract.readings import Reading, decode_reading
from shared.reading.archive.candidates import deletions, rows_of, with_words
from shared.reading.archive.document import heard_of
from shared.reading.archive.search import Found, Meaning, Question, search
from shared.reading.archive.tables import ArchiveTables, NoArchive, quoted
from shared.reading.deleted import is_gone
from shared.story import BODY_WORDS, signature, story_of

NEAREST: Final = 6  # documents near in meaning that are named
_LOOKED_AT: Final = 24  # among which copies of the same story are left out
_VERSIONS: Final = 100


class Place(NamedTuple):
    """Where a document lies in the log, and when Kafka took it (microseconds)."""

    topic_id: str
    partition: int
    offset: int
    appended_at: int


class Told(NamedTuple):
    """A document, where it lies, and what was heard of it: one opinion a company."""

    document: Document
    place: Place
    opinions: list[Opinion]


class Dossier(NamedTuple):
    """One archived document. Lists are by `available_at`, ties by id, but for `near`: the nearest first."""

    document: Document
    place: Place
    opinions: list[Opinion]
    reading: Reading | None  # what the model read beside the opinions
    versions: list[Told]  # of its item, this one among them
    story: list[Told]  # near copies, this one among them; of each item the first version
    near: list[Found]  # other stories

    @property
    def earlier(self) -> int:
        """How many told the story before."""
        mine = (self.document.available_at, self.document.id)
        return sum((each.document.available_at, each.document.id) < mine for each in self.story)


def dossier(tables: ArchiveTables, name: str) -> Dossier | None:
    """None where the archive has no such document, or it is gone at its source. Raises NoArchive."""
    tables.connection()
    found = _told(tables, [name])
    if not found:
        return None
    document, place, opinions = found[0]
    if is_gone(document.item, document.available_at, deletions(tables, [document.item])):
        return None
    reading = _reading(tables, name)
    story = _story(tables, document)
    return Dossier(
        document=document,
        place=place,
        opinions=opinions,
        reading=reading,
        versions=_versions(tables, document) or [found[0]],
        story=story or [found[0]],
        near=_near(tables, document, reading, {each.document.id for each in story}),
    )


def _told(tables: ArchiveTables, ids: Sequence[str]) -> list[Told]:
    """Each document once, as the log had it first."""
    heard: dict[str, list[Any]] = {}
    for row in rows_of(tables, OPINIONS, ids, ["value"], "kind = 'opinion'"):
        heard.setdefault(row["document_id"], []).append(row)
    found: dict[str, Told] = {}
    for row in rows_of(tables, DOCUMENTS, ids, ["value"]):
        document = decode_document(row["value"])
        if isinstance(document, Document) and document.id not in found:
            place = Place(row["topic_id"], row["partition"], row["offset"], row["appended_at"])
            found[document.id] = Told(document, place, heard_of(heard.get(document.id, ())))
    return sorted(found.values(), key=lambda each: (each.document.available_at, each.document.id))


def _versions(tables: ArchiveTables, document: Document) -> list[Told]:
    """They lie in the log under their item's name."""
    if not document.item:
        return []
    columns = ["document_id", "available_at"]
    rows = tables.rows(DOCUMENTS, columns, f"key = {quoted(document.item)} AND document_id IS NOT NULL")
    ids = [row["document_id"] for row in rows.to_pylist()] if rows is not None else []
    named = [each for each in dict.fromkeys(ids) if not each.startswith("-")][:_VERSIONS]
    return _told(tables, named)


def _story(tables: ArchiveTables, document: Document) -> list[Told]:
    """Documents of the same story key: they hold the words that it is made of, so these find them."""
    key = story_of(document)
    kept = (signature(document.title) or signature(document.text, BODY_WORDS)).split()
    whole = set(words_of(f"{document.title}\n{document.text}"))
    words = [word for word in dict.fromkeys(kept) if word in whole][:32]
    if not words:
        return []
    told = _told(tables, with_words(tables, words, "", "").ids)
    gone = deletions(tables, [each.document.item for each in told])
    first: dict[str, Told] = {}
    for each in told:
        if story_of(each.document) == key and not is_gone(each.document.item, each.document.available_at, gone):
            first.setdefault(each.document.key, each)
    if document.key in first and first[document.key].document.id != document.id:
        first[document.key] = next(each for each in told if each.document.id == document.id)
    return sorted(first.values(), key=lambda each: (each.document.available_at, each.document.id))


def _reading(tables: ArchiveTables, name: str) -> Reading | None:
    for row in rows_of(tables, READINGS, [name], ["value"]):
        try:
            return decode_reading(row["value"])
        except msgspec.MsgspecError:
            continue
    return None


def _near(tables: ArchiveTables, document: Document, reading: Reading | None, story: set[str]) -> list[Found]:
    """By the embedding that was kept: no model has to be asked. Copies of one story are named once."""
    if reading is None or not reading.embedding:
        return []
    meaning = Meaning(reading.model, reading.embedding, reading.scale)
    try:
        answer = search(tables, Question(meaning=meaning, by="meaning", limit=_LOOKED_AT))
    except (NoArchive, ValueError):
        return []
    others: dict[str, Found] = {}
    for each in answer.found:
        if each.document.id not in story and each.document.key != document.key:
            others.setdefault(story_of(each.document), each)
    return [each for key, each in others.items() if key != story_of(document)][:NEAREST]
