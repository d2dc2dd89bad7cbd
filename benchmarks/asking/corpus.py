"""A corpus of dated stories, archived as the workers would: normalised, masked, linked, scored, and kept.

Rows with one `story_id` are one document: the fullest of its wordings, its companies joined by `;`.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from services.archive.rows import Rows, tables_of
from services.archive.tables import Tables
from services.ingest.documents.companies import CompanyNames
from services.ingest.documents.masker import Masker
from services.ingest.documents.normalise import Reading, Rejected, normalise
from services.model.interface import Engine
from services.runtime.record import Recorded
from services.scoring.linking.linker import Linker
from services.scoring.opinions import opinions_of, read
from shared.clock import SystemClock
from shared.contract import readings
from shared.contract.events import Document, Origin, encode
from shared.contract.topics import Topics
from shared.reading.archive.tables import ArchiveTables
from shared.universe.securities import Catalogue

BATCH: Final = 256
Row = dict[str, Any]


def stories(path: Path, first: str, last: str) -> list[Row]:
    """One row a story of these days, as `bellwether ingest file` reads them."""
    rows: dict[str, list[Row]] = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if first <= row["date"] <= last:
                rows.setdefault(row["story_id"], []).append(row)
    return [_merged(name, mine) for name, mine in rows.items()]


def _merged(name: str, rows: Sequence[Row]) -> Row:
    fullest = max(rows, key=lambda row: len(row["summary"]))
    return {
        "external_id": name,
        "published_at": fullest["date"],
        "title": fullest["title"],
        "text": fullest["summary"],
        "company": ";".join(dict.fromkeys(row["ticker"] for row in rows)),
    }


def archive(rows: Sequence[Row], tables: Tables, engine: Engine | None) -> int:
    """Keep these rows; how many there are. Without an engine there is neither opinion nor embedding of them."""
    catalogue = Catalogue.load()
    linker, names = Linker(catalogue), CompanyNames(catalogue)
    reading = Reading(channel="news", source="corpus", link=names.link)
    to_rows = Rows(tables_of(Topics()), dict.fromkeys(tables_of(Topics()), "T"))
    masker, now, kept = Masker(b"benchmark"), SystemClock().now(), 0
    for some in (rows[place : place + BATCH] for place in range(0, len(rows), BATCH)):
        raw = [normalise(row, reading, now) for row in some]
        documents = [masker.apply(each) for each in raw if not isinstance(each, Rejected)]
        tables.add(to_rows.of(list(_records(documents, kept, linker, engine))))
        kept += len(documents)
    return kept


def _records(documents: Sequence[Document], first: int, linker: Linker, engine: Engine | None) -> Iterator[Recorded]:
    asked = [read(document, linker) for document in documents] if engine else []
    answers = engine.score([request for _, request in asked]) if engine else None
    for place, document in enumerate(documents):
        at, origin = document.available_at, Origin("T", 0, first + place)
        key = document.key.encode()
        yield Recorded("documents.news", 0, origin.offset, key, encode(document), timestamp=at / 1e6)
        if answers is None or engine is None:
            continue
        answer = answers[place]
        for opinion in opinions_of(document, origin, asked[place][0], answer, engine.model_id):
            offset = origin.offset * 256 + opinion.origin.index
            yield Recorded("opinions", 0, offset, opinion.company.encode(), encode(opinion), timestamp=at / 1e6)
        said = readings.Reading(
            origin=origin,
            document_id=document.id,
            available_at=at,
            model=answer.model or engine.model_id,
            events=answer.events,
            embedding=answer.packed,
            scale=answer.scale,
        )
        value = readings.encode_reading(said)
        yield Recorded("readings", 0, origin.offset, document.id.encode(), value, timestamp=at / 1e6)


def opened(folder: Path) -> tuple[ArchiveTables, Tables]:
    """The archive in this folder, to read and to write."""
    tables = ArchiveTables(str(folder))
    return tables, Tables(tables)
