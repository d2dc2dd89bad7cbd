"""The languages that Bellwether has models for, and which of them a text or a labelled set is in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from shared.languages.chinese import CHINESE
from shared.languages.english import ENGLISH
from shared.languages.language import Language

LANGUAGES: Final = (ENGLISH, CHINESE)
# for the brackets of a regular expression: characters that are words of their own, whatever stands beside them
UNSPACED: Final = "".join(language.script.characters for language in LANGUAGES if language.script is not None)


def language_of_text(text: str) -> Language | None:
    """The language that the text's script tells, or None: then it may be in any that is written with spaces."""
    for language in LANGUAGES:
        if language.script is not None and language.script.is_script_of(text):
            return language
    return None


def language_of_set(name: str) -> Language:
    """Of a labelled set, by the beginning of its name; English where that says nothing."""
    return next((language for language in LANGUAGES if name.startswith(f"{language.tag}_")), ENGLISH)


def language_of_sets(names: Iterable[str]) -> Language:
    """Of a model that learnt from these sets: the first that is not English, else English."""
    return next((language for language in map(language_of_set, names) if language is not ENGLISH), ENGLISH)
