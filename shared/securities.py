"""Companies: stable ids, names, aliases, sectors, and tickers with the dates on which they were valid.

The catalogue is data (`securities.csv` beside this file); this module only reads and indexes it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ticker:
    """A symbol and the days [start, end) on which it was this company's; "" is open. ISO dates."""

    symbol: str
    start: str = ""
    end: str = ""


@dataclass(frozen=True, slots=True)
class Company:
    """A listed company. `id` never changes when the ticker does (FB and META are both "META")."""

    id: str
    name: str
    sector: str  # GICS sector
    tickers: tuple[Ticker, ...]
    aliases: tuple[str, ...] = ()
    ambiguous: bool = False  # the name is an everyday word or person: it needs evidence beside it
    evidence: tuple[str, ...] = ()  # words that count as such evidence
