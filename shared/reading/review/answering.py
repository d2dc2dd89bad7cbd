"""A reviewer's answer, checked against what the model said: from a door's words to a label."""

from __future__ import annotations

import secrets
from typing import Final, NamedTuple

from shared.contract.audit import MAX_CHARS, Via
from shared.contract.events import MARKET
from shared.contract.feedback.label import ASPECTS, NO_COMPANY, SENTIMENTS, UNSURE, Asked, Aspect, Label
from shared.event_classes.classes import EVENT_CLASSES
from shared.event_classes.selection import UnknownEvent, classes_of
from shared.reading.archive.tables import ArchiveTables
from shared.reading.review.questions import Question, questions_of, read_of
from shared.universe.securities import Catalogue

RIGHT: Final = "right"  # as the model said
CANNOT_TELL: Final = "unsure"
OTHER_NEWS: Final = "other_news"  # the class of what is none of the others


class BadAnswer(ValueError):
    """An answer that cannot be taken; the text says what can."""


class NotAsked(LookupError):
    """There is nothing of this name to say something about."""


class Reviewer(NamedTuple):
    """Who answers, through which door, about whose answers."""

    name: str
    via: Via
    run: str


def aspect_of(text: str) -> Aspect:
    """Raises BadAnswer."""
    for aspect in ASPECTS:
        if aspect == text:
            return aspect
    raise BadAnswer(f"{text!r} is nothing that can be asked about; use {', '.join(ASPECTS)}")


def question_about(tables: ArchiveTables, asked: Asked) -> Question:
    """Raises NotAsked and NoArchive."""
    read = read_of(tables, [asked.document_id]).get(asked.document_id)
    if read is None:
        raise NotAsked(f"the archive has no document {asked.document_id!r} that was read")
    found = questions_of(asked.document_id, read)
    for question in found:
        if question.asked == asked:
            return question
    known = ", ".join(f"{each.asked.aspect} {each.asked.company}".strip() for each in found)
    raise NotAsked(f"the model said nothing of that in this document; it answered: {known}")


def label_of(question: Question, answer: str, reviewer: Reviewer, catalogue: Catalogue, now: int) -> Label:
    """`answer`: RIGHT, CANNOT_TELL, or what is right instead. Raises BadAnswer."""
    asked, opinion = question.asked, question.opinion
    if not reviewer.name.strip() or len(reviewer.name) > MAX_CHARS:
        raise BadAnswer(f"a reviewer has a name of at most {MAX_CHARS} characters")
    return Label(
        id=secrets.token_hex(8),
        at=now,
        reviewer=reviewer.name,
        via=reviewer.via,
        run=reviewer.run,
        document_id=asked.document_id,
        item=opinion.item,
        aspect=asked.aspect,
        company=asked.company,
        said=question.said,
        probability=question.probability,
        answer=_meant(question, answer.strip(), catalogue),
        model=opinion.model,
    )


def _meant(question: Question, answer: str, catalogue: Catalogue) -> str:
    if answer == RIGHT:
        return question.said
    if answer == CANNOT_TELL:
        return UNSURE
    if question.asked.aspect == "sentiment":
        if answer in SENTIMENTS:
            return answer
        raise BadAnswer(f"{answer!r} is no sentiment; use {RIGHT}, {', '.join(SENTIMENTS)} or {CANNOT_TELL}")
    if question.asked.aspect == "event":
        return _event(answer, question)
    return _company(answer, question.said, catalogue)


def _event(answer: str, question: Question) -> str:
    """A class by its name or its words; a model's own class, where the model gave it."""
    if answer == NO_COMPANY:
        return OTHER_NEWS
    if answer in {question.said, *(name for name, _ in question.others)}:
        return answer
    try:
        classes = classes_of(answer)
    except UnknownEvent as error:
        raise BadAnswer(str(error)) from None
    if len(classes) != 1 or classes[0] not in EVENT_CLASSES:
        raise BadAnswer(f"{answer!r} stands for several classes; use one of {', '.join(classes)}")
    return classes[0]


def _company(answer: str, said: str, catalogue: Catalogue) -> str:
    """Of a text in which no company was found, that there is none is what the model said."""
    if answer in (NO_COMPANY, MARKET):
        return MARKET if said == MARKET else NO_COMPANY
    found = catalogue.by_id.get(answer) or catalogue.resolve(answer)
    if found is None:
        raise BadAnswer(f"no company is known as {answer!r}; use an id, a ticker or a name, or {NO_COMPANY}")
    return found.id
