"""Questions in people's words, answered with sentences of cited documents and exact counts (docs/ask.md)."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.api.door import Door, door_of
from services.api.past import past_instant
from services.api.wire.answers import About, one
from services.api.wire.problems import Problem, unavailable
from services.api.wire.schemas import AskAnswer, answers
from shared.asking.ask import MOST_BEFORE, MOST_CHARS, Asker, UnreadableQuestion
from shared.asking.phrasing.phrasing import phrased
from shared.asking.reply import Reply
from shared.asking.reply import Request as Asking
from shared.clock import to_iso
from shared.reading.archive.tables import NoArchive

router = APIRouter(tags=["ask"])

Text = Annotated[str, Field(min_length=1, max_length=MOST_CHARS)]


class Question(BaseModel):
    model_config = ConfigDict(extra="forbid")

    question: Text
    asked_at: str | None = Field(
        default=None, max_length=64, description="A day or a moment; null: the newest document's."
    )
    as_of: str | None = Field(default=None, max_length=64, description="Only what had arrived by that moment.")
    before: list[Text] = Field(
        default=[], max_length=MOST_BEFORE, description="The conversation so far, first one first."
    )


@router.post("/v1/ask", responses=answers(AskAnswer))
def ask(request: Request, body: Question) -> Response:
    """Verbatim sentences with citations, and exact counts; or `refused`, with what was looked for."""
    door = door_of(request)
    at = None if body.as_of is None else past_instant(body.as_of, door.clock.now())
    reply = asked(door, Asking(body.question, body.asked_at or "", tuple(body.before), at))
    now = door.about(door.run())
    about = now if at is None else About(to_iso(at), now.model, now.universe)
    row = msgspec.to_builtins(reply)
    if said := phrased(reply, door.settings.ask.phrasing):
        row["phrased"] = msgspec.to_builtins(said)
    return one(request, row, about)


def asked(door: Door, asking: Asking) -> Reply:
    """Raises Problem."""
    try:
        return Asker(door.archive, door.catalogue).ask(asking)
    except NoArchive as error:
        raise unavailable(str(error), "questions need the archive; see: bellwether archive status") from None
    except UnreadableQuestion as error:
        raise Problem(422, str(error), "ask in a sentence; asked_at is a day or a moment in ISO 8601") from None
