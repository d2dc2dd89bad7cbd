"""The companies that a question names. In a question a name is meant, so it needs less evidence than in a text: also
`yum`, `WFC`, `big blue`. Pure, given the catalogue (docs/decisions/0140).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from shared.asking.understanding.words import word_list
from shared.languages.english_words import is_english_word
from shared.universe.instrument import EVERYDAY, SURE, Instrument
from shared.universe.securities import Catalogue

_TOKEN: Final = re.compile(r"[A-Za-z0-9]+(?:[&.'\u2019!-][A-Za-z0-9]+)*!?")
_HAN: Final = re.compile(r"[㐀-鿿]{2,}")
_LONGEST: Final = 5  # words of a name


class Named(NamedTuple):
    """A company, and where the question names it: [start, end), in characters."""

    id: str
    start: int
    end: int


def companies_in(text: str, catalogue: Catalogue, day: date) -> list[Named]:
    """In the order of the question, longest names first; no two overlap."""
    found = [*_nicknames(text), *_han(text, catalogue)]
    tokens = list(_TOKEN.finditer(text))
    at = 0
    while at < len(tokens):
        stop, company = _longest(text, tokens, at, catalogue, day)
        if company is not None:
            found.append(Named(company.id, tokens[at].start(), tokens[stop - 1].end()))
        at = stop
    kept: list[Named] = []
    for each in sorted(found, key=lambda each: (each.start - each.end, each.start)):
        if all(each.end <= other.start or each.start >= other.end for other in kept):
            kept.append(each)
    return sorted(kept, key=lambda each: each.start)


def _longest(
    text: str, tokens: list[re.Match[str]], at: int, catalogue: Catalogue, day: date
) -> tuple[int, Instrument | None]:
    for stop in range(min(at + _LONGEST, len(tokens)), at, -1):
        written = text[tokens[at].start() : tokens[stop - 1].end()]
        if written.startswith(("the ", "a ", "an ")):
            continue
        company = _called(_plain(written), stop - at, at, text, tokens[at].start(), catalogue, day)
        if company is not None:
            return stop, company
    return at + 1, None


def _plain(written: str) -> str:
    return re.sub(r"['\u2019]s$", "", written)


def _called(
    written: str, words: int, place: int, text: str, start: int, catalogue: Catalogue, day: date
) -> Instrument | None:
    """Whose name or symbol this is, if it is meant as one."""
    company = catalogue.named(written)
    if company is not None and _is_meant(written, words, place, company):
        return company
    if words > 1:
        return None
    if _symbol(written, text, start):
        holder = catalogue.by_ticker(written, day) or catalogue.ever(written)
        if holder is not None and (holder.by_hand or text[start - 1 : start] == "$"):
            return holder
    if written[0].isupper() and len(written) > 2 and written.lower() not in word_list("stop_words"):
        return None if _in_a_name(written, text, start) else _by_first_word(catalogue).get(written.casefold())
    return None


def _in_a_name(written: str, text: str, start: int) -> bool:
    """Whether it stands beside another name: John Stumpf is no Deere, and Adam Smith no Smith & Wesson."""
    before = re.search(r"([A-Z][a-z]+)\s+$", text[:start])
    after = re.match(r"\s+[A-Z][a-z]", text[start + len(written) :])
    return bool(after) or (before is not None and before[1].lower() not in word_list("stop_words"))


def _is_meant(written: str, words: int, place: int, company: Instrument) -> bool:
    if company.kind != "company":
        return words > 1 or (company.kind in ("index", "crypto") and written[0].isupper())
    capital = written[0].isupper() or any(sign.isupper() for sign in written)
    if words > 1:
        return company.by_hand or capital
    grade = min((name.grade for name in company.names if name.text.casefold() == written.casefold()), default=SURE)
    ordinary = is_english_word(written.lower()) or written.lower() in word_list("stop_words")
    if not company.by_hand:
        return capital and place > 0 and not ordinary and grade < EVERYDAY
    if not ordinary or (grade == SURE and len(written) > 4):
        return True
    return capital and (place > 0 or grade < EVERYDAY)


def _symbol(written: str, text: str, start: int) -> bool:
    """Whether it may be a ticker: capitals, or behind a `$`; one letter only in a list of them, or before a verb."""
    if text[start - 1 : start] == "$" and written.isalpha():
        return True
    if not re.fullmatch(r"[A-Z]{2,5}(?:[.-][A-Z])?", written):
        return bool(re.fullmatch(r"[A-Z]", written)) and bool(
            re.search(rf"[A-Z]{{2,5}},\s*{written}\b|\b{written},\s*[A-Z]{{2,5}}\b|\({written}\)", text)
        )
    return written not in word_list("no_symbols")


@lru_cache(maxsize=2)
def _by_first_word(catalogue: Catalogue) -> dict[str, Instrument]:
    """First word of a well-known company's name -> the company, where only one begins so: Freeport, United, Tyson."""
    found: dict[str, Instrument | None] = {}
    for each in catalogue.companies:
        if not each.by_hand:
            continue
        for first in {
            name.text.split()[0].split("-")[0].rstrip("!,.").casefold()
            for name in each.names
            if name.text.isascii() and not name.brand
        }:
            if len(first) > 2 and first not in word_list("stop_words"):
                other = found.get(first, each)
                if each.id.casefold() == first or other is each:  # Yum Brands is YUM, Yum China is not
                    found[first] = each
                elif other is None or other.id.casefold() != first:
                    found[first] = None
    return {first: each for first, each in found.items() if each is not None}


@cache
def _known_nicknames() -> dict[str, str]:
    lines = (Path(__file__).parent / "nicknames.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name: company for name, _, company in pairs}


def _nicknames(text: str) -> Iterator[Named]:
    low = text.casefold().replace("\u2019", "'")
    for name, company in _known_nicknames().items():
        pattern = rf"(?<!\w){re.escape(name)}(?!\w)" if name.isascii() else re.escape(name)
        for match in re.finditer(pattern, low):
            yield Named(company, *match.span())


def _han(text: str, catalogue: Catalogue) -> Iterator[Named]:
    """Names in Chinese, the longest at each place."""
    for run in _HAN.finditer(text):
        at = run.start()
        while at < run.end() - 1:
            for stop in range(min(run.end(), at + 8), at + 1, -1):
                company = catalogue.named(text[at:stop])
                if company is not None and (company.by_hand or stop - at > 2):
                    yield Named(company.id, at, stop)
                    at = stop - 1
                    break
            at += 1
