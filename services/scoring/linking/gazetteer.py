"""The dictionary of company names that linking looks up, token by token. Pure.

A text is cut into tokens (runs of word characters, and `&`); a name is a sequence of tokens with the gaps that may lie
between them, so that "Wal-Mart", "Wal Mart", "J.P. Morgan" and "JP Morgan" meet the same entries without regular
expressions per company: cost grows with the text, not with the catalogue.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from shared.universe.securities import Catalogue, Instrument

TOKEN: Final = re.compile(r"\w+|&")
STRONG, DOUBTFUL, EVERYDAY = 0, 1, 2  # how much evidence a name needs

_PLAIN_GAPS: Final = frozenset((" ", "-", "\n", "\u2010", "\u2011", "\u2013"))
_INITIAL_GAPS: Final = frozenset(("", ".", ". "))  # after an initial: J.P. Morgan, J. P. Morgan
_AMPERSAND_GAPS: Final = frozenset(("", " "))


def words(text: str) -> frozenset[str]:
    """The words of a word list."""
    return frozenset(text.split())


def phrases(text: str) -> frozenset[str]:
    """The phrases of a list with `|` between them."""
    return frozenset(phrase.strip() for phrase in text.split("|"))


def _folds() -> dict[int, int]:
    """Accented Latin letters to their base letter, typographic marks to plain ones: one character to one character."""
    folds = {
        0x2018: 0x27,
        0x2019: 0x27,
        0x02BC: 0x27,
        0xFF06: 0x26,
        0xFF04: 0x24,
        0xA0: 0x20,
        0x2009: 0x20,
        0x202F: 0x20,
    }
    for code in range(0xC0, 0x250):
        base = unicodedata.normalize("NFD", chr(code))[0]
        if base.isascii():
            folds[code] = ord(base)
    return folds


_FOLDS: Final = _folds()


def fold(text: str) -> str:
    """`text` with accents and typographic marks made plain; as long as `text`, so that spans stay right."""
    return text if text.isascii() else text.translate(_FOLDS)


def lower(text: str) -> str:
    """Lower case that is as long as `text` (str.lower() makes two characters of U+0130)."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(c if len(c.lower()) != 1 else c.lower() for c in text)


@dataclass(frozen=True, slots=True)
class Name:
    """One way to write a company's name."""

    tokens: tuple[str, ...]  # lower case
    gaps: tuple[str, ...]  # the name's own gaps, len(tokens) - 1
    company: Instrument
    grade: int  # STRONG, DOUBTFUL or EVERYDAY
    exact: str  # "" or the only case in which it is read (IBM, GE, 3M)
    lower_ok: bool  # whether all lower case is read as the name

    def end(self, index: int, low: list[str], spans: list[tuple[int, int]], folded: str) -> int:
        """The index after the name's last token when the name stands at token `index`, else 0."""
        stop = index + len(self.tokens)
        if tuple(low[index:stop]) != self.tokens:
            return 0
        for at, own in enumerate(self.gaps, index):
            gap = folded[spans[at][1] : spans[at + 1][0]]
            if gap == own or gap in _PLAIN_GAPS:
                continue
            if "&" in (low[at], low[at + 1]) and gap in _AMPERSAND_GAPS:
                continue
            if len(low[at]) == 1 and gap in _INITIAL_GAPS:
                continue
            return 0
        return stop


# Unmarked names that are words when written small: a capital makes them names, "intel" or "whole foods" does not.
_WORDS_WHEN_SMALL: Final = phrases(
    """
    intel|caterpillar|lilly|shire|sears|nielsen|prudential|fluor|fiat|jeep|hess|roche|crocs|coke|
    kayak|citi|darden|trane|wynn|avis|hertz|heinz|goldman|berkshire|philips|dunkin|carlyle|eaton|
    nasdaq omx|aon|eni|axa|lionsgate|first solar|pure storage|whole foods|level 3|capital one|
    general dynamics|state street|western union|iron mountain|crown castle|american eagle|american water|
    national grid|southern company|general mills|constellation energy|steel dynamics|spirit airlines|
    comfort systems usa|first horizon|first republic|sun life|linear technology|applied materials|
    analog devices|advance auto parts|genuine parts|global payments|general growth properties|
    southern copper|american electric power|principal financial|interactive brokers|office depot|old navy|
    red lobster|range resources|american airlines|southwest airlines|united airlines|rocket lab|
    signature bank|international paper|truth social|beyond meat|dominion resources|noble energy|
    continental resources|imperial oil|live nation|dean foods|southern co|quest diagnostics|the hartford|
    arch coal|taco bell|health net|charles river labs|cash app|box inc|ball corp|carrier global|
    lear corp|energy transfer|fox news|trade desk|the trade desk|martin marietta|cheesecake factory|
    public storage
    """
)
_SPELLINGS: Final = (("&", "and"), (" and ", " & "), ("'", ""), ("-", ""), (".", ""))


def _names(company: Instrument) -> list[Name]:
    found: dict[tuple[tuple[str, ...], tuple[str, ...]], Name] = {}
    for known in company.names:
        written = known.text
        spellings = [written, *(written.replace(old, new) for old, new in _SPELLINGS if old in written)]
        squashed = "".join(TOKEN.findall(written))
        if len(squashed) >= 8 and squashed not in spellings:
            spellings.append(squashed)  # #GeneralMotors
        for spelling in spellings:
            name = _name(spelling, company, known.grade)
            found.setdefault((name.tokens, name.gaps), name)
    return list(found.values())


def _name(written: str, company: Instrument, grade: int) -> Name:
    plain = fold(written)
    low = lower(plain)
    spans = [match.span() for match in TOKEN.finditer(low)]
    tokens = tuple(low[start:end] for start, end in spans)
    capitals = sum(c.isupper() for c in plain)
    short = len(plain) <= 4 and (capitals >= 2 or any(c.isdigit() or c == "&" for c in plain))
    small = "".join(tokens) if len(tokens) == 1 else low
    return Name(
        tokens=tokens,
        gaps=tuple(low[a[1] : b[0]] for a, b in pairwise(spans)),
        company=company,
        grade=grade,
        exact=plain if short else "",
        lower_ok=grade == STRONG and not short and len(low) >= 4 and small not in _WORDS_WHEN_SMALL,
    )


def build(catalogue: Catalogue) -> dict[str, tuple[Name, ...]]:
    """Every name by its first token, longest first. A spelling that two companies share is the first one's."""
    names: dict[str, dict[tuple[tuple[str, ...], tuple[str, ...]], Name]] = {}
    for company in catalogue.instruments:
        for name in _names(company):
            names.setdefault(name.tokens[0], {}).setdefault((name.tokens, name.gaps), name)
    return {
        first: tuple(sorted(by_tokens.values(), key=lambda name: (-len(name.tokens), name.tokens)))
        for first, by_tokens in names.items()
    }
