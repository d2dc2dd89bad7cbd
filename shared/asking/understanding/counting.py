"""Questions that ask for a number of documents, and what they count: parsed here, counted in counts.py. Pure."""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

from shared.asking.understanding.concepts import Concept
from shared.asking.understanding.event_words import Event, events_in
from shared.asking.understanding.question import Asked
from shared.asking.understanding.words import forms_of, word_list

Operation = Literal[
    "documents", "companies", "top companies", "top month", "top week", "top day", "difference", "trend", "compare"
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
_COUNTS: Final = re.compile(  # in front of an event
    r"(?:\b(?:how|hw) (?:many|mny|meny|manny)|\bhowmany|\bnumber of|\bcount(?: of| the)?|# of|\btotal)(?: \w+){0,2}\W*$"
    r"|\bhow (?:often|many times)\b.*$|(?:多少|几)(?:次|起|宗|笔|个|项|家|件|轮)?\w{0,2}$",
    re.IGNORECASE,
)
_COUNTED: Final = re.compile(r"^\W{0,2}(?:有|了|发生)?(?:多少|几)(?:次|起|宗|笔|个|项|件)?")  # behind one, in Chinese
_MOST_OF: Final = re.compile(  # somebody with the most of an event
    rf"\b(?:which|what|who|whose)\b.*\b(?:most|highest number of)(?: \w+)?\W*$|\btop (?:\w+ )?{_FIRMS}\b.*\bby\b.*$"
    r"|(?:哪家|哪个|什么)公司.*$",
    re.IGNORECASE,
)
_FIRMS_WITH: Final = re.compile(
    rf"\bhow many (?:different |distinct )?{_FIRMS} (?:had|have|got|saw|were|was|face\w*|announce\w*|with|report\w*)\b"
    r".*$"
    r"|(?:多少|几)家公司.*$",
    re.IGNORECASE,
)
_OF_COUNTS: Final = re.compile(  # words beside an event that say nothing of which
    r"^(?:get|got|gets|receive[ds]?|face[ds]?|filed?|against|announce[ds]?|see|saw|issue[ds]?|suffer\w*|made?|report\w*"
    r"|there|happen\w*|take|took|place|been|total|mny|meny|manny|howmany|hw|new|next|most|rating|share|shares)$"
)
_COMPARED: Final = re.compile(
    r"\b(?:vs?\.?|versus|compar\w*|comparison)\b|\b(?:better|worse|more (?:positive|negative)|stronger|weaker)\b"
    r"|\bdifference between\b|\bstack\w* up\b|对比|相比|比较|哪(?:个|家|一家|只).{0,4}(?:好|差|强|弱)|谁更",
    re.IGNORECASE,
)
_OF_COMPARISONS: Final = re.compile(  # words of a comparison of nothing in particular
    r"^(?:v|vs|versus|compar\w*|comparison|better|worse|positive|negative|stronger|weaker|best|worst|difference|stack\w*"
    r"|perform\w*|fare[ds]?|fare|faring|doing|did|news|sentiment|tone|mood|opinions?|coverage|press|buzz|liked|looks?"
    r"|stocks?|shares?|company|companies|week|month|year|quarter|day|against|head|side|contrast|who|which|one|two"
    r"|对比|相比|比较|更好|更差|表现|新闻|情绪|口碑|舆论|哪个|哪家|公司|如何|怎么样|怎样)$",
    re.IGNORECASE,
)
MOST_COMPARED: Final = 5
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
    events: tuple[str, ...] = ()  # classes or groups of events: of opinions with one of them


def counting(asked: Asked) -> Counting | None:
    """None where it asks for something else."""
    text, rest = asked.text, asked.rest
    if _is_comparison(asked):
        return Counting("compare", 1, asked.companies[:MOST_COMPARED], (), False)
    if (by_event := _by_event(asked)) is not None:
        return by_event
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
    by_text = bool(_BY_TEXT.search(text)) and operation != "difference"
    words = _words(asked, rest, by_text=by_text)
    return Counting(operation, _most(text), () if by_text else asked.companies, words, bool(_TITLES.search(text)))


def _most(text: str) -> int:
    """How many winners are wanted."""
    top = re.search(r"\btop (\d+|two|three|four|five|ten)\b", text, re.IGNORECASE)
    return min((int(top[1]) if top[1].isdigit() else _NUMBERS[top[1].lower()]) if top else 1, 20)


def _is_comparison(asked: Asked) -> bool:
    """Whether it sets companies side by side and asks for nothing in particular: that is answered by numbers."""
    if not 2 <= len(asked.companies) <= MOST_COMPARED or not _COMPARED.search(asked.text):
        return False
    if _HOW_MANY.search(asked.text) or re.search(r"\bover time\b|\bby (?:day|week|month)\b", asked.text, re.IGNORECASE):
        return False
    left = [each.label for each in asked.concepts if not each.company and not each.told]
    return all(_OF_COMPARISONS.match(label) for label in left)


def _by_event(asked: Asked) -> Counting | None:
    """Of a question that counts events by their name; None where it counts texts, or something else of an event."""
    text = asked.rest
    if _HOW_MANY.search(text) and re.search(rf"\b{_UNIT}\b|新闻|报道", text, re.IGNORECASE):
        return None  # "how many stories about lawsuits": texts with the word
    for event in events_in(text):
        before = text[: event.start]
        operation: Operation | None = None
        if _FIRMS_WITH.search(before):
            operation = "companies"
        elif when := _WHEN.search(text):
            unit = (when[1] or {"月": "month", "周": "week", "天": "day"}[when[2]]).lower()
            operation = "top month" if unit == "month" else "top week" if unit == "week" else "top day"
        elif _MOST_OF.search(before) and (
            re.search(r"\b(?:most|top|highest)\b", text, re.IGNORECASE) or "最多" in text
        ):
            operation = "top companies"
        elif _COUNTS.search(before) or _COUNTED.search(text[event.end :]):
            more = re.search(r"\bmore\b.*\bthan\b", text, re.IGNORECASE) and len(asked.companies) == 2
            operation = "difference" if more else "documents"
        if operation is not None and not _is_of_texts(text, event):
            words = _beside(asked, event)
            return Counting(operation, _most(asked.text), _in_order(asked, operation), words, False, (event.name,))
    return None


def _in_order(asked: Asked, operation: Operation) -> tuple[str, ...]:
    """The companies; of a difference the one behind "than" is the second: "more than Nike did Ford get"."""
    than = re.search(r"\bthan\b", asked.rest, re.IGNORECASE)
    if operation != "difference" or than is None:
        return asked.companies
    places = {each.company: asked.rest.rfind(each.label) for each in asked.concepts if each.company}
    behind = [company for company in asked.companies if places.get(company, -1) > than.start()]
    if len(behind) < 2:
        return asked.companies
    return tuple(sorted(asked.companies, key=lambda company: places[company], reverse=True))


def _is_of_texts(text: str, event: Event) -> bool:
    """Whether the event only says which texts: lawsuit news, recall headlines."""
    return bool(re.match(rf"\s+{_UNIT}\b", text[event.end :], re.IGNORECASE))


def _beside(asked: Asked, event: Event) -> tuple[tuple[str, ...], ...]:
    """What a text has to hold besides: of the concepts, those that are neither the event nor mere words of counting."""
    own = asked.rest[event.start : event.end].casefold()
    return tuple(
        each.forms
        for each in asked.concepts
        if not each.told
        and not each.company
        and each.label.casefold() not in own
        and own not in each.label.casefold()
        and not _OF_COUNTS.match(each.label.casefold())
        and each.label.casefold() not in word_list("count_words")
        and not re.fullmatch(r"[\u3400-\u9fff]+", each.label)
    )


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
