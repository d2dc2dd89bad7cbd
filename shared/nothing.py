"""What stands in a text's place where there is none: the words that spreadsheets, data frames and forums leave."""

from __future__ import annotations

from typing import Final

_WORDS: Final = ("nan", "none", "null", "nil", "n/a", "undefined")
_ERRORS: Final = ("#n/a", "#name?", "#value!", "#ref!", "#div/0!", "#num!", "#null!", "#error!")
_GONE: Final = ("[deleted]", "[removed]", "[deleted by user]", "[removed by moderator]", "[ removed by reddit ]")
_NOTHING: Final = frozenset((*_WORDS, *_ERRORS, *_GONE))
_LONGEST: Final = max(map(len, _NOTHING))


def says_nothing(text: str) -> bool:
    """Whether a whole text is one of those words, or none."""
    plain = text.strip()
    return not plain or (len(plain) <= _LONGEST and plain.lower() in _NOTHING)
