"""Whether sentences say only what the texts that they cite say. Pure; whatever is in doubt is refused.

A phrase is cut behind its citations, `[1]` or `[1, 3]`. Every part needs one, and every figure, name, date, number in
words, direction and negation in it has to stand in the cited texts. The rest (verbs, order, joints) is not judged: the
quotes stand beside it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

_CITED: Final = re.compile(r"((?:\s*\[\d{1,3}(?:\s*,\s*\d{1,3})*\])+[.!?。]?)")
_NUMBER: Final = re.compile(r"\d+")
_FIGURES: Final = re.compile(r"\d+(?:[.,:/-]\d+)*")
_WORDS: Final = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_HAN: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
_MARKUP: Final = re.compile(r"https?:|www\.|[<>`]|\]\(|!\[|\*\*|^\s*#", re.IGNORECASE | re.MULTILINE)
MOST_CHARS: Final = 2_000

# words that may begin a sentence with a capital and name nothing
_OPENS: Final = (
    "the a an in on at after before because as and but it its they their he she his her this that these those there "
    "when while since for from by with of to if according shares share stock investors analysts both one also then "
    "still however meanwhile later earlier overall"
)
# what turns a sentence round, or makes a figure of it
_TURNS: Final = (
    "not no never none nor neither without cannot nobody nothing hardly up down rise rises rose risen rising fall "
    "falls fell fallen falling gain gains gained gaining lose loses lost loss losses losing drop drops dropped "
    "dropping jump jumps jumped soar soars soared surge surges surged plunge plunges plunged tumble tumbles tumbled "
    "slump slumps slumped climb climbs climbed rally rallies rallied sink sinks sank increase increases increased "
    "decrease decreases decreased higher lower more less better worse beat beats miss misses missed above below "
    "raise raises raised cut cuts lift lifts lifted lowered upgrade upgrades upgraded downgrade downgrades "
    "downgraded buy bought sell sold win wins won profit deny denies denied confirm confirms confirmed approve "
    "approves approved reject rejects rejected positive negative bullish bearish one two three four five six seven "
    "eight nine ten eleven twelve twenty thirty forty fifty hundred thousand million billion trillion percent half "
    "third quarter double doubled triple tripled twice dozen first second today yesterday tomorrow monday tuesday "
    "wednesday thursday friday saturday sunday"
)
_OPENING: Final = frozenset(_OPENS.split())
_SIGNED: Final = frozenset(_TURNS.split())
_CONTRACTED: Final = re.compile(r"n['\u2019]t\b", re.IGNORECASE)


class Part(NamedTuple):
    """What is said in front of one citation; `numbers`: what it cites; `stop`: the sign that ends it, or ""."""

    said: str
    numbers: list[int]
    stop: str


def parts(phrase: str) -> list[Part]:
    """A phrase cut behind its citations. What stands behind the last one is a part without numbers."""
    pieces = [*_CITED.split(phrase), ""]
    pairs = zip(pieces[::2], pieces[1::2], strict=True)
    found = [Part(said.strip(), _cited(marks), marks.strip()[-1:].strip("]")) for said, marks in pairs]
    return [each for each in found if each.said or each.numbers]


def _cited(marks: str) -> list[int]:
    return [int(number) for number in _NUMBER.findall(marks)]


def fault(phrase: str, cited: Mapping[int, Sequence[str]]) -> str:
    """Why a phrase is not shown, "" where nothing is wrong. `cited`: what stands under each number: the sentences of a
    document, its title and its source."""
    if wrong := _unfit(phrase):
        return wrong
    said = parts(phrase)
    if not said[-1].numbers:
        return f"it says without a citation: {_shown(said[-1].said)}"
    return next((wrong for part in said if (wrong := _unfounded(part, cited))), "")


def _unfit(phrase: str) -> str:
    """What is wrong with it as a text."""
    if not phrase.strip():
        return "it says nothing"
    if len(phrase) > MOST_CHARS:
        return f"it has {len(phrase):,} characters, at most {MOST_CHARS:,} are shown"
    if any(unicodedata.category(sign) in ("Cc", "Cf", "Co", "Cs") and sign != "\n" for sign in phrase):
        return "it holds signs that are not seen"
    return "it holds a link or markup" if _MARKUP.search(phrase) else ""


def _unfounded(part: Part, cited: Mapping[int, Sequence[str]]) -> str:
    """What is wrong with a part and its citations."""
    if unknown := [number for number in part.numbers if number not in cited]:
        return f"it cites [{unknown[0]}], which is not there"
    if not part.said:
        return "it cites without saying anything"
    strange = _strange(part.said, "\n".join(text for number in part.numbers for text in cited[number]))
    return f"{strange!r} does not stand in what it cites" if strange else ""


def _strange(said: str, known: str) -> str:
    """The first figure, name, date or turn of `said` that `known` has not."""
    said, known = (unicodedata.normalize("NFKC", text) for text in (said, known))
    figures = {_plain(figure) for figure in _FIGURES.findall(known)}
    for figure in _FIGURES.findall(said):
        if _plain(figure) not in figures:
            return str(figure)
    words = {word.casefold() for word in _words(known)}
    opening = True
    for word in _words(said):
        low = word.casefold()
        named = word != word.lower() and not (opening and low in _OPENING)
        opening = False
        if low not in words and (named or low in _SIGNED):
            return word
    contracted = _CONTRACTED.search(said)
    if contracted and not _CONTRACTED.search(known):
        return str(contracted[0])
    for run in _HAN.findall(said):
        if run not in known:
            return str(run)
    return ""


def _plain(figure: str) -> str:
    return figure.replace(",", "")


def _words(text: str) -> list[str]:
    """Words; a possessive is the word, and both halves of a hyphenated one stand for themselves."""
    found = []
    for word in _WORDS.findall(text):
        bare = re.sub(r"['\u2019]s$", "", word)
        found += bare.split("-")
    return found


def _shown(text: str) -> str:
    return repr(" ".join(text.split())[:60])
