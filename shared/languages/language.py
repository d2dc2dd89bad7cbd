"""What a language is to Bellwether: how its texts are told and cut, and the words that training needs in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class Script:
    """A script without spaces, which tells its language: each character may begin, end or be a word.

    ``characters`` and ``foreign`` are ranges as they stand between the brackets of a regular expression.
    """

    characters: str
    foreign: str  # one of these in a text: it is in another language after all
    share: float  # of the letters of a text in this language, at least

    def is_script_of(self, text: str) -> bool:
        """Whether the text is in this script's language."""
        own = len(self._own.findall(text))
        return bool(own) and not self._other.search(text) and own >= self.share * len(_LETTER.findall(text))

    @cached_property
    def _own(self) -> re.Pattern[str]:
        return re.compile(f"[{self.characters}]")

    @cached_property
    def _other(self) -> re.Pattern[str]:
        return re.compile(f"[{self.foreign}]")


@dataclass(frozen=True)
class Wording:
    """What a model's robustness is measured with: made-up names, which no training text holds, of the shapes that
    companies' names have; how to speak of a company without its name; what a publisher puts under everything.

    ``openings`` and ``closings`` stand around texts in training; what is measured with is none of them.
    """

    names: tuple[str, ...]
    anonymous: str
    boilerplate: str
    openings: tuple[str, ...] = ()
    closings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Topics:
    """What a labelled set's own labels are in Bellwether's event classes; a label that is in neither says nothing."""

    events: Mapping[str, str]
    silent: frozenset[str] = frozenset()  # labels beside the topic that do not contradict it


@dataclass(frozen=True)
class CardWords:
    """What a model's card says of the texts that the model is for."""

    intended: str
    weaknesses: str


@dataclass(frozen=True)
class Language:
    """One language. ``tag`` is BCP 47's, and the beginning of its labelled sets' names (``zh_news_titles``)."""

    tag: str
    name: str
    wording: Wording
    card: CardWords
    legal_forms: tuple[str, ...] = ()  # which a text leaves off a company's name
    topics: Mapping[str, Topics] = field(default_factory=dict)  # by labelled set
    script: Script | None = None  # None: written with spaces, in letters that other languages have, too
