"""Which texts no model reads: they are counted as unscored, and never taken for neutral.

A text counts as unread when its letters are of a script that no model knows, or when it is said to be in a language
that none reads and does not look English. What is too short to tell is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from services.model.interface import Engine, Request
from services.model.packs import language_of
from services.scoring.entries import Entry
from shared.settings import ModelSettings

_SHIPPED: Final = "bellwether-"  # how the models that come with Bellwether begin; their main one reads English
_LOOKED_AT: Final = 600  # characters
_FEW_WORDS: Final = 4
_LATIN: Final = 0x24F  # the last letter of Latin Extended-B
_WORDS: Final = re.compile(r"[^\W\d_]+")
_ENGLISH: Final = frozenset(
    (
        "the", "of", "and", "to", "is", "are", "was", "were", "with", "that", "this", "it", "has", "have", "had",
        "from", "will", "but", "not", "you", "your", "they", "their", "its", "after", "up", "more", "over", "than",
        "what", "just", "about", "been", "would", "could", "says", "said",
    )
)  # fmt: skip
_UNSAID: Final = frozenset({"", "und"})


class Readable:
    """What the models of a run read. `languages`: those of the main one; none: all that there are."""

    def __init__(self, settings: ModelSettings, engine: Engine) -> None:
        shipped = settings.name.rstrip("/").rpartition("/")[2].startswith(_SHIPPED)  # by its name, or its folder
        self._languages = frozenset(settings.languages or (("en",) if shipped else ()))
        self._packs = frozenset(engine.packs)

    def mark(self, entries: Iterable[Entry]) -> None:
        """Take what no model reads out of what the model is asked."""
        for entry in entries:
            if entry.request is not None and (unread := self.unread(entry.request)):
                entry.unread, entry.request = unread, None

    def unread(self, request: Request) -> str:
        """The language of a text that no model reads ("und": not known which), "" for one that is read."""
        if not self._languages:
            return ""
        language = language_of(request)
        if language in self._packs or language in self._languages:
            return ""
        text = request.text[:_LOOKED_AT]
        letters = [letter for letter in text if letter.isalpha()]
        foreign = sum(ord(letter) > _LATIN for letter in letters)
        if foreign * 2 > len(letters):
            return language if language not in _UNSAID else "und"
        words = [word.casefold() for word in _WORDS.findall(text)]
        if language in _UNSAID or len(words) < _FEW_WORDS or len(_ENGLISH.intersection(words)) > 1:
            return ""
        return language
