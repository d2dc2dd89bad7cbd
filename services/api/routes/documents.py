"""One document: its text, what it says of each company, and which words led there."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from services.api.door import Door, door_of
from services.api.wire.answers import one
from services.api.wire.parameters import WITH_FORMAT
from services.api.wire.problems import Problem
from services.api.wire.rows import archived_row, kept_row
from services.api.wire.schemas import DocumentAnswer, answers
from shared.reading.archive.document import archived_document
from shared.reading.stories.records import event_records

router = APIRouter(tags=["documents"], dependencies=WITH_FORMAT)


@router.get("/v1/documents/{id}", responses=answers(DocumentAnswer))
def document(
    request: Request,
    id: str,
    explain: Annotated[bool, Query(description="With the words that led to each answer; loads the model.")] = False,
    company: Annotated[
        str | None, Query(max_length=200, description="Explain the answer for this company alone, and the event.")
    ] = None,
) -> Response:
    """A document with its opinions: of the archive, or of the latest ones, of which an excerpt is kept."""
    door = door_of(request)
    row = _found(door, id)
    if row is None:
        raise Problem(404, "no document that is kept has this id", "its id stands in companies/{id}/documents")
    if explain:
        text = f"{row['title']}\n{row['text']}".strip()
        about = door.company(company) if company else ""
        row["explanation"] = door.scorer.explain(text, about)
    return one(request, row, door.about(door.run()))


def _found(door: Door, name: str) -> dict[str, Any] | None:
    archived = archived_document(door.archive, name)
    if archived is not None:
        return archived_row(archived, event_records(door.archive, archived.opinions))
    run = door.run()
    kept = run.documents.with_id(run.newest(), name)
    return kept_row(kept) if kept else None
