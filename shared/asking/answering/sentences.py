"""Sentences of a text as they stand in it, and which of them answer. Pure; what is quoted is a part of the text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from shared.asking.answering.evidence import Weighed, strength
from shared.asking.understanding.kinds import Kind
from shared.contract.archive import words_of

MOST_CHARS: Final = 600  # of a quote; a longer sentence is cut where a word ends
_ABBREVIATED: Final = re.compile(
    r"\b(?:U\.S|U\.K|U\.N|E\.U|Inc|Corp|Co|Cos|Ltd|Bros|Mr|Mrs|Ms|Dr|St|No|Jr|Sr|vs|Jan|Feb|Mar|Apr|Aug|Sept|Sep|Oct"
    r"|Nov|Dec|Gov|Sen|Rep|Gen|Univ|approx|est|[A-Z])\.$"
)
_END: Final = re.compile(
    r"(?<=[.!?])[\"'\u201d\u2019)]*\s+(?=[\"'\u201c\u2018(*]?[A-Z0-9$*])|(?<=[\u3002\uff01\uff1f])|\s+(?=\*\s)|\n+"
)
_NUMBER: Final = re.compile(r"\d")
_AMOUNT: Final = re.compile(
    r"[$€£¥]\s?\d"
    r"|\d[\d., ]*\s?(?:percent|pct|%|million|mln|billion|bln|trillion|cents|euros|dollars|pounds|yuan)",
    re.IGNORECASE,
)
_BECAUSE: Final = re.compile(
    r"\b(?:because|due to|after|amid|as|hurt by|helped by|driven by|citing|cited|blam\w+|following|reflecting|thanks to"
    r"|led by|over|weighed|sparked|prompt\w+|result of|in response|owing"
    r"|on (?:concerns?|worries|fears?|news|reports?|hopes?))\b",
    re.IGNORECASE,
)
_PERSON: Final = re.compile(r"(?<![.!?] )\b[A-Z][a-zé]+ (?:[A-Z]\. )?[A-Z][a-zé]+")


def sentences_of(text: str) -> list[str]:
    """In their order; each stands in `text` as it is."""
    found, start = [], 0
    for match in _END.finditer(text):
        if _ABBREVIATED.search(text[start : match.start()]):
            continue
        found.append(text[start : match.end()].strip())
        start = match.end()
    found.append(text[start:].strip())
    return [each for each in found if each]


def chosen(title: str, text: str, weighed: Sequence[Weighed], kind: Kind, most: int) -> list[str]:
    """The title, and the sentences of the text that speak most of what is asked, in their order."""
    if title and text.startswith(title):
        text = text[len(title) :]
    ranked = sorted(
        ((-fit(each, weighed, kind), place, each) for place, each in enumerate(sentences_of(text))),
    )
    best = ranked[:most]
    kept = [cut(each) for _, _, each in sorted(best, key=lambda each: each[1])]
    return [*([cut(title)] if title else []), *kept]


def fit(sentence: str, weighed: Sequence[Weighed], kind: Kind) -> float:
    """How much of the question a sentence speaks of, and whether it says what this kind of question asks for."""
    words = " ".join(words_of(sentence))
    whole = sum(each.weight for each in weighed) or 1.0
    held = sum(each.weight * strength(each.concept, words, frozenset()) for each in weighed) / whole
    return held + 0.25 * gives(sentence, kind)


def gives(sentence: str, kind: Kind) -> float:
    """Whether it has what such a question asks for: a cause, a figure, a person."""
    if kind == "why":
        return 1.0 if _BECAUSE.search(sentence) else 0.0
    if kind == "number":
        return 1.0 if _AMOUNT.search(sentence) else 0.6 if _NUMBER.search(sentence) else 0.0
    if kind == "who":
        return 1.0 if _PERSON.search(sentence) else 0.0
    return 0.3 if _NUMBER.search(sentence) else 0.0


def cut(sentence: str) -> str:
    if len(sentence) <= MOST_CHARS:
        return sentence
    return sentence[:MOST_CHARS].rsplit(" ", 1)[0]
