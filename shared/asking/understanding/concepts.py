"""The things that a question speaks of, and how texts may say them. Pure, given the catalogue."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from shared.asking.understanding.chinese import translated
from shared.asking.understanding.companies import Named
from shared.asking.understanding.words import forms_of, groups_of, others, two_words, word_list
from shared.contract.archive import words_of
from shared.universe.securities import Catalogue

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


def of_companies(named: Sequence[Named], text: str, catalogue: Catalogue) -> list[Concept]:
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


def of_words(text: str, named: Sequence[Named]) -> list[Concept]:
    """What is neither company nor time."""
    found: list[Concept] = []
    first, taken = True, 0
    for match in _TOKEN.finditer(text):
        written, low = match.group(), match.group().casefold()
        if any(each.start <= match.start() < each.end for each in named):
            first = False
            continue
        if match.start() < taken:
            continue
        following = _TOKEN.match(text, match.end() + 1)
        if following is not None and (phrase := two_words(low, following.group().casefold())):
            found.append(phrase_of(f"{written} {following.group()}", phrase))
            taken = following.end()
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


def phrase_of(written: str, phrase: tuple[str, str]) -> Concept:
    """A verb and its particle: took over, stepped down."""
    verb, particle = phrase
    forms = tuple(f"{form} {particle}" for form in forms_of(verb))
    groups = groups_of(f"{verb} {particle}")
    same = tuple(each for each in others(groups) if each not in forms)
    return Concept(written, forms, same, weight=0.8, event=bool(groups))


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


def of_chinese(text: str) -> list[Concept]:
    found = []
    for word, said in translated(text):
        forms = tuple(dict.fromkeys(form for each in said for form in (forms_of(each) if " " not in each else (each,))))
        common = any(group.common for each in said for group in groups_of(each))
        found.append(Concept(word, forms, weight=_FAINTLY if common else 0.8, event=not common))
    return found
