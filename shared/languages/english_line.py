"""Whether a short line is English: every word of it that is no name is in the dictionary, and one at least is English
alone. Headlines have hardly any of the small words by which longer texts are told.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from shared.languages.english_words import is_english_word

_TOKEN: Final = re.compile(r"(?<![\w$#@])[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
_SMALL: Final = frozenset(
    (
        "a", "i", "of", "to", "in", "is", "it", "on", "by", "at", "as", "be", "he", "we", "no", "or", "so", "up", "us",
        "do", "go", "my", "if", "an", "am", "me", "vs",
    )
)  # fmt: skip
# the dictionary lists stems: `record` stands there as `cord`, `unit` as `it`
_PREFIXES: Final = ("re", "un", "con", "dis", "de", "pro", "sub", "over", "out", "mis", "en")
_ENDINGS: Final = ("s", "ed", "ing")


class Words(NamedTuple):
    """How many words of a text are English alone, how many are in no English dictionary and no names, and how many look
    like names."""

    english: int
    foreign: int
    names: int


@lru_cache(maxsize=1)
def _shared() -> frozenset[str]:
    lines = Path(__file__).with_name("shared_words.txt").read_text("utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))


def words_of_line(text: str) -> Words:
    """A capital makes a name of a word that the dictionary lacks; where all are capitals, none is one."""
    tokens = _TOKEN.findall(text)
    shouted = bool(tokens) and all(token.isupper() for token in tokens)
    told: list[str] = []
    foreign = names = 0
    for token in tokens:
        if token.isupper() and len(token) > 1 and not shouted:
            continue
        word = token.lower().replace("\u2019", "'")
        known = word in _SMALL if len(word) < 3 else word.isascii() and _is_known(word)
        if known:
            if len(word) > 2 and word not in _shared():
                told.append(word)
        elif token.islower() or shouted:
            foreign += len(word) > 1
        else:
            names += 1
    if len(told) == 1 and names and not told[0].endswith(_ENDINGS):
        told.clear()  # one word beside a name: "Kering chute" is as much French
    return Words(len(told), foreign, names)


def _is_known(word: str) -> bool:
    if is_english_word(word) or (word.endswith(("ies", "ied")) and is_english_word(f"{word[:-3]}y")):
        return True
    rests = (word.removeprefix(prefix) for prefix in _PREFIXES if word.startswith(prefix))
    return any(rest == "it" or (len(rest) > 2 and rest not in _shared() and is_english_word(rest)) for rest in rests)
