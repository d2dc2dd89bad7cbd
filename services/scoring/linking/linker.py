"""Which instruments a text speaks of, how much, and where. Pure: the same text on the same day gives the same links.

Read in this order: cashtags and codes with an exchange (by the day's validity), then names and aliases by longest match
(gazetteer.py, han.py), everyday words only on evidence (evidence.py), then symbols that stand alone, on support.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, partial
from typing import Final, NamedTuple

from services.scoring.linking.bare import bare_symbols, stands_bare
from services.scoring.linking.cutting import tokens_of
from services.scoring.linking.evidence import Context, as_verb, attribution, invitation
from services.scoring.linking.folding import fold, lower
from services.scoring.linking.gazetteer import Entry, Gazetteer
from services.scoring.linking.han import HanNames, HanText, is_han
from services.scoring.linking.relevance import LEAD_CHARS, MAX_SPANS, Span, Text, alone, weigh
from services.scoring.linking.tickers import Code, codes_in, hashtags_in, readable_alone
from services.scoring.linking.vocabulary import AFFILIATES, OWN_PARTS
from shared.collector import without_collector
from shared.contract.events import MICRO
from shared.universe.instrument import SURE, Instrument
from shared.universe.securities import Catalogue, plain_symbol

_URL: Final = re.compile(r"(?:https?://|www\.)\S+")


class Link(NamedTuple):
    """An instrument that the text speaks of."""

    company: str  # its id
    relevance: int  # micro-units, 0..MICRO
    spans: tuple[Span, ...]  # [start, end) in the joined text, in order, not overlapping; at most MAX_SPANS


class LinkResult(NamedTuple):
    """What linking found. `links` are in order of first mention, then of id; `unlinked` are cashtags of nobody."""

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


Holders = Callable[[tuple[str, ...], date | None], Instrument | None]


def _holder(catalogue: Catalogue, symbols: tuple[str, ...], day: date | None) -> Instrument | None:
    """Whose the first of these symbols is that is somebody's on that day; without a day, or ever was one's alone."""
    found = next((each for symbol in symbols if (each := catalogue.by_ticker(symbol, day)) is not None), None)
    return catalogue.ever(symbols[0]) if found is None and day is None and symbols else found


class Linker:
    """Links texts to the instruments of one catalogue. Immutable, so it may be shared between threads."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.universe = catalogue.digest()
        self._holders = lru_cache(maxsize=65_536)(partial(_holder, catalogue))
        self._alone = frozenset(
            listing.symbol
            for instrument in catalogue.instruments
            for listing in instrument.listings
            if listing.symbol.isalpha() and readable_alone(listing.symbol)
        )
        with without_collector():
            self._names, self._han = Gazetteer(catalogue, self._alone), HanNames(catalogue)

    @classmethod
    def of(cls, catalogue: Catalogue) -> Linker:
        """The one of this process: it takes a second to make, and a replay, a question or a file can share it."""
        return _made(catalogue)

    def link(self, text: str, title: str = "", named: tuple[str, ...] = (), day: date | None = None) -> LinkResult:
        """The companies of one document. `named` are ids that its source gives; `day` is when its tickers are read."""
        joined = join_text(title, text)
        reading = _Reading(joined, self._holders, day)
        reading.known.update(named)
        reading.codes(codes_in(reading.text))
        reading.names(self._names)
        if not reading.text.isascii() and is_han(reading.text):
            reading.han(self._han)
        if "#" in reading.text:
            reading.hashtags()
        if reading.symbols and stands_bare(reading.text, reading.symbols):
            reading.bare_tickers(self._alone)
        return LinkResult(joined, reading.links(len(title) or LEAD_CHARS, named), tuple(reading.unlinked))


@lru_cache(2)
def _made(catalogue: Catalogue) -> Linker:
    return Linker(catalogue)


class _Reading:
    """One text while it is read. Call its parts in the order in which they stand, `links` at last."""

    __slots__ = (
        "_blocked",
        "_context",
        "_day",
        "_holders",
        "_low",
        "_tags",
        "found",
        "known",
        "symbols",
        "text",
        "unlinked",
    )

    def __init__(self, text: str, holders: Holders, day: date | None) -> None:
        self.text = fold(text)
        self._holders, self._day = holders, day
        lowered = lower(self.text)
        self._low = tokens_of(lowered)
        self._blocked = bytearray(len(text))  # 1 where a character is taken: by a link or by a URL
        self._context = Context(self.text, lowered, self._low, self._blocked)
        self.known = self._context.known
        self._tags: list[Span] = []
        self.found: dict[str, list[Span]] = {}
        self.unlinked: list[str] = []
        self.symbols: list[str] = []  # words that are symbols, however they are written; here in small letters
        if "www." in lowered or "http" in lowered:
            for match in _URL.finditer(lowered):
                self._block(*match.span())

    def _block(self, start: int, end: int) -> None:
        self._blocked[start:end] = b"\x01" * (end - start)

    def _add(self, company: str, start: int, end: int) -> None:
        self.found.setdefault(company, []).append((start, end))
        self._blocked[start:end] = b"\x01" * (end - start)

    def _holder(self, symbols: tuple[str, ...]) -> Instrument | None:
        return self._holders(symbols, self._day)

    def codes(self, codes: Iterable[Code]) -> None:
        """Codes with a mark or an exchange: a tag of nobody on that day is unlinked."""
        blocked, holders, day = self._blocked, self._holders, self._day
        for start, end, written, symbols, tag in codes:
            if blocked.find(1, start, end) >= 0:
                continue
            holder = holders(symbols, day)
            if holder is not None:
                self.known.add(holder.id)
                self.found.setdefault(holder.id, []).append((start, end))
            elif tag:
                self.unlinked.append(plain_symbol(written))
            elif symbols:
                continue
            self._block(start, end)
            if tag:
                self._tags.append((start, end))

    def names(self, names: Gazetteer) -> None:
        """Names by longest match; those that need evidence are decided once all unmistakable ones are known."""
        unsure: list[_Candidate] = []
        at, openings, low, dated = 0, names.openings, self._low, self._day is not None
        last = len(low) - 1
        for index, (seconds, forms, symbol) in [each for each in enumerate(map(openings.get, low)) if each[1]]:  # type: ignore[misc]
            token = low[index]
            if symbol:
                self.symbols.append(token)
            if index < at:
                continue
            if index < last and low[index + 1] in seconds:
                entries = names.at(index, low, seconds[low[index + 1]], dated)
                at = self._name(index, entries, names, unsure)
            elif forms is None or (forms and _any_of(forms, self.text)):
                at = self._name(index, names.of((token,), dated), names, unsure)
        if unsure:
            self._decide(unsure)

    def _name(self, index: int, entries: Sequence[Entry], names: Gazetteer, unsure: list[_Candidate]) -> int:
        """Reads the name at token `index`, if it is one of these; where to go on."""
        context, text = self._context, self.text
        start, first_end = context.span(index)
        capital = not text[start].islower() or (start > 0 and text[start - 1] in "#@")
        for entry in entries:
            stop, end = index + 1, first_end
            if entry.gaps:
                stop += len(entry.gaps)
                end = context.span(stop - 1)[1]
            if not entry.simple and not self._written(entry, index, start, end):
                continue
            if self._blocked.find(1, start, end) >= 0:
                continue
            if capital and not entry.guarded and (not entry.gaps or entry.small):
                self._plain(entry, start, end)
                return stop
            if entry.gaps and capital and not entry.small and not entry.dressed(index, context.starts(stop), text):
                continue
            named = capital or text[start:end] == fold(entry.name.text)  # eBay, e.l.f. Beauty
            if self._only_named(index, stop, entry, named) or self._other(index, stop, entry, names):
                return 0
            sure = entry.grade == SURE and (named or (entry.small and not context.foreign))
            if sure and not context.contradicts(entry, index, stop):
                self._plain(entry, start, end)
            else:
                unsure.append(_Candidate(entry, index, stop, start, end, named))
            return stop
        return 0

    def _written(self, entry: Entry, index: int, start: int, end: int) -> bool:
        """Whether the text has the name of that day as it is written: its gaps, or its capitals."""
        if entry.dated and not entry.name.valid(self._day):
            return False
        if entry.gaps or entry.plus:
            starts = self._context.starts(index + len(entry.tokens))
            if not entry.fits(index, self._low, starts, self.text):
                return False
        return not entry.exact or self.text[start:end] == entry.exact

    def _plain(self, entry: Entry, start: int, end: int) -> None:
        company = entry.instrument.id
        self.known.add(company)
        self._add(company, start, end)

    def _only_named(self, index: int, stop: int, entry: Entry, capital: bool) -> bool:
        """Whether the name is there, but the text does not speak of whose it is."""
        low = self._low
        return invitation(low, index) or attribution(low, entry, index, stop) or (not capital and as_verb(low, index))

    def _other(self, index: int, stop: int, entry: Entry, names: Gazetteer) -> bool:
        """Whether the name is only a part of another: a namesake's (Siemens Energy) or a person's (Theisen-Eaton)."""
        if len(entry.tokens) > 1:
            return False
        context = self._context
        if entry.tokens[0] not in names.families or not context.capital(stop) or context.gap(stop) != " ":
            return entry.grade == SURE and context.person(entry, index)
        return context.token(stop) in AFFILIATES and (entry.tokens[0], context.token(stop)) not in OWN_PARTS

    def _decide(self, unsure: list[_Candidate]) -> None:
        context, text = self._context, self.text
        sure = {
            each.entry.instrument.id
            for each in unsure
            if context.convinces(each.entry, each.index, each.stop, each.capital, text[each.end : each.end + 2] == "'s")
        }
        for each in unsure:
            company = each.entry.instrument.id
            # of a single one it was asked just now
            if company in sure and (len(unsure) == 1 or not context.contradicts(each.entry, each.index, each.stop)):
                self._add(company, each.start, each.end)

    def han(self, names: HanNames) -> None:
        """Names in scripts without spaces."""
        waiting, text = [], HanText(self.text)
        for start, end, entry in names.find(self.text, self._day):
            if self._context.taken(start, end):
                continue
            if text.convinces(start, end, entry, entry.instrument.id in self.known):
                self.known.add(entry.instrument.id)
                self._add(entry.instrument.id, start, end)
            else:
                waiting.append((start, end, entry.instrument.id))
        for start, end, company in waiting:  # what needed evidence, and was named surely elsewhere
            if company in self.known:
                self._add(company, start, end)

    def hashtags(self) -> None:
        """`#TSLA`."""
        for code in hashtags_in(self.text):
            holder = self._holder(code.symbols)
            if holder is not None and not self._context.taken(code.start, code.end):
                self._add(holder.id, code.start, code.end)

    def bare_tickers(self, symbols: frozenset[str]) -> None:
        """Symbols that stand alone in capitals, where something says that they are symbols."""
        for holder, start, end in bare_symbols(self._context, symbols, self._alone, self._tags, self.found):
            self._add(holder.id, start, end)

    def _alone(self, symbol: str) -> Instrument | None:
        return self._holders((symbol,), self._day)

    def links(self, lead: int, named: tuple[str, ...]) -> tuple[Link, ...]:
        """What was found, with relevance; what the source names is relevant in full."""
        found = self.found
        if not found and not named:
            return ()
        if len(found) == 1 and not named:
            ((company, spans),) = found.items()
            if len(spans) > 1:
                spans.sort()
            return (Link(company, alone(spans[0][0], lead, len(self.text)), tuple(spans[:MAX_SPANS])),)
        for spans in found.values():
            spans.sort()
        weights = weigh(Text(self._context, self._tags, lead), found) if found else {}
        links = [
            Link(company, MICRO if company in named else weights[company], tuple(spans[:MAX_SPANS]))
            for company, spans in found.items()
        ]
        if len(links) > 1:
            links.sort(key=lambda link: (link.spans[0], link.company))
        if not named:
            return tuple(links)
        absent = sorted({company for company in named if company not in self.found})
        return (*links, *(Link(company, MICRO, ()) for company in absent))


def _any_of(forms: Sequence[str], text: str) -> bool:
    return forms[0] in text if len(forms) == 1 else any(form in text for form in forms)


@dataclass(slots=True)
class _Candidate:
    """A name that needs evidence, at tokens [index, stop), characters [start, end)."""

    entry: Entry
    index: int
    stop: int
    start: int
    end: int
    capital: bool
