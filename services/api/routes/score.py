"""What the model says of texts that are sent, and which words led it there. Nothing of them is kept."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.api.door import door_of
from services.api.wire.answers import About, answer
from services.api.wire.parameters import WITH_FORMAT
from services.api.wire.problems import Problem
from services.api.wire.schemas import ScorePage, answers
from shared.contract.events import Channel

router = APIRouter(tags=["score"], dependencies=WITH_FORMAT)

MOST_TEXTS: Final = 256
MOST_CHARS: Final = 100_000  # of a text, as at ingest
MOST_EXPLAINED: Final = 8  # a text takes as many passes as it has words

Text = Annotated[str, Field(min_length=1, max_length=MOST_CHARS)]


class _Told(BaseModel):
    """What rules are told of the texts, and whether they are asked."""

    model_config = ConfigDict(extra="forbid")

    rules: bool = Field(True, description="Under the rules of the run; false: the model alone.")
    channel: Channel = Field("news", description="For rules that ask for it.")
    source: str = Field("", max_length=256, description="Name of the source, for rules that ask for it.")


class Texts(_Told):
    texts: list[Text] = Field(min_length=1, max_length=MOST_TEXTS)


class FewTexts(_Told):
    texts: list[Text] = Field(min_length=1, max_length=MOST_EXPLAINED)


@router.post("/v1/score", responses=answers(ScorePage))
def score(request: Request, body: Texts) -> Response:
    """The sentiment of each text and of each company in it, and the event: the same bits as the stream's, under
    the same rules. `rules` are the names of those that spoke, `dropped` and `weight_left` what came of it. A text in a
    language that no model reads is `unscored`, which names the language, and has no sentiment."""
    return _scored(request, body, explain=False)


@router.post("/v1/explain", responses=answers(ScorePage))
def explain(request: Request, body: FewTexts) -> Response:
    """The same, with the words that led to each answer: `share` speaks for the class that `answers` names.
    Places of words are those in `explanation.text`, the text as it was read: cleaned and masked."""
    return _scored(request, body, explain=True)


def _scored(request: Request, body: Texts | FewTexts, *, explain: bool) -> Response:
    door = door_of(request)
    if any("\ud800" <= sign <= "\udfff" for text in [*body.texts, body.source] for sign in text if not text.isascii()):
        raise Problem(422, "a text is not Unicode: it holds half of a surrogate pair", "send it as UTF-8")
    found = door.scorer.score(body.texts, explain=explain, rules=body.rules, channel=body.channel, source=body.source)
    rows: list[dict[str, Any]] = [{"text": place} | row for place, row in enumerate(found)]
    about = door.about(door.run())
    models = {row["model_id"] for row in found if "unscored" not in row}
    named = models.pop() if len(models) == 1 else None
    return answer(request, rows, About(about.as_of, named, about.universe), None)
