"""Which names are names when written small, too: "microsoft" is one, "blackberry" and "whole foods" are not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.scoring.linking.lists import words
from shared.languages.english_words import is_english_word

# No words of the dictionary, but surnames, words of other languages, and names of which a part alone tells
_ALSO_WORDS: Final = words(
    """
    lilly shire sears nielsen fluor hess roche citi darden trane wynn avis hertz heinz goldman berkshire philips
    dunkin carlyle eaton aon eni axa lionsgate peloton lear armour martin marietta santander allianz henkel bayer
    continental merck siemens porsche linde vale vivo falabella grupo banco itau natura marisa renner vinci kering
    orange engie safran total thales carrefour tata birla bajaj titan britannia lotus ashok leyland
    """
)
_STILL_NAMES: Final = frozenset({"google", "twitter"})  # words that the company took over
_CONNECT: Final = frozenset({"the", "and", "of", "&", "in", "de", "s"})


def written_small(tokens: Sequence[str]) -> bool:
    """Whether a name of these tokens, in lower case, cannot be ordinary words."""
    if len(tokens) == 1 and tokens[0] in _STILL_NAMES:
        return True
    return not all(token in _CONNECT or token in _ALSO_WORDS or is_english_word(token) for token in tokens)
