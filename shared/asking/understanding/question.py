"""What a question asks for: its kind, the days, the companies, and the other things that an answer has to speak of.
Pure, given the catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

from shared.asking.understanding.chinese import translated
from shared.asking.understanding.companies import Named, companies_in
from shared.asking.understanding.kinds import Kind, follows, is_about_results, kind_of
from shared.asking.understanding.times import Days, read_times
from shared.asking.understanding.words import forms_of, groups_of, others, word_list
from shared.contract.archive import words_of
from shared.universe.securities import Catalogue

MOST_CONCEPTS: Final = 24  # of a question
_FAINTLY: Final = 0.35
_COMPANY: Final = 1.3
_TENS: Final = {
    "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
    "ten": "10", "twelve": "12", "fifteen": "15",
    "twenty": "20", "thirty": "30", "forty": "40", "fifty": "50", "hundred": "100",
}  # fmt: skip
_TOKEN: Final = re.compile(r"[A-Za-z0-9]+")


class Concept(NamedTuple):
    """One thing that a question speaks of, and how texts may say it: `forms` the very thing, `others` much the same."""

    label: str
    forms: tuple[str, ...]
    others: tuple[str, ...] = ()
    company: str = ""  # id
    name: bool = False  # somebody or something by name
    weight: float = 1.0
    event: bool = False  # something done, whose ways to say it are known
    told: bool = False  # by the question before this one


class Asked(NamedTuple):
    """A question as it is understood. `told`: the former question's part in it."""

    text: str
    kind: Kind
    day: date  # on which it is asked
    days: Days | None
    period: bool
    companies: tuple[str, ...]
    concepts: tuple[Concept, ...]
    rest: str  # the question without times
    results: bool = False  # of a quarter: what companies tell when it has ended


def understand(text: str, day: date, catalogue: Catalogue, former: Asked | None = None) -> Asked:
    """`former`: the question before it, in a conversation."""
    times = read_times(text, day)
    named = companies_in(times.rest, catalogue, day)
    concepts = [*_companies(named, times.rest, catalogue), *_words(times.rest, named), *_from_chinese(times.rest)]
    companies = tuple(dict.fromkeys(each.id for each in named))
    kind = kind_of(text)
    days, period = times.days, times.period
    if former is not None and (not companies or follows(text)):
        companies = companies or former.companies
        known = {each.label.casefold() for each in concepts}
        concepts += [
            each._replace(weight=each.weight * (1.0 if each.company else 0.3), told=True)
            for each in former.concepts
            if each.label.casefold() not in known
        ]
    return Asked(
        text,
        kind,
        day,
        days,
        period,
        companies,
        tuple(concepts[:MOST_CONCEPTS]),
        times.rest,
        is_about_results(text),
    )


def _companies(named: Sequence[Named], text: str, catalogue: Catalogue) -> list[Concept]:
    found: dict[str, Concept] = {}
    for each in named:
        written = " ".join(words_of(text[each.start : each.end]))
        names = [" ".join(words_of(name.text)) for name in catalogue.get(each.id).names if not name.brand]
        forms = tuple(dict.fromkeys([written, *names, *(_short(name) for name in names)]))
        if each.id in found:
            forms = tuple(dict.fromkeys([*found[each.id].forms, *forms]))
        found[each.id] = Concept(
            text[each.start : each.end],
            tuple(form for form in forms if len(form) > 1),
            company=each.id,
            weight=_COMPANY,
        )
    return list(found.values())


def _short(name: str) -> str:
    """Without what companies have at their names' ends: Yum brands -> yum."""
    kept = re.sub(
        r"\b(?:inc|corp|corporation|co|company|plc|ltd|group|holdings?|brands|stores|s a|n v|ag|se)\b", "", name
    )
    return " ".join(kept.split()) or name


def _words(text: str, named: Sequence[Named]) -> list[Concept]:
    """What is neither company nor time."""
    found: list[Concept] = []
    first = True
    for match in _TOKEN.finditer(text):
        written, low = match.group(), match.group().casefold()
        if any(each.start <= match.start() < each.end for each in named):
            first = False
            continue
        capital = written[0].isupper() and not first
        first = text[match.end() : match.end() + 1] in ".?!:"
        if (
            low in word_list("stop_words") and not (capital and len(low) > 3 and low not in ("what", "when", "which"))
        ) or (len(low) < 2 and not capital):
            continue
        if low == "s" or any(each.label.casefold() == low for each in found):
            continue
        found.append(_word(written, low, name=capital or (written.isupper() and len(written) > 1)))
    return found


def _word(written: str, low: str, *, name: bool) -> Concept:
    numeral = _TENS.get(low)
    if numeral:
        return Concept(written, (low, numeral), weight=0.5)
    forms = forms_of(low)
    if low.isdigit():
        return Concept(written, forms, weight=0.6)
    groups = groups_of(low)
    common = any(group.common for group in groups)
    same = tuple(each for each in others(groups) if each not in forms)
    weight = _FAINTLY if common or low in word_list("faint_words") else 1.25 if name else 0.8 if groups else 1.0
    named, event = name and not common, bool(groups) and weight > _FAINTLY and not name
    return Concept(written, forms, same, name=named, weight=weight, event=event)


def _from_chinese(text: str) -> list[Concept]:
    found = []
    for word, said in translated(text):
        forms = tuple(dict.fromkeys(form for each in said for form in (forms_of(each) if " " not in each else (each,))))
        common = any(group.common for each in said for group in groups_of(each))
        found.append(Concept(word, forms, weight=_FAINTLY if common else 0.8, event=not common))
    return found
