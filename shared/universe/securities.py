"""Companies: stable ids, names, aliases, sectors, and tickers with the dates on which they were valid.

The catalogue is data (`securities.csv` beside this file); this module reads and indexes it. One row is a company:

    id        the present US ticker; for a delisted company its last one (with a suffix where another has it today)
    sector    GICS sector
    names     `|` between them; the first is the one shown. `?Apple` is also a word of everyday English and needs some
              evidence of business beside it, `??Target` needs strong evidence (the linker says which)
    tickers   space between them; `FB<2022-06-09` was valid before that day, `META>2022-06-09` from that day on
    evidence  lower-case words that speak for the company when an everyday name is read
    against   lower-case words that, right beside an everyday name, speak against it
"""

from __future__ import annotations

import csv
import hashlib
import re
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final

_RULES: Final = b"linking-1"  # raise it when services/scoring reads names differently: opinions then change, too
_TICKER: Final = re.compile(r"([A-Z0-9.]+)(?:>(\d{4}-\d\d-\d\d))?(?:<(\d{4}-\d\d-\d\d))?")
_SYMBOL_SEPARATORS: Final = str.maketrans("-/_ ", "....")
_WORDS: Final = re.compile(r"[\w&]+")
_LEGAL: Final = frozenset(
    {
        "inc",
        "incorporated",
        "corp",
        "corporation",
        "co",
        "company",
        "companies",
        "plc",
        "ltd",
        "limited",
        "llc",
        "lp",
        "nv",
        "sa",
        "ag",
        "se",
        "group",
        "holdings",
        "holding",
    }
)


class CatalogueError(ValueError):
    """The catalogue's data is wrong; the text names the row and what to correct."""


@dataclass(frozen=True, slots=True)
class Ticker:
    """A symbol and the days [start, end) on which it was this company's; "" is open. ISO dates."""

    symbol: str
    start: str = ""
    end: str = ""

    def valid(self, day: date | None) -> bool:
        """Whether the symbol was this company's on `day`; None stands for today and after: no end."""
        if day is None:
            return not self.end
        iso = day.isoformat()
        return self.start <= iso and (not self.end or iso < self.end)


@dataclass(frozen=True, slots=True)
class Company:
    """A listed company. `id` never changes when the ticker does (FB and META are both "META")."""

    id: str
    name: str
    sector: str  # GICS sector
    tickers: tuple[Ticker, ...]
    aliases: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()  # words that count as such evidence
    against: tuple[str, ...] = ()  # words that, beside an everyday name, say that it is not the company
    doubtful: tuple[str, ...] = ()  # the names that need some evidence (Apple, Visa)
    everyday: tuple[str, ...] = ()  # the names that need strong evidence (Target, Gap)

    @property
    def ticker(self) -> str:
        """The latest symbol."""
        return max(self.tickers, key=lambda each: (not each.end, each.end, each.start)).symbol


def plain_symbol(symbol: str) -> str:
    """One spelling of a symbol: upper case, without `$`, share classes after a point (BRK-B, BRK/B, brk b -> BRK.B)."""
    return symbol.strip().lstrip("$").upper().translate(_SYMBOL_SEPARATORS)


def plain_name(name: str) -> str:
    """One spelling of a name: lower case, words alone, without a leading "The" and trailing legal forms."""
    words = _WORDS.findall(name.lower().replace("'", "").replace("\u2019", "").replace(".", ""))
    while len(words) > 1 and words[-1] in _LEGAL:
        words.pop()
    if len(words) > 1 and words[0] == "the":
        words = words[1:]
    return " ".join("and" if word == "&" else word for word in words)


class Catalogue:
    """All companies, indexed by id, ticker and name. Immutable; `Catalogue.load()` gives the shipped one."""

    def __init__(self, raw: bytes) -> None:
        rows = csv.DictReader(raw.decode().splitlines())
        self.companies: tuple[Company, ...] = tuple(_company(row, rows.line_num) for row in rows)
        self.by_id: dict[str, Company] = {company.id: company for company in self.companies}
        if len(self.by_id) != len(self.companies):
            raise CatalogueError("two rows have the same id; change one of them")
        self.sectors: tuple[str, ...] = tuple(sorted({company.sector for company in self.companies}))
        self._digest = hashlib.blake2b(raw.replace(b"\r\n", b"\n"), digest_size=8, salt=_RULES).hexdigest()
        self._symbols: dict[str, list[tuple[Ticker, Company]]] = {}
        for company in self.companies:
            for ticker in company.tickers:
                self._symbols.setdefault(ticker.symbol, []).append((ticker, company))

    @cached_property
    def _names(self) -> dict[str, Company]:
        names: dict[str, Company] = {}
        for company in self.companies:
            for name in (company.name, *company.aliases):
                names.setdefault(plain_name(name), company)
        return names

    @classmethod
    def load(cls) -> Catalogue:
        """The catalogue that comes with Bellwether; read once per process."""
        return _shipped()

    def digest(self) -> str:
        """16 hex digits that name this catalogue and how it is read; part of the model id (design 2.2)."""
        return self._digest

    def by_ticker(self, symbol: str, day: date | None = None) -> Company | None:
        """The company that traded under `symbol` on `day` (None: today); BRK.B, BRK-B and BRK/B are one symbol."""
        holders = self._symbols.get(plain_symbol(symbol), ())
        return next((company for ticker, company in holders if ticker.valid(day)), None)

    def resolve(self, ticker_or_name: str, day: date | None = None) -> Company | None:
        """The company that a source means by a ticker, an id or a name on `day`; None when no company is meant.

        A symbol that was nobody's on that day still counts when only one company ever had it: sources often name
        a company of 2014 by its ticker of today, or the other way round.
        """
        symbol = plain_symbol(ticker_or_name.rpartition(":")[2])  # NYSE:F
        found = self.by_ticker(symbol, day) or self.by_id.get(symbol)
        if found is None:
            ever = {company.id: company for _, company in self._symbols.get(symbol, ())}
            found = next(iter(ever.values())) if len(ever) == 1 else self._names.get(plain_name(ticker_or_name))
        return found

    def search(self, prefix: str, limit: int = 10) -> list[Company]:
        """Companies for a search box, best first: by ticker, then start of a name, then start of a word in a name."""
        symbol, text = plain_symbol(prefix), plain_name(prefix)
        if not text and not symbol:
            return []
        ranked = [(rank, company.name, company) for company in self.companies if (rank := _rank(company, symbol, text))]
        return [company for _, _, company in sorted(ranked, key=lambda each: each[:2])[:limit]]


def _rank(company: Company, symbol: str, text: str) -> int:
    symbols = [ticker.symbol for ticker in company.tickers]
    if symbol in (company.ticker, company.id):
        return 1
    if symbol in symbols:
        return 2
    names = [plain_name(name) for name in (company.name, *company.aliases)]
    if text and names[0].startswith(text):
        return 3
    if company.ticker.startswith(symbol):
        return 4
    if text and any(name.startswith(text) for name in names):
        return 5
    return 6 if text and any(f" {text}" in f" {name}" for name in names) else 0


def _company(row: dict[str, str], line: int) -> Company:
    marked = row["names"].split("|")
    names = [name.lstrip("?") for name in marked]
    everyday = tuple(name[2:] for name in marked if name.startswith("??"))
    doubtful = tuple(name[1:] for name in marked if name.startswith("?") and not name.startswith("??"))
    if not row["id"] or not all(names):
        raise CatalogueError(f"securities.csv line {line}: a company needs an id and no empty name")
    return Company(
        id=row["id"],
        name=names[0],
        sector=row["sector"],
        tickers=tuple(_ticker(text, line) for text in row["tickers"].split()),
        aliases=tuple(names[1:]),
        evidence=tuple(row["evidence"].split()),
        against=tuple(row["against"].split()),
        doubtful=doubtful,
        everyday=everyday,
    )


def _ticker(text: str, line: int) -> Ticker:
    # "FB<2022-06-09", "META>2022-06-09", "PARA>2022-02-17<2025-08-07"
    match = _TICKER.fullmatch(text)
    if match is None:
        raise CatalogueError(
            f"securities.csv line {line}: {text!r} is not a ticker; use, for example, PARA>2022-02-17<2025-08-07"
        )
    return Ticker(match[1], match[2] or "", match[3] or "")


@lru_cache(maxsize=1)
def _shipped() -> Catalogue:
    return Catalogue(Path(__file__).with_name("securities.csv").read_bytes())
