"""The dictionary of names in Latin script that linking looks up, token by token. Pure.

A text is cut into tokens (runs of word characters, and `&`); a name is a sequence of tokens with the gaps that may lie
between them, so that "Wal-Mart", "Wal Mart", "J.P. Morgan" and "JP Morgan" meet the same entries without regular
expressions per company: cost grows with the text, not with the catalogue. Names in other scripts: han.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from services.scoring.linking.cutting import TOKEN
from services.scoring.linking.folding import fold, lower
from services.scoring.linking.han import former, is_han
from services.scoring.linking.small_words import written_small
from services.scoring.linking.vocabulary import DATA_COMPANIES, PLATFORMS, SURNAMES
from shared.universe.instrument import DOUBTFUL, SURE, Instrument, Name
from shared.universe.securities import Catalogue

_PLAIN_GAPS: Final = frozenset((" ", "-", "\n", "\u2010", "\u2011", "\u2013"))
_INITIAL_GAPS: Final = frozenset(("", ".", ". "))  # after an initial: J.P. Morgan, J. P. Morgan
_AMPERSAND_GAPS: Final = frozenset(("", " "))
_SPELLINGS: Final = (("&", "and"), (" and ", " & "), ("'", ""), ("-", ""), (".", ""))
_UMLAUTS: Final = (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"), ("ø", "oe"), ("å", "aa"), ("æ", "ae"))
_SQUASHED: Final = 8  # letters of a name that is also read without its gaps, as hashtags are: #GeneralMotors
_PLURAL: Final = 5  # letters of a name of which a plural is read
_FEW: Final = 2  # instruments whose names begin with the same word, beside the one that is called so


@dataclass(slots=True)
class Entry:
    """One way to write an instrument's name."""

    tokens: tuple[str, ...]  # lower case
    gaps: tuple[str, ...]  # the name's own gaps, len(tokens) - 1
    capitals: tuple[bool, ...]  # which of its words begin with one
    instrument: Instrument
    name: Name
    grade: int  # SURE, DOUBTFUL or EVERYDAY
    exact: str  # "" or the only case in which it is read (IBM, GE, 3M)
    small: bool  # whether all lower case is read as the name
    dated: bool  # whether it was a name on some days alone
    guarded: bool  # whether something beside it in a text may say that it is not the instrument
    plus: bool  # whether a plus sign ends it
    curated: bool  # whether somebody wrote it down by hand: in Bellwether's own list or in a user's
    simple: bool  # one word that is the name wherever it is capitalised

    def fits(self, index: int, low: Sequence[str], starts: Sequence[int], folded: str) -> bool:
        """Whether the gaps of the text from token `index` on are such as may lie within this name."""
        last = index + len(self.gaps)
        if self.plus and not folded.startswith("+", starts[last] + len(low[last])):
            return False  # Paramount+
        for token, own in enumerate(self.gaps, index):
            gap = folded[starts[token] + len(low[token]) : starts[token + 1]]
            if gap == own or gap in _PLAIN_GAPS:
                continue
            if "&" in (low[token], low[token + 1]) and gap in _AMPERSAND_GAPS:
                continue
            if len(low[token]) == 1 and gap in _INITIAL_GAPS:
                continue
            return False
        return True

    def dressed(self, index: int, starts: Sequence[int], folded: str) -> bool:
        """Whether the text from token `index` on has capitals where the name has them ("First solar" has not)."""
        return not any(
            capital and folded[starts[token]].islower()
            for token, capital in enumerate(self.capitals, index)
            if token > index
        )


_Written = tuple[str, Name, Instrument]


class Opening(NamedTuple):
    """What names there are that begin with a word."""

    seconds: Mapping[str, Sequence[int]]  # the words that come next in them, and how many there are then, most first
    forms: tuple[str, ...] | None  # None: the word is a name by itself; or the only forms in which it is one (IT); ()
    symbol: bool  # whether it is a symbol, in small letters


_ALONE: Final = {
    (name, symbol): Opening({}, None if name else (), symbol) for name in (False, True) for symbol in (False, True)
}


class Gazetteer:
    """Every name by its tokens. What is known of a name is worked out when a text first has it."""

    def __init__(self, catalogue: Catalogue, symbols: Iterable[str]) -> None:
        """`symbols` are those that are read when they stand alone, too: a text is looked through once for both."""
        written: dict[tuple[str, ...], list[_Written]] = {}
        starts: dict[str, set[str]] = {}
        for instrument in catalogue.instruments:
            for name in instrument.names:
                text = name.text
                if not text.isascii() and is_han(text):
                    continue
                for spelling in (*_spellings(text), *_plural(name, instrument)):
                    tokens = tuple(TOKEN.findall(lower(fold(spelling))))
                    if tokens and not "".join(tokens).isdigit():
                        written.setdefault(tokens, []).append((spelling, name, instrument))
                        if len(tokens) > 1:
                            starts.setdefault(tokens[0], set()).add(instrument.id)
        seconds: dict[str, dict[str, set[int]]] = {}
        for tokens in written:
            after = seconds.setdefault(tokens[0], {})
            if len(tokens) > 1:
                after.setdefault(tokens[1], set()).add(len(tokens))
        self._written = written
        self._entries: dict[tuple[str, ...], tuple[Sequence[Entry], Sequence[Entry]]] = {}
        alone = frozenset(map(str.lower, symbols))
        self.openings = {first: self._opening(first, seconds, first in alone) for first in seconds.keys() | alone}
        self.families = frozenset(first for first, ids in starts.items() if len(ids) > _FEW)

    def at(self, index: int, low: Sequence[str], sizes: Iterable[int], dated: bool) -> list[Entry]:
        """Entries of so many tokens that stand at `index`, then those of the first token alone; see `Entry.fits`."""
        found: list[Entry] = []
        for size in sizes:
            found += self.of(tuple(low[index : index + size]), dated)
        return found + list(self.of((low[index],), dated))

    def of(self, tokens: tuple[str, ...], dated: bool) -> Sequence[Entry]:
        """Entries of these tokens, for a text with or without a day."""
        made = self._entries.get(tokens)
        if made is None:
            if tokens not in self._written:
                return ()
            made = self._entries[tokens] = self._made(tokens)
        return made[0] if dated else made[1]

    def _opening(self, first: str, seconds: Mapping[str, Mapping[str, set[int]]], symbol: bool) -> Opening:
        """Most words are all there is of their names: these share one opening, which is then always at hand."""
        after = seconds.get(first)
        forms = self._forms(first)
        if after or forms:
            return Opening(_longest_first(after or {}), forms, symbol)
        return _ALONE[forms is None, symbol]

    def _forms(self, word: str) -> tuple[str, ...] | None:
        plain = [fold(spelling) for spelling, _, _ in self._written.get((word,), ())]
        return tuple(dict.fromkeys(plain)) if all(map(_short, plain)) else None

    def _made(self, tokens: tuple[str, ...]) -> tuple[Sequence[Entry], Sequence[Entry]]:
        """A spelling that two share is the first one's; one that an instrument has twice keeps its first. As the
        catalogue has them, and for a text without a day."""
        found: dict[tuple[tuple[str, ...], str, str], Entry] = {}
        family = len(tokens) == 1 and tokens[0] in self.families
        for spelling, name, instrument in self._written[tokens]:
            entry = _entry(spelling, name, instrument, family)
            found.setdefault((entry.gaps, instrument.id, entry.exact), entry)
        entries = tuple(found.values())
        return entries, sorted(entries, key=lambda entry: former(entry.name, entry.instrument))


def _longest_first(seconds: Mapping[str, set[int]]) -> dict[str, tuple[int, ...]]:
    return {second: tuple(sorted(sizes, reverse=True)) for second, sizes in seconds.items()}


def _short(plain: str) -> bool:
    """Whether a name is so short that it is read in its own capitals alone."""
    return len(plain) <= 4 and (
        sum(map(str.isupper, plain)) >= 2 or any(sign.isdigit() or sign == "&" for sign in plain)
    )


def _plural(name: Name, instrument: Instrument) -> tuple[str, ...]:
    """ "the Googles of this world": of one word, and of those that somebody wrote down."""
    text = name.text
    if (
        len(text) < _PLURAL
        or not text.isalpha()
        or text[-1] == "s"
        or name.grade > DOUBTFUL
        or not _curated(instrument)
    ):
        return ()
    return (f"{text}s",)


def _curated(instrument: Instrument) -> bool:
    source = instrument.source  # a file of the user, Bellwether's own list, or what it adds to packs (packs/names.csv)
    return ".csv" in source or ".parquet" in source or source.startswith("Bellwether")


def _spellings(written: str) -> Iterator[str]:
    yield written
    if written.isalnum() and written.isascii():
        return
    for old, new in _SPELLINGS:
        if old in written:
            yield written.replace(old, new)
    if not written.isascii():
        low = lower(written)
        for old, new in _UMLAUTS:
            low = low.replace(old, new)
        if low != lower(written):
            yield low.title()
    squashed = "".join(TOKEN.findall(written))
    if len(squashed) >= _SQUASHED and squashed != written:
        yield squashed


def _entry(written: str, name: Name, instrument: Instrument, family: bool) -> Entry:
    plain = fold(written)
    low = lower(plain)
    spans = [match.span() for match in TOKEN.finditer(low)]
    tokens = tuple(low[start:end] for start, end in spans)
    short, plus, dated = _short(plain), written.endswith("+"), bool(name.start or name.end)
    guarded = (
        family
        or name.grade != SURE
        or instrument.kind == "currency"
        or bool(instrument.against)
        or instrument.id in DATA_COMPANIES
        or tokens[0] in SURNAMES
        or tokens[0] in PLATFORMS
    )
    return Entry(
        tokens=tokens,
        gaps=tuple(low[a[1] : b[0]] for a, b in pairwise(spans)),
        capitals=tuple(plain[start].isupper() for start, _ in spans),
        instrument=instrument,
        name=name,
        grade=name.grade,
        exact=plain if short else "",
        small=name.grade <= DOUBTFUL and not short and len(low) >= 4 and written_small(tokens),
        dated=dated,
        guarded=guarded,
        plus=plus,
        curated=_curated(instrument),
        simple=len(tokens) == 1 and not (short or plus or dated or guarded),
    )
