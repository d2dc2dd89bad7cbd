"""Questions that ask for a number of documents, and what they count: parsed here, counted in counts.py. Pure."""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

from shared.asking.understanding.concepts import Concept
from shared.asking.understanding.question import Asked
from shared.asking.understanding.words import forms_of, word_list

Operation = Literal[
    "documents", "companies", "top companies", "top month", "top week", "top day", "difference", "trend"
]
_UNIT: Final = (
    r"(?:stories|story|news|articles?|headlines?|titles?|reports?|pieces|documents?|texts?|mentions?|posts?|tweets?"
    r"|条|篇|则|报道|新闻)"
)
_NAMED: Final = r"(?:come up|comes up|came up|mention\w*|appear\w*|named)"
_FIRMS: Final = r"(?:company|companies|tickers?|firms?|stocks?|names)"
_HOW_MANY: Final = re.compile(
    rf"\b(?:how many|how much|number of|count(?: of)?|total)\b.{{0,60}}?{_UNIT}\b|\bcount the\b"
    rf"|\bhow (?:often|many times)\b.*\b(?:{_NAMED}|in the news)\b|多少(?:条|篇|则|次|个报道|新闻)|几(?:条|篇|则)",
    re.IGNORECASE,
)
_COMPANIES: Final = re.compile(
    r"\bhow many (?:different |distinct |separate )?(?:companies|tickers|firms|issuers|names)\b|多少家公司",
    re.IGNORECASE,
)
_TOP: Final = re.compile(
    rf"\b(?:which|what) {_FIRMS}\b.*\b(?:most|busiest|top)\b.*(?:{_UNIT}|covered|written|mentioned)"
    rf"|\btop (?:\w+ )?{_FIRMS}\b.*(?:{_UNIT}|coverage)"
    r"|\bmost (?:covered|mentioned|written[- ]about|talked[- ]about)\b|哪家公司.*(?:最多|最常)",
    re.IGNORECASE,
)
_WHEN: Final = re.compile(
    r"\b(?:which|what)\s+(month|week|day)\b.*\b(?:heaviest|most|busiest|peak\w*|highest|biggest)\b"
    r"|哪个?(月|周|天).*最多",
    re.IGNORECASE,
)
_TREND: Final = re.compile(
    r"\btrend\w*\b|\bover time\b|\b(?:by|per|each|every) (?:day|week|month)\b|趋势|走势"
    r"|\b(?:coverage|news|tone|mood|sentiment|opinion)s?\b.{0,40}\b(?:chang|develop|evolv|mov|turn|improv|worsen)\w*"
    r"|\b(?:tone|mood|sentiment) (?:on|of|about|around|towards?)\b",
    re.IGNORECASE,
)
_MORE: Final = re.compile(rf"\bhow many more\b.*\bthan\b.*{_UNIT}", re.IGNORECASE)
_BY_TEXT: Final = re.compile(
    rf"\b(?:{_NAMED}|names?|naming|contain\w*|in them|with the words?|say(?:s|ing)?)\b|提到|提及|出现", re.IGNORECASE
)
_TITLES: Final = re.compile(r"\b(?:headlines?|titles?)\b|标题", re.IGNORECASE)
_NUMBERS: Final = {"two": 2, "three": 3, "four": 4, "five": 5, "ten": 10}
_SAME: Final = {
    "lawsuit": ("sue",),
    "lawsuits": ("sue",),
    "layoffs": ("layoff", "lay off"),
    "takeover": ("acquire", "acquisition"),
}


class Counting(NamedTuple):
    """What is counted: documents of all these companies that hold one form of each of `words`."""

    operation: Operation
    most: int  # how many winners are named
    companies: tuple[str, ...]  # ids that documents are about
    words: tuple[tuple[str, ...], ...]  # of each the forms, of which a document holds one
    titles: bool  # words are looked for in titles alone


def counting(asked: Asked) -> Counting | None:
    """None where it asks for something else."""
    text, rest = asked.text, asked.rest
    when = _WHEN.search(text)
    operation: Operation
    if _MORE.search(text) and len(asked.companies) == 2:
        operation = "difference"
    elif _TREND.search(text) and (asked.companies or _HOW_MANY.search(text)):
        operation = "trend"
    elif _COMPANIES.search(text):
        operation = "companies"
    elif when:
        unit = (when[1] or {"月": "month", "周": "week", "天": "day"}[when[2]]).lower()
        operation = "top month" if unit == "month" else "top week" if unit == "week" else "top day"
    elif _TOP.search(text):
        operation = "top companies"
    elif _HOW_MANY.search(text):
        operation = "documents"
    else:
        return None
    top = re.search(r"\btop (\d+|two|three|four|five|ten)\b", text, re.IGNORECASE)
    most = (int(top[1]) if top[1].isdigit() else _NUMBERS[top[1].lower()]) if top else 1
    by_text = bool(_BY_TEXT.search(text)) and operation != "difference"
    words = _words(asked, rest, by_text=by_text)
    return Counting(operation, min(most, 20), () if by_text else asked.companies, words, bool(_TITLES.search(text)))


def _words(asked: Asked, rest: str, *, by_text: bool) -> tuple[tuple[str, ...], ...]:
    kept = [
        each
        for each in asked.concepts
        if not each.told and (by_text or not each.company) and each.label.casefold() not in word_list("count_words")
    ]
    if not kept:
        return ()
    groups: list[tuple[str, ...]] = []
    joined = _phrases(kept, rest)
    if re.search(r"\bor\b|或", rest) and len(joined) > 1:
        return (tuple(form for forms in joined for form in forms),)
    groups += joined
    return tuple(groups)


def _phrases(kept: list[Concept], rest: str) -> list[tuple[str, ...]]:
    """The forms of each; names that stand side by side are one."""
    found: list[tuple[str, ...]] = []
    at = 0
    while at < len(kept):
        stop = at + 1
        while (
            stop < len(kept)
            and kept[at].name
            and kept[stop].name
            and f"{kept[stop - 1].label} {kept[stop].label}" in rest
        ):
            stop += 1
        if stop - at > 1:
            found.append((" ".join(each.label.casefold() for each in kept[at:stop]),))
        else:
            found.append(_forms(kept[at]))
        at = stop
    return found


def _forms(concept: Concept) -> tuple[str, ...]:
    if concept.company:
        return concept.forms[:1]
    same = [
        form
        for other in _SAME.get(concept.label.casefold(), ())
        for form in (forms_of(other) if " " not in other else (other,))
    ]
    return (*concept.forms, *same)
