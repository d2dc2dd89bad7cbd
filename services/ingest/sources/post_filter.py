"""Which posts of a firehose to take: those with a keyword or a cashtag or, without keywords, a company's name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from shared.universe.securities import Catalogue

CASHTAG: Final = re.compile(r"(?<![\w$])\$([A-Za-z]{1,5}(?:[.-][A-Za-z])?)(?![\w$])")
_WORD = re.compile(r"[^\W_]+(?:[&'\u2019.-][^\W_]+)*")


class PostFilter:
    """`wanted(text)`. With keywords: one of them (whole words, any case) or a cashtag. Without: a known cashtag or an
    unambiguous company name as it is written; what the name means is for scoring to find out."""

    def __init__(self, keywords: Iterable[str], catalogue: Catalogue) -> None:
        words = sorted({word.strip() for word in keywords if word.strip()}, key=len, reverse=True)
        self._keywords = (
            re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(word) for word in words)})(?!\w)", re.IGNORECASE)
            if words
            else None
        )
        self._catalogue = catalogue
        self._names = {} if words else _names_by_first_word(catalogue)

    def wanted(self, text: str) -> bool:
        """Whether the post may say something of a company."""
        if self._keywords is not None:
            return CASHTAG.search(text) is not None or self._keywords.search(text) is not None
        if any(self._catalogue.by_ticker(found[1]) for found in CASHTAG.finditer(text)):
            return True
        words = _WORD.findall(text)
        return any(
            tuple(words[start : start + len(name)]) == name
            for start, word in enumerate(words)
            for name in self._names.get(word, ())
        )


def _names_by_first_word(catalogue: Catalogue) -> dict[str, list[tuple[str, ...]]]:
    names: dict[str, list[tuple[str, ...]]] = {}
    for company in catalogue.instruments:
        unsure = {*company.doubtful, *company.everyday}
        for name in (company.name, *company.aliases):
            words = tuple(_WORD.findall(name))
            if words and name not in unsure and words not in names.setdefault(words[0], []):
                names[words[0]].append(words)
    return names
