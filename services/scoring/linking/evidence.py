"""What speaks for and against reading a word as a company. Pure; the word lists are English.

A name has a grade in the catalogue. A doubtful one (Apple, Visa, Ford) is read as the company when it is capitalised
and anything of business stands in the text; an everyday one (Target, Gap, Match) only when something of that very
company does: its ticker, an unmistakable name of it, a legal form, one of its own evidence words, or a share-market
noun right behind it. Words that the catalogue lists as speaking against the company win over all of this.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.scoring.linking.gazetteer import DOUBTFUL, Name, words

LEGAL_FORMS: Final = frozenset(
    {"inc", "corp", "co", "plc", "ltd", "corporation", "company", "incorporated", "nv", "sa", "ag"}
)
# Right behind an everyday name
_MARKET_NOUNS: Final = frozenset(
    {"shares", "stock", "ceo", "cfo", "earnings", "shareholders", "shareholder", "dividend", "bonds", "eps", "options"}
)
# Right behind a doubtful name
_COMPANY_VERBS: Final = words(
    """
    price names declares says said reports reported posts posted beats beat misses missed announces announced
    unveils unveiled launches launched raises raised cuts plans sues sued acquires acquired buys recalls recalled
    hires fires wins files to results guidance investors analysts profit profits sales revenue q1 q2 q3 q4 chief
    executive downgraded upgraded
    """
)
_BUSINESS: Final = words(
    """
    shares stock stocks share nasdaq nyse dow investors investor analyst analysts earnings revenue revenues profit
    profits quarter quarterly sales ceo cfo billion ipo acquisition merger acquire acquires stake upgrade
    downgrade upgraded downgraded bullish bearish calls puts traders trading rally selloff lawsuit antitrust
    guidance forecast outlook eps regulators shareholders shareholder dividend buyback valuation premarket bid
    board chairman upgrades downgrades deal patent supplier suppliers bonds executive startup products product
    company's market markets
    """
)
# "follow us on Facebook": the platform is named, not spoken of
PLATFORMS: Final = frozenset({"facebook", "twitter", "youtube", "instagram", "linkedin", "yahoo", "google", "snapchat"})
_INVITATIONS: Final = frozenset(
    {"us", "me", "follow", "like", "join", "page", "watch", "find", "video", "posted", "live"}
)


# "polled by Thomson Reuters", "Nielsen data": where a figure comes from
_DATA_COMPANIES: Final = frozenset({"TRI", "MCO", "SPGI", "NLSN", "FDS", "MSCI", "IT", "INFO", "CME"})
_GATHERED: Final = frozenset({"polled", "surveyed", "compiled", "gathered", "collected", "according"})
_FIGURES: Final = frozenset(
    {"i", "data", "estimates", "starmine", "datastream", "lipper", "smartestimate", "figures", "poll"}
)


class Context:
    """One text's tokens, and what is known so far about the companies in it."""

    __slots__ = ("_business", "_words", "known", "low")

    def __init__(self, low: Sequence[str]) -> None:
        self.low = low
        self.known: set[str] = set()  # ids of companies of which the text gives a ticker or an unmistakable name
        self._words: frozenset[str] | None = None
        self._business: bool | None = None

    @property
    def words(self) -> frozenset[str]:
        if self._words is None:
            self._words = frozenset(self.low)
        return self._words

    @property
    def business(self) -> bool:
        """Whether anything in the text is of business."""
        if self._business is None:
            self._business = not _BUSINESS.isdisjoint(self.words)
        return self._business

    def contradicts(self, name: Name, start: int, stop: int) -> bool:
        """Whether the word before or after tokens [start, stop) says that it is not the company."""
        against = name.company.against
        if not against:
            return False
        return (start > 0 and self.low[start - 1] in against) or (stop < len(self.low) and self.low[stop] in against)

    def convinces(self, name: Name, start: int, stop: int, capital: bool, possessive: bool) -> bool:
        """Whether `name`, which needs evidence, at tokens [start, stop) is the company."""
        company = name.company
        if self.contradicts(name, start, stop):
            return False
        if company.id in self.known:
            return True
        if not capital:
            return False
        after = self.low[stop] if stop < len(self.low) else ""
        if after in LEGAL_FORMS or after in _MARKET_NOUNS or not self.words.isdisjoint(company.evidence):
            return True
        if name.grade != DOUBTFUL:
            return False
        return possessive or after in _COMPANY_VERBS or self.business or bool(self.known)


def invitation(low: Sequence[str], at: int) -> bool:
    """Whether the platform at token `at` is only where the reader is invited to ("like us on Facebook and Twitter")."""
    if low[at] not in PLATFORMS or at == 0 or low[at - 1] not in ("on", "via", "and"):
        return False
    return not _INVITATIONS.isdisjoint(low[max(0, at - 5) : at])


def attribution(low: Sequence[str], name: Name, start: int, stop: int) -> bool:
    """Whether a data company at [start, stop) only says where a figure comes from ("polled by Thomson Reuters")."""
    if name.company.id not in _DATA_COMPANIES:
        return False
    before, after = low[max(0, start - 2) : start], low[stop] if stop < len(low) else ""
    return after in _FIGURES or not _GATHERED.isdisjoint(before)
