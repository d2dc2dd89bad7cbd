"""Which companies a text speaks of, how much, and where. Pure: the same text on the same day gives the same links.

Read in this order: cashtags and exchange-qualified tickers (by the day's validity), then names and aliases by longest
match (gazetteer.py), everyday words only on evidence (evidence.py), then tickers that stand alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.scoring.linking.evidence import Context, attribution, invitation
from services.scoring.linking.gazetteer import STRONG, TOKEN, Name, build, fold, lower
from services.scoring.linking.tickers import BARE, CASHTAG, NOT_BARE, QUALIFIED, REUTERS
from shared.contract.events import MICRO
from shared.universe.securities import Catalogue, plain_symbol

Span = tuple[int, int]

MAX_SPANS: Final = 32  # mentions of one company that are handed to the model; later ones still count for relevance
LEAD_CHARS: Final = 100  # a text without a title: mentions in its first characters count as in a title

_URL: Final = re.compile(r"(?:https?://|www\.)\S+")


@dataclass(frozen=True, slots=True)
class Link:
    """A company that the text speaks of."""

    company: str  # company id
    relevance: int  # micro-units, 0..MICRO
    spans: tuple[Span, ...]  # [start, end) in the joined text, in order, not overlapping; at most MAX_SPANS


@dataclass(frozen=True, slots=True)
class LinkResult:
    """What linking found. `links` are in order of first mention, then of id; `unlinked` are cashtags of no company."""

    text: str  # the joined text: what the model reads and what the spans count in
    links: tuple[Link, ...]
    unlinked: tuple[str, ...]


def join_text(title: str, text: str) -> str:
    """Title and body as the model reads them; a body that opens with its own title is left alone."""
    title = title.strip()
    if not title or text.startswith(title):
        return text
    if not text:
        return title
    return f"{title}{'' if title[-1] in '.!?:;…' else '.'} {text}"


class Linker:
    """Links texts to the companies of one catalogue. Immutable, so it may be shared between threads."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._names = build(catalogue)
        self.universe = catalogue.digest()

    def link(self, text: str, title: str = "", named: tuple[str, ...] = (), day: date | None = None) -> LinkResult:
        """The companies of one document. `named` are ids that its source gives; `day` is when its tickers are read."""
        joined = join_text(title, text)
        reading = _Reading(joined, self._names, self._catalogue, day)
        reading.known.update(named)
        reading.tickers()
        reading.names()
        reading.bare_tickers()
        lead = len(title) if title else LEAD_CHARS
        return LinkResult(joined, _weigh(reading.found, named, lead, len(joined)), tuple(reading.unlinked))


class _Reading:
    """One text while it is read. Call `tickers`, then `names`, then `bare_tickers`."""

    __slots__ = (
        "_blocked",
        "_catalogue",
        "_context",
        "_day",
        "_low",
        "_names",
        "_spans",
        "_text",
        "found",
        "known",
        "unlinked",
    )

    def __init__(self, text: str, names: dict[str, tuple[Name, ...]], catalogue: Catalogue, day: date | None) -> None:
        self._text = fold(text)
        self._names, self._catalogue, self._day = names, catalogue, day
        lowered = lower(self._text)
        self._spans = [match.span() for match in TOKEN.finditer(lowered)]
        self._low = [lowered[start:end] for start, end in self._spans]
        self._context = Context(self._low)
        self.known = self._context.known
        self._blocked = bytearray(len(text))  # 1 where a character is taken: by a link or by a URL
        self.found: dict[str, list[Span]] = {}
        self.unlinked: list[str] = []
        if "www." in lowered or "http" in lowered:
            for match in _URL.finditer(lowered):
                self._block(*match.span())

    def _block(self, start: int, end: int) -> None:
        self._blocked[start:end] = b"\x01" * (end - start)

    def _taken(self, start: int, end: int) -> bool:
        return self._blocked.find(1, start, end) >= 0

    def _add(self, company: str, start: int, end: int) -> None:
        self.found.setdefault(company, []).append((start, end))
        self._block(start, end)

    def tickers(self) -> None:
        """Cashtags, "(NYSE: F)" and Reuters' "F.N": a symbol of nobody on that day is unlinked."""
        text = self._text
        if "$" in text:
            self._symbols(CASHTAG)
        if ":" in text:
            self._symbols(QUALIFIED)
        if "." in text:
            for match in REUTERS.finditer(text):
                company = self._catalogue.by_ticker(match[1], self._day)
                if company is not None and not self._taken(*match.span()):
                    self.known.add(company.id)
                    self._add(company.id, *match.span())

    def _symbols(self, pattern: re.Pattern[str]) -> None:
        for match in pattern.finditer(self._text):
            if self._taken(*match.span()):
                continue
            company = self._catalogue.by_ticker(match[1], self._day)
            if company is None:
                self.unlinked.append(plain_symbol(match[1]))
                self._block(*match.span())
            else:
                self.known.add(company.id)
                self._add(company.id, *match.span())

    def names(self) -> None:
        """Names by longest match; those that need evidence are decided once all unmistakable ones are known."""
        doubtful: list[_Candidate] = []
        at, names = 0, self._names
        for index, token in enumerate(self._low):
            if token in names and index >= at:
                candidate = self._candidate(index, names[token])
                if candidate is None:
                    continue
                at = candidate.stop
                if candidate.plain:
                    self.known.add(candidate.name.company.id)
                    self._add(candidate.name.company.id, candidate.start, candidate.end)
                else:
                    doubtful.append(candidate)
        if doubtful:
            self._decide(doubtful)

    def _candidate(self, index: int, names: tuple[Name, ...]) -> _Candidate | None:
        for name in names:
            stop = name.end(index, self._low, self._spans, self._text)
            if not stop:
                continue
            start, end = self._spans[index][0], self._spans[stop - 1][1]
            if (name.exact and self._text[start:end] != name.exact) or self._taken(start, end):
                continue
            if invitation(self._low, index) or attribution(self._low, name, index, stop):
                return None
            capital = not self._text[start].islower() or (start > 0 and self._text[start - 1] in "#@")
            plain = name.grade == STRONG and (capital or name.lower_ok)
            return _Candidate(name, index, stop, start, end, capital, plain)
        return None

    def _decide(self, doubtful: list[_Candidate]) -> None:
        context, text = self._context, self._text
        sure = {
            each.name.company.id
            for each in doubtful
            if context.convinces(each.name, each.index, each.stop, each.capital, text[each.end : each.end + 2] == "'s")
        }
        for each in doubtful:
            if each.name.company.id in sure and not context.contradicts(each.name, each.index, each.stop):
                self._add(each.name.company.id, each.start, each.end)

    def bare_tickers(self) -> None:
        """Symbols that stand alone in capitals: four letters and more, or three where the text is of business."""
        if self._text.isupper():
            return
        for match in BARE.finditer(self._text):
            symbol = match[1]
            if symbol in NOT_BARE or (len(symbol) == 3 and not self._context.business and not self.known):
                continue
            company = self._catalogue.by_ticker(symbol, self._day)
            if company is not None and not self._taken(*match.span()):
                self._add(company.id, *match.span())


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A name that stands at tokens [index, stop), characters [start, end)."""

    name: Name
    index: int
    stop: int
    start: int
    end: int
    capital: bool
    plain: bool  # needs no evidence


def _weigh(found: dict[str, list[Span]], named: tuple[str, ...], lead: int, length: int) -> tuple[Link, ...]:
    """Relevance, in integers: 20 % for being there, 30 % for the title, up to 15 % for an early first mention and up to
    35 % by the company's share of all mentions; beyond three companies everything shrinks by 3 / companies.
    """
    mentions = sum(map(len, found.values()))
    links = []
    for company, spans in found.items():
        spans.sort()
        first = spans[0][0]
        weight = 200_000 + (300_000 if first < lead else 0) + 150_000 * (length - first) // length
        weight += 350_000 * len(spans) // mentions
        if len(found) > 3:
            weight = weight * 3 // len(found)
        links.append(Link(company, MICRO if company in named else weight, tuple(spans[:MAX_SPANS])))
    links.sort(key=lambda link: (link.spans[0], link.company))
    absent = sorted({company for company in named if company not in found})
    return (*links, *(Link(company, MICRO, ()) for company in absent))
