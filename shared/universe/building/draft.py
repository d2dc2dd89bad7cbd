"""An instrument while its pack is built, and the register that brings together what several packages say of one."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

from shared.universe.instrument import Instrument, plain_name, plain_symbol


@dataclass(slots=True)
class Draft:
    """What a row of a pack will say. `names` are written as in the row, without marks: text and language."""

    id: str
    pack: str
    kind: str = ""  # "" is a company
    country: str = ""
    exchange: str = ""
    sector: str = ""
    industry: str = ""
    names: list[tuple[str, str]] = field(default_factory=list)
    brands: list[str] = field(default_factory=list)
    tickers: dict[str, str] = field(default_factory=dict)  # plain symbol -> what follows it in the row: "~A@XNYS"
    identifiers: dict[str, str] = field(default_factory=dict)
    parent: str = ""
    evidence: str = ""
    against: str = ""
    grades: dict[str, int] = field(default_factory=dict)  # names whose grade is set by hand
    source: str = ""
    known: bool = False  # the hand-written catalogue has it: the row only completes that one

    def call(self, text: str, language: str = "") -> None:
        """Add a name, unless one that reads the same is there."""
        if text and _key(text) not in {_key(name) for name, _ in self.names}:
            self.names.append((text, language))

    def list_as(self, symbol: str, mic: str = "", share_class: str = "") -> None:
        """Add a symbol, unless it is there."""
        marks = (f"~{share_class}" if share_class else "") + (f"@{mic}" if mic else "")
        plain = plain_symbol(symbol)
        self.tickers[plain] = self.tickers.get(plain) or marks

    def from_source(self, source: str) -> None:
        if source not in self.source.split("; "):
            self.source = f"{self.source}; {source}" if self.source else source


class Register:
    """Every instrument of every pack, by id, symbol, ISIN and name. A symbol and an ISIN belong to one."""

    def __init__(self, known: tuple[Instrument, ...], apart: frozenset[str] = frozenset()) -> None:
        self.apart = apart  # symbols of companies that have a namesake in the hand-written catalogue
        self.drafts: dict[str, Draft] = {}
        self.by_symbol: dict[str, str] = {}
        self.by_isin: dict[str, str] = {}
        self.by_name: dict[str, str] = {}
        self.known = {each.id: each for each in known}
        self.until: dict[str, str] = {}  # symbols that were a former company's, and the day from which they are not
        for listing in (listing for each in known for listing in each.listings if listing.end):
            self.until[listing.symbol] = max(listing.end, self.until.get(listing.symbol, ""))
        self.is_rare: Callable[[str], bool] = lambda _: False
        for each in known:
            for listing in each.listings:
                if not listing.end:
                    self.by_symbol.setdefault(listing.symbol, each.id)
            for name in each.names:
                self.by_name.setdefault(_key(name.text), each.id)

    def holder(self, name: str) -> str:
        """The id of the instrument with this name, "" where none has it."""
        return self.by_name.get(_key(name), "")

    def claims(self, name: str, id: str) -> bool:
        """Whether the name is this instrument's; it is from now on, where nobody has it."""
        return self.by_name.setdefault(_key(name), id) == id

    def find(self, symbol: str = "", isin: str = "", name: str = "") -> str:
        """The id of the instrument with this ISIN, symbol or name; "" where none has."""
        return (
            (self.by_isin.get(isin, "") if isin else "")
            or (self.by_symbol.get(plain_symbol(symbol), "") if symbol else "")
            or (self.by_name.get(_key(name), "") if name else "")
        )

    def draft(self, id: str, pack: str, **given: str) -> Draft:
        """The draft of `id`, made where there is none; one of the hand-written catalogue has no names of its own."""
        draft = self.drafts.get(id)
        if draft is None:
            draft = self.drafts[id] = Draft(id, pack, known=id in self.known)
        for name, value in given.items():
            if not getattr(draft, name):
                setattr(draft, name, value)
        return draft

    def namesake(self, name: str) -> str:
        """The company of this very name, where the name is telling enough for that: two words, or a rare one."""
        id = self.by_name.get(_key(name), "")
        if ":" in id or not id:
            return ""
        return id if len(_key(name).split()) > 1 or self.is_rare(name) else ""

    def known_namesake(self, name: str, symbol: str) -> str:
        """The company of the hand-written catalogue that has this name and may have this symbol."""
        if symbol in self.apart:
            return ""
        id = self.by_name.get(_key(name), "")
        return id if id in self.known else ""

    def settle(self, draft: Draft) -> None:
        """Take up a draft's symbols, identifiers and names; a symbol that is another's already is left to it."""
        for symbol in list(draft.tickers):
            if self.by_symbol.setdefault(symbol, draft.id) != draft.id:
                del draft.tickers[symbol]
        if isin := draft.identifiers.get("isin"):
            self.by_isin.setdefault(isin, draft.id)
        for text, _ in draft.names:
            self.by_name.setdefault(_key(text), draft.id)


def _key(name: str) -> str:
    """One spelling of a name for all packages: `plain_name`, without accents."""
    letters = unicodedata.normalize("NFD", plain_name(name))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
