"""One document, with what it says of each company."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from services.api.answers import answer
from services.api.door import door_of
from services.api.parameters import Form
from services.api.problems import Problem
from services.api.rows import document_row
from services.api.schemas import DocumentAnswer, answers
from shared.reading.documents import EVER

router = APIRouter(tags=["documents"])


@router.get("/v1/documents/{id}", responses=answers(DocumentAnswer))
def document(request: Request, id: str, form: Form = None) -> Response:
    """A document that is kept, one row for each company that it speaks of."""
    del form
    door = door_of(request)
    run = door.run()
    found = [each for each in run.documents.between(run.newest(), *EVER) if each.id == id]
    if not found:
        raise Problem(404, "no document that is kept has this id", "its id stands in companies/{id}/documents")
    return answer(request, [document_row(each) for each in found], door.about(run), None)
