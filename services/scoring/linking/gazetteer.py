"""The dictionary of names in Latin script that linking looks up, token by token. Pure.

A text is cut into tokens (runs of word characters, and `&`); a name is a sequence of tokens with the gaps that may lie
between them, so that "Wal-Mart", "Wal Mart", "J.P. Morgan" and "JP Morgan" meet the same entries without regular
expressions per company: cost grows with the text, not with the catalogue. Names in other scripts: han.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final

from services.scoring.linking.folding import fold, lower
from services.scoring.linking.han import is_han
from services.scoring.linking.small_words import written_small
from shared.universe.instrument import SURE, Instrument, Name
from shared.universe.securities import Catalogue

TOKEN: Final = re.compile(r"\w+|&")

_PLAIN_GAPS: Final = frozenset((" ", "-", "\n", "\u2010", "\u2011", "\u2013"))
_INITIAL_GAPS: Final = frozenset(("", ".", ". "))  # after an initial: J.P. Morgan, J. P. Morgan
_AMPERSAND_GAPS: Final = frozenset(("", " "))
_SPELLINGS: Final = (("&", "and"), (" and ", " & "), ("'", ""), ("-", ""), (".", ""))
_UMLAUTS: Final = (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"), ("ø", "oe"), ("å", "aa"), ("æ", "ae"))
_SQUASHED: Final = 8  # letters of a name that is also read without its gaps, as hashtags are: #GeneralMotors
_FEW: Final = 2  # instruments whose names begin with the same word, beside the one that is called so


@dataclass(frozen=True, slots=True)
class Entry:
    """One way to write an instrument's name."""

    tokens: tuple[str, ...]  # lower case
    gaps: tuple[str, ...]  # the name's own gaps, len(tokens) - 1
    instrument: Instrument
    name: Name
    exact: str  # "" or the only case in which it is read (IBM, GE, 3M)
    small: bool  # whether all lower case is read as the name
    dated: bool  # whether it was a name on some days alone

    @property
    def grade(self) -> int:
        """SURE, DOUBTFUL or EVERYDAY."""
        return self.name.grade

    def fits(self, index: int, low: Sequence[str], spans: Sequence[tuple[int, int]], folded: str) -> bool:
        """Whether the gaps of the text from token `index` on are such as may lie within this name."""
        for at, own in enumerate(self.gaps, index):
            gap = folded[spans[at][1] : spans[at + 1][0]]
            if gap == own or gap in _PLAIN_GAPS:
                continue
            if "&" in (low[at], low[at + 1]) and gap in _AMPERSAND_GAPS:
                continue
            if len(low[at]) == 1 and gap in _INITIAL_GAPS:
                continue
            return False
        return True


class Gazetteer:
    """Every name by its tokens. Immutable."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.lengths: dict[str, tuple[int, ...]] = {}  # first token -> numbers of tokens of names, the longest first
        self._entries: dict[tuple[str, ...], tuple[Entry, ...]] = {}
        found: dict[tuple[str, ...], dict[tuple[tuple[str, ...], str], Entry]] = {}
        starts: dict[str, set[str]] = {}
        for instrument in catalogue.instruments:
            for name in instrument.names:
                if is_han(name.text):
                    continue
                for entry in _entries(name, instrument):
                    found.setdefault(entry.tokens, {}).setdefault((entry.gaps, instrument.id), entry)
                    if len(entry.tokens) > 1:
                        starts.setdefault(entry.tokens[0], set()).add(instrument.id)
        lengths: dict[str, set[int]] = {}
        for tokens, entries in found.items():
            lengths.setdefault(tokens[0], set()).add(len(tokens))
            # names of now before former ones; a spelling that two share is the first one's
            self._entries[tokens] = tuple(sorted(entries.values(), key=lambda entry: bool(entry.name.end)))
        self.lengths = {first: tuple(sorted(sizes, reverse=True)) for first, sizes in lengths.items()}
        self.families = frozenset(first for first, ids in starts.items() if len(ids) > _FEW)

    def at(self, index: int, low: Sequence[str], day: date | None) -> list[Entry]:
        """Entries whose tokens stand at `index`, the longest first, of names of that day; see `Entry.fits`."""
        entries, found = self._entries, []
        for size in self.lengths[low[index]]:
            for entry in entries.get(tuple(low[index : index + size]), ()):
                if not entry.dated or entry.name.valid(day):
                    found.append(entry)
        return found


def _entries(name: Name, instrument: Instrument) -> Iterator[Entry]:
    written = name.text
    spellings = [written, *(written.replace(old, new) for old, new in _SPELLINGS if old in written)]
    if not written.isascii():
        low = lower(written)
        for old, new in _UMLAUTS:
            low = low.replace(old, new)
        spellings.append(low.title() if low != lower(written) else written)
    squashed = "".join(TOKEN.findall(written))
    if len(squashed) >= _SQUASHED and squashed != written:
        spellings.append(squashed)
    for spelling in dict.fromkeys(spellings):
        if entry := _entry(spelling, name, instrument):
            yield entry


def _entry(written: str, name: Name, instrument: Instrument) -> Entry | None:
    plain = fold(written)
    low = lower(plain)
    spans = [match.span() for match in TOKEN.finditer(low)]
    tokens = tuple(low[start:end] for start, end in spans)
    if not tokens:
        return None
    capitals = sum(map(str.isupper, plain))
    short = len(plain) <= 4 and (capitals >= 2 or any(sign.isdigit() or sign == "&" for sign in plain))
    return Entry(
        tokens=tokens,
        gaps=tuple(low[a[1] : b[0]] for a, b in pairwise(spans)),
        instrument=instrument,
        name=name,
        exact=plain if short else "",
        dated=bool(name.start or name.end),
        small=name.grade == SURE and not short and len(low) >= 4 and written_small(tokens),
    )
