"""What an instrument is: something that people write about and others trade. Plain data; catalogue files are read in
`rows.py`, indexed in `securities.py` (`Catalogue`).

`id` never changes when a symbol does (FB and META are both "META"). A company that the catalogue held before is named
by its American ticker, a new one by its home symbol in Yahoo's form (`600519.SS`, `7203.T`, `SAP.DE`); other kinds are
`crypto:BTC`, `index:SPX`, `commodity:GOLD`, `currency:EUR`, `etf:SPY` (design 6).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, get_args

Kind = Literal["company", "etf", "index", "crypto", "commodity", "currency", "unknown"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

HAND_FILE: Final = "securities.csv"  # the catalogue's hand-written part; its grades and ids win over those of packs

# How much evidence a name needs before a text that holds it speaks of the instrument
SURE: Final = 0  # Microsoft
DOUBTFUL: Final = 1  # `?Apple`: also a word or a name of everyday life; some evidence of business
EVERYDAY: Final = 2  # `??Target`: strong evidence, of this very instrument

_SYMBOL_SEPARATORS: Final = str.maketrans("-/_ ", "....")
_WORDS: Final = re.compile(r"[\w&]+")
_LEGAL: Final = frozenset(
    {
        "inc", "incorporated", "corp", "corporation", "co", "company", "companies", "plc", "ltd", "limited", "llc",
        "lp", "nv", "sa", "ag", "se", "group", "holdings", "holding",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Listing:
    """A symbol and the days [start, end) on which it was this instrument's; "" is open. ISO dates."""

    symbol: str  # as `plain_symbol` writes it: AAPL, BRK.B, 600519.SS, BTC.USD, ^GSPC
    start: str = ""
    end: str = ""
    mic: str = ""  # ISO 10383 code of the market, "" where the source names none
    share_class: str = ""  # "A", "C", "preferred", "ADR", …; "" for the only or the ordinary one

    def valid(self, day: date | None) -> bool:
        """Whether the symbol was this instrument's on `day`; None stands for today and after: no end."""
        return _valid(self.start, self.end, day)


@dataclass(frozen=True, slots=True)
class Name:
    """One way to call an instrument, and the days [start, end) on which it was called so; "" is open."""

    text: str
    language: str = ""  # BCP 47 primary tag ("zh", "ja"); "" is Latin script, in whatever language
    grade: int = SURE  # SURE, DOUBTFUL or EVERYDAY
    brand: bool = False  # what it sells, not what it is called: Audi, GitHub
    start: str = ""
    end: str = ""

    def valid(self, day: date | None) -> bool:
        """Whether the instrument was called so on `day`. None: a text without a day is read with the names of all
        times."""
        return day is None or _valid(self.start, self.end, day)


@dataclass(frozen=True, slots=True)
class Identifier:
    """What a register calls an instrument."""

    scheme: str  # cik, isin, lei, figi
    value: str
    source: str  # the package or file that says so


@dataclass(frozen=True, slots=True)
class Instrument:
    """A company, fund, index, coin, commodity or currency. `names` are never empty; the first is the one shown."""

    id: str
    names: tuple[Name, ...]
    kind: Kind = "company"
    sector: str = ""  # GICS sector of a company; "" where no source gives it
    industry: str = ""
    country: str = ""  # ISO 3166-1 alpha-2
    exchange: str = ""  # MIC of the home market
    listings: tuple[Listing, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    parent: str = ""  # id of the instrument that it belongs to, or is named after without being it
    evidence: tuple[str, ...] = ()  # lower-case words that speak for it when an everyday name is read
    against: tuple[str, ...] = ()  # lower-case words that, right beside an everyday name, say that it is not meant
    source: str = ""  # where the row comes from

    @property
    def name(self) -> str:
        """The name that is shown."""
        return self.names[0].text

    @property
    def by_hand(self) -> bool:
        """Whether it is one of the companies of the catalogue's hand-written file."""
        return self.source.startswith(HAND_FILE)

    @property
    def aliases(self) -> tuple[str, ...]:
        """Its other names, brands among them."""
        return tuple(name.text for name in self.names[1:])

    @property
    def doubtful(self) -> tuple[str, ...]:
        """The names that need some evidence (Apple, Visa)."""
        return tuple(name.text for name in self.names if name.grade == DOUBTFUL)

    @property
    def everyday(self) -> tuple[str, ...]:
        """The names that need strong evidence (Target, Gap)."""
        return tuple(name.text for name in self.names if name.grade == EVERYDAY)

    @property
    def ticker(self) -> str:
        """The latest symbol, the first of equals; the id where it has none."""
        if not self.listings:
            return self.id
        return max(self.listings, key=lambda each: (not each.end, each.end, each.start)).symbol


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


def _valid(start: str, end: str, day: date | None) -> bool:
    if day is None:
        return not end
    iso = day.isoformat()
    return start <= iso and (not end or iso < end)
