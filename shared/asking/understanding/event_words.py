"""Events that a question counts by their name: downgrades, lawsuits, buybacks, 回购. Pure."""

from __future__ import annotations

import difflib
import re
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

_WORDS: Final = re.compile(r"[a-z]+")
_LIKE: Final = 0.86  # of the letters, for one that is misspelt
_LEAST: Final = 6  # letters of it


class Event(NamedTuple):
    """A class or group, and where the question names it: [start, end)."""

    name: str
    start: int
    end: int


@cache
def _nouns() -> tuple[dict[str, str], dict[str, str]]:
    """What questions say, in English and in Chinese -> a class or group."""
    english: dict[str, str] = {}
    chinese: dict[str, str] = {}
    for line in (Path(__file__).parent / "event_nouns.txt").read_text(encoding="utf-8").splitlines():
        if "=" not in line or line.startswith("#"):
            continue
        name, _, said = line.partition("=")
        latin, _, han = said.partition("|")
        english |= dict.fromkeys(filter(None, latin.split(",")), name)
        chinese |= dict.fromkeys(filter(None, han.split(",")), name)
    return english, chinese


def events_in(text: str) -> list[Event]:
    """The longest at each place, in the order of the text; one misspelt word of a longer one is taken for it."""
    english, chinese = _nouns()
    low = text.casefold().replace("-", " ")
    if len(low) != len(text):  # letters whose small form is longer: places would not fit
        return []
    words = [(match.start(), match.end()) for match in _WORDS.finditer(low)]
    found: list[Event] = []
    at = 0
    while at < len(words):
        for stop in range(min(at + 4, len(words)), at, -1):
            start, end = words[at][0], words[stop - 1][1]
            if name := english.get(" ".join(low[start:end].split())) or (
                _near(low[start:end]) if stop == at + 1 else ""
            ):
                found.append(Event(name, start, end))
                at = stop - 1
                break
        at += 1
    longest = sorted(chinese, key=lambda each: (-len(each), each))
    taken = 0
    for place in range(len(low)):
        if place >= taken and (word := next((each for each in longest if low.startswith(each, place)), "")):
            found.append(Event(chinese[word], place, place + len(word)))
            taken = place + len(word)
    return sorted(found, key=lambda each: each.start)


def _near(word: str) -> str:
    """The class of a plural that somebody misspelt: downgrads, lawsuts."""
    if len(word) < _LEAST:
        return ""
    english, _ = _nouns()
    plurals = [each for each in english if each.endswith("s") and len(each) >= _LEAST and " " not in each]
    near = difflib.get_close_matches(word, plurals, 1, _LIKE)
    return english[near[0]] if near and near[0][0] == word[0] else ""
