"""What speaks for and against reading a word as a company. Pure; the word lists (vocabulary.py) are mostly English.

A name has a grade in the catalogue. A doubtful one (Apple, Visa, Ford) is read as the company when it is capitalised
and anything of business stands in the text; an everyday one (Target, Gap, Match) only when something of that very
company does: its ticker, an unmistakable name of it, a legal form, one of its own evidence words, a share-market noun
right behind it, or what only companies do in a text that is of business. Words that the catalogue lists as speaking
against the company win over all of this, and so do persons and places.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from services.scoring.linking import vocabulary as said
from services.scoring.linking.gazetteer import Entry
from services.scoring.linking.tickers import readable_alone
from shared.languages.english_words import is_english_word
from shared.universe.instrument import DOUBTFUL, SURE

_FIGURE: Final = re.compile(
    r"\d\s?(?:%|pct|percent|p\.c\.|bps|bn|mln|m\b|bln)|[$\u20ac\u00a3\u00a5]\s?\d|\b(?:EU|FTC|SEC|DOJ|FDA)\b"
)


_AUTHORITY: Final = re.compile(r"[EFSD](?:U|TC|EC|OJ|DA)\b")
_DIGIT: Final = re.compile(r"\d")


def _figures(text: str) -> bool:
    """Whether there are sums, shares in percent or one of the authorities."""
    if _DIGIT.search(text) is None:
        return _AUTHORITY.search(text) is not None
    return _FIGURE.search(text) is not None


class Context:
    """One text's tokens, and what is known so far about the companies in it."""

    __slots__ = ("_business", "_foreign", "_lowered", "_starts", "_taken", "_words", "known", "low", "text")

    def __init__(self, text: str, lowered: str, low: Sequence[str], taken: bytearray) -> None:
        self.text, self._lowered, self.low, self._taken = text, lowered, low, taken
        self._starts: list[int] = []  # of the first tokens
        self.known: set[str] = set()  # ids of companies of which the text gives a ticker or an unmistakable name
        self._words: frozenset[str] | None = None
        self._business: bool | None = None
        self._foreign: bool | None = None

    def starts(self, stop: int) -> list[int]:
        """Where the first `stop` tokens begin, and perhaps some more."""
        starts = self._starts
        if len(starts) < stop:
            # Between two tokens there is nothing that one could begin with: a token's first occurrence behind the one
            # before is the token. Most texts name their companies early, and nobody asks where the others stand.
            low, known, find = self.low, len(starts), self._lowered.find
            at = starts[-1] + len(low[known - 1]) if known else 0
            for token in low[known:stop]:
                at = find(token, at)
                starts.append(at)
                at += len(token)
        return starts

    def span(self, index: int) -> tuple[int, int]:
        """Where token `index` stands."""
        start = self.starts(index + 1)[index]
        return start, start + len(self.low[index])

    @property
    def words(self) -> frozenset[str]:
        if self._words is None:
            self._words = frozenset(self.low)
        return self._words

    @property
    def business(self) -> bool:
        """Whether anything in the text is of business."""
        if self._business is None:
            self._business = not said.BUSINESS.isdisjoint(self.words) or _figures(self.text)
        return self._business

    @property
    def foreign(self) -> bool:
        """Whether it is in another language with Latin letters than English, as its small words show."""
        if self._foreign is None:
            other = len(said.FOREIGN & self.words)
            self._foreign = other > 0 and other >= len(said.ENGLISH & self.words)
        return self._foreign

    def taken(self, start: int, end: int) -> bool:
        """Whether a link or a URL stands within characters [start, end)."""
        return self._taken.find(1, start, end) >= 0

    def token(self, index: int) -> str:
        """The token at `index`, "" outside the text."""
        return self.low[index] if 0 <= index < len(self.low) else ""

    def gap(self, index: int) -> str:
        """What stands before token `index`."""
        return self.text[self.span(index - 1)[1] : self.span(index)[0]] if index > 0 else ""

    def capital(self, index: int) -> bool:
        """Whether token `index` begins with a capital."""
        return 0 <= index < len(self.low) and self.text[self.span(index)[0]].isupper()

    def contradicts(self, entry: Entry, start: int, stop: int) -> bool:
        """Whether what stands before or after tokens [start, stop) says that it is not the company."""
        before, after = self.token(start - 1), self.token(stop)
        against = entry.instrument.against
        if against and (before in against or after in against):
            return True
        if entry.instrument.kind == "currency" and (before[:1].isdigit() or before in said.AMOUNTS):
            return True  # "12 bln yuan" is a sum of money
        return entry.grade != SURE and (after in said.PLACES or after == "of" or self.person(entry, start))

    def person(self, entry: Entry, start: int) -> bool:
        """Whether one word that is a surname, too, stands behind a given name, a title or in a double name."""
        if len(entry.tokens) != 1 or start == 0:
            return False
        if entry.grade == SURE and entry.tokens[0] not in said.SURNAMES:
            return False
        before, gap = self.token(start - 1), self.gap(start)
        if gap in (" ", ". ") and self.capital(start - 1):
            return before in said.GIVEN_NAMES or (before in said.TITLES and entry.grade != SURE)
        return gap == "-" and self._half(start - 1)

    def _half(self, index: int) -> bool:
        # of a double name, as in Theisen-Eaton
        at, end = self.span(index)
        half = self.text[at:end]
        return half.istitle() and half.isalpha() and not self._taken[at] and not is_english_word(half.lower())

    def compound(self, start: int) -> bool:
        """Whether a proper name stands right before the token and makes one of both, as in Niger Delta."""
        if start == 0 or self.gap(start) != " " or not self.capital(start - 1):
            return False
        before, at = self.token(start - 1), self.span(start - 1)
        if self.text[at[0] : at[1]].isupper() or before in said.BEFORE_NAMES or self._taken[at[0]]:
            return False
        return not is_english_word(before)

    def _follows(self, start: int) -> bool:
        """Whether a capital stands right before the token: "GVK Power" is no "Power"."""
        if start == 0 or self.gap(start) != " " or not self.capital(start - 1):
            return False
        return self.token(start - 1) not in said.BEFORE_NAMES and not self.taken(*self.span(start - 1))

    def convinces(self, entry: Entry, start: int, stop: int, capital: bool, possessive: bool) -> bool:
        """Whether `entry`, which needs evidence, at tokens [start, stop) is the company."""
        if self.contradicts(entry, start, stop):
            return False
        if entry.instrument.id in self.known or not capital:
            return entry.instrument.id in self.known or (entry.small and self.business and not self.foreign)
        if self.compound(start):
            return False
        return self._evident(entry, start, stop, possessive)

    def _evident(self, entry: Entry, start: int, stop: int, possessive: bool) -> bool:
        after, evidence = self.token(stop), entry.instrument.evidence
        formal = len(entry.tokens) > 1 and entry.tokens[-1] in said.LEGAL_FORMS  # Ball Corp
        if formal or after in said.LEGAL_FORMS or after in said.MARKET_NOUNS or not self.words.isdisjoint(evidence):
            return True
        if entry.exact and not (entry.curated and entry.grade <= DOUBTFUL) and not _telling(entry):
            return False  # FCC, IT: known as something else
        if entry.grade > DOUBTFUL or not (entry.curated or entry.gaps or entry.exact):
            return self.business and self._acts(start, stop, after) and (entry.curated or not self._follows(start))
        return (
            (possessive and bool(evidence))
            or after in said.COMPANY_VERBS
            or after == "to"
            or self.business
            or bool(self.known)
            or self._unlike_words(entry, start)
        )

    def _unlike_words(self, entry: Entry, start: int) -> bool:
        """Whether nothing else is called so here: several words of which one is none of the dictionary (Munich Re),
        capitals (RWE), or an English word in a text of another language that writes its nouns small."""
        if len(entry.tokens) > 1:
            return entry.small
        if entry.exact:
            return not self.text.isupper()
        return self.foreign and said.GERMAN.isdisjoint(self.words) and self.token(start - 1) not in said.ARTICLES

    def _acts(self, start: int, stop: int, after: str) -> bool:
        """Whether an everyday name does what only companies do: "Target cuts its outlook", "Gap to close shops"."""
        if start > 0 and self.gap(start)[-1:] == "-":
            return False
        if after == "to" and self.token(stop + 1) in said.INFINITIVES:
            return True
        return after in said.VERBS_OF_COMPANIES or after in said.MOVES


def _telling(entry: Entry) -> bool:
    return len(entry.exact) > 2 and readable_alone(entry.exact)


def invitation(low: Sequence[str], at: int) -> bool:
    """Whether the platform at token `at` is only where the reader is invited to ("like us on Facebook and Twitter")."""
    if low[at] not in said.PLATFORMS or at == 0 or low[at - 1] not in ("on", "via", "and"):
        return False
    return not said.INVITATIONS.isdisjoint(low[max(0, at - 5) : at])


def as_verb(low: Sequence[str], at: int) -> bool:
    """Whether a name in small letters is what people do with it ("let me google it")."""
    if low[at] not in said.VERBS:
        return False
    before, after = low[at - 1] if at else "", low[at + 1] if at + 1 < len(low) else ""
    return before in said.BEFORE_VERBS or after in said.AFTER_VERBS


def attribution(low: Sequence[str], entry: Entry, start: int, stop: int) -> bool:
    """Whether a data company at [start, stop) only says where a figure comes from ("polled by Thomson Reuters")."""
    if entry.instrument.id not in said.DATA_COMPANIES:
        return False
    before, after = low[max(0, start - 2) : start], low[stop] if stop < len(low) else ""
    return after in said.FIGURES or not said.GATHERED.isdisjoint(before)
