"""Changes that leave what a text says as it is: typing slips, and what a publisher puts before or after everything."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace

from services.model.interface import Span
from services.model.reading import blank_links
from services.training.data.datasets import Example

_WORD = re.compile(r"[A-Za-z]{3,}")
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_KINDS = ("swap", "swap", "drop", "double", "neighbour", "case")


def mistyped(example: Example, chance: random.Random) -> Example:
    """One to three typing slips in the words outside links: letters that change places, are left out, are struck twice,
    are a neighbour on the keyboard, or a word in the other case. Figures stay: a slip in one says something else.
    """
    for _ in range(chance.randint(1, 3)):
        words = [match.span() for match in _WORD.finditer(blank_links(example.text)) if match[0] != "http"]
        if not words:
            return example
        example = _slip(example, *chance.choice(words), chance)
    return example


def framed(example: Example, openings: Sequence[str], closings: Sequence[str], chance: random.Random) -> Example:
    """With one of the openings before the text, one of the closings after it, or both."""
    where = chance.random()
    if where < 0.5 and openings:
        example = replaced(example, 0, 0, chance.choice(openings) + " ")
    if where > 0.3 and closings:
        end = len(example.text)
        example = replaced(example, end, end, " " + chance.choice(closings))
    return example


def replaced(example: Example, start: int, end: int, piece: str) -> Example:
    """The text with ``piece`` instead of what stands from ``start`` to ``end``, and the spans where they are then."""

    def moved(span: Span) -> Span:
        first, last = span
        if start == end:  # an insertion before a span moves it, one behind it does not make it longer
            return (first + grown if first >= start else first, last + grown if last > start else last)
        return (first + grown if first >= end else first, last + grown if last >= end else last)

    grown = len(piece) - (end - start)
    companies = tuple(
        replace(company, spans=tuple(moved(span) for span in company.spans)) for company in example.companies
    )
    return replace(example, text=example.text[:start] + piece + example.text[end:], companies=companies)


def _slip(example: Example, first: int, last: int, chance: random.Random) -> Example:
    text, kind = example.text, chance.choice(_KINDS)
    place = chance.randrange(first, last - 1)
    letter = text[place]
    if kind == "swap":
        return replaced(example, place, place + 2, text[place + 1] + letter)
    if kind == "drop" and last - first > 3:
        return replaced(example, place, place + 1, "")
    if kind == "double":
        return replaced(example, place, place + 1, letter * 2)
    if kind == "neighbour":
        return replaced(example, place, place + 1, _neighbour(letter, chance))
    return replaced(example, first, last, text[first:last].swapcase())


def _neighbour(letter: str, chance: random.Random) -> str:
    """A key beside the letter's own, in its case."""
    row = next(row for row in _ROWS if letter.lower() in row)
    place = row.index(letter.lower())
    key = chance.choice(row[max(0, place - 1) : place] + row[place + 1 : place + 2])
    return key.upper() if letter.isupper() else key
