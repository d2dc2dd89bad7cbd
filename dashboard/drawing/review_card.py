"""One question of review as data of our component. Pure; texts are from outside and go on as text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import tzinfo
from typing import Any, Final

from dashboard.drawing import formats, palette
from dashboard.drawing.palette import Palette
from dashboard.reading.companies import Label, label, searched
from shared.contract.events import MARKET, MICRO
from shared.contract.feedback.label import NO_COMPANY, SENTIMENTS
from shared.event_classes.classes import EVENT_CLASSES
from shared.event_classes.selection import event_words
from shared.links import safe_link
from shared.reading.review.answering import CANNOT_TELL, OTHER_NEWS, RIGHT
from shared.reading.review.questions import Question
from shared.reading.review.queue import Queued
from shared.reading.review.shown import Shown

MOST_CHARS: Final = 3_000  # of a text: what decides stands at its beginning
_MOST_COMPANIES: Final = 300  # offered while one types; others can be typed whole
_LEGAL_FORM: Final = re.compile(
    r"[ ,]+(?:inc|corp|co|plc|ltd|ag|sa|nv|se|company|corporation|group|holdings)\b", re.IGNORECASE
)
_NOTES: Final = {
    "open": "",
    "once": "Somebody has answered this: say what you think, without knowing what they said.",
    "disputed": "Two reviewers differ: your answer decides.",
}


def card(shown: Shown, colours: Palette, zone: tzinfo, zone_name: str, companies: Sequence[str]) -> dict[str, Any]:
    """`companies`: ids that a link may be to, beside those that are typed."""
    question, document = shown.queued.question, shown.document
    about = label(question.asked.company) if question.asked.company else None
    return {
        "key": "|".join(question.asked),
        "heading": heading(question),
        "said": _said(question),
        "note": _NOTES.get(shown.queued.state, ""),
        "pieces": _pieces(document.title, document.text[:MOST_CHARS], _names(about), colours),
        "cut": len(document.text) > MOST_CHARS,
        "place": f"{document.source} · {formats.moment(document.available_at, zone, year=True)} {zone_name}",
        "url": safe_link(document.url),
        "document": document.id,
        "company": question.opinion.company,
        "choices": _choices(question, colours),
        "picker": _picker(question, companies),
    }


def heading(question: Question) -> str:
    """What is asked, in words."""
    company, name = question.asked.company, label(question.asked.company).name
    if question.asked.aspect == "event":
        return "Which event does it tell?"
    if question.asked.aspect == "sentiment":
        return "How does it speak of the market?" if company == MARKET else f"How does it speak of {name}?"
    return "Does it name no listed company?" if company == MARKET else f"Is it about {name}?"


def words_of(question: Question, answer: str) -> str:
    """An answer as a person says it. `answer`: of a label, or RIGHT, or CANNOT_TELL."""
    answer = question.said if answer == RIGHT else answer
    if answer in ("", CANNOT_TELL):
        return "cannot tell"
    if question.asked.aspect == "sentiment":
        return answer
    if question.asked.aspect == "event":
        return event_words(answer)
    if answer in (NO_COMPANY, MARKET):
        return "no company" if question.asked.company == MARKET else f"not {label(question.asked.company).ticker}"
    return label(answer).long


def reasons(queued: Queued) -> dict[str, Any]:
    """Why this one is asked, as a group of facts."""
    question = queued.question
    rows = [
        ("Uncertainty", question.uncertainty, "1 where the two most probable answers are equally probable."),
        ("Weight", question.weight, "The opinion's share of the document's weight in every count."),
        ("Novelty", queued.novelty, "Unlike what was answered before, and what comes before it here."),
        ("Priority", queued.priority, "Uncertainty x weight x novelty; half of it where one has answered."),
    ]
    return {
        "title": "Why this one",
        "rows": [{"name": name, "value": f"{value / MICRO:.2f}", "meaning": meaning} for name, value, meaning in rows],
    }


def _said(question: Question) -> str:
    sure = formats.percent(question.probability / MICRO, sign=False)
    if question.asked.aspect == "link":
        return f"The model found {words_of(question, question.said)}, relevance {sure}"
    return f"The model says {words_of(question, question.said)}, {sure} sure"


def _choices(question: Question, colours: Palette) -> list[dict[str, Any]]:
    """`share`: the model's own, 0 to 1; `said`: its answer, which Enter takes."""
    if question.asked.aspect == "sentiment":
        shares = dict([(question.said, question.probability), *question.others])
        shades = dict(zip(SENTIMENTS, (colours.negative, colours.neutral, colours.positive), strict=True))
        return [_choice(question, name, shares.get(name, 0), shades[name]) for name in SENTIMENTS]
    if question.asked.aspect == "event":
        likely = ((question.said, question.probability), *question.others)
        told = [_choice(question, name, share) for name, share in likely]
        return told if OTHER_NEWS in dict(likely) else [*told, _choice(question, OTHER_NEWS, None)]
    yes = {"answer": RIGHT, "words": "Yes", "said": True, "share": None, "colour": ""}
    no = {"answer": NO_COMPANY, "words": "No", "said": False, "share": None, "colour": ""}
    return [yes] if question.asked.company == MARKET else [yes, no]


def _choice(question: Question, answer: str, share: int | None, colour: str = "") -> dict[str, Any]:
    """A choice among the model's own answers."""
    return {
        "answer": answer,
        "words": words_of(question, answer),
        "said": answer == question.said,
        "share": None if share is None else share / MICRO,
        "colour": colour,
    }


def _picker(question: Question, companies: Sequence[str]) -> dict[str, Any] | None:
    """What else may be right: to be found by typing. `free`: also what is not on the list."""
    if question.asked.aspect == "event":
        options = [{"answer": name, "words": event_words(name)} for name in EVENT_CLASSES]
        return {"words": "Another event", "options": options, "free": False}
    if question.asked.aspect == "link":
        options = [{"answer": each, "words": searched(each)} for each in companies[:_MOST_COMPANIES] if each != MARKET]
        return {"words": "Another company", "options": options, "free": True}
    return None


def _names(about: Label | None) -> list[str]:
    """By which a company is marked in a text: only so that a reader finds it, so what is missed does no harm."""
    if about is None or about.id == MARKET:
        return []
    short = _LEGAL_FORM.split(about.name)[0]
    return [each for each in dict.fromkeys((about.name, short, about.ticker, *about.also)) if len(each) > 1]


def _pieces(title: str, text: str, names: Sequence[str], colours: Palette) -> list[dict[str, Any]]:
    """Title and text, with the company's names marked. A text that opens with its own title is shown once."""
    body = text[len(title) :].lstrip() if title and text.startswith(title) else text
    shade = palette.faint(colours.social, 0.22)
    found = []
    for part, titled in ((title, True), (body, False)):
        for place, piece in enumerate(_cut(part, names)):
            if piece:
                found.append({"text": piece, "title": titled, "colour": shade if place % 2 else ""})
        if titled and part and body:
            found.append({"text": "\n", "title": True, "colour": ""})
    return found


def _cut(text: str, names: Sequence[str]) -> list[str]:
    """Odd pieces are names."""
    if not names:
        return [text]
    some = "|".join(re.escape(each) for each in sorted(names, key=len, reverse=True))
    return re.split(rf"(?<!\w)({some})(?!\w)", text, flags=re.I)
