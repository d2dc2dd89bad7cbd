"""What a text looks like to the model, the same in training and in service. Every step keeps character offsets."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from services.model.interface import Span

_LINK = re.compile(r"https?://\S+|www\.\S+")
_LINK_WORD = "http"


def blank_links(text: str) -> str:
    """Replace each link by the word ``http`` and spaces, of the same length.

    A link says nothing about a company but that it is there, and costs a dozen tokens; equal length keeps mention
    spans valid.
    """
    return _LINK.sub(lambda match: _LINK_WORD[: len(match[0])].ljust(len(match[0])), text)


def change_words(text: str, change: Callable[[str], str]) -> str:
    """The text with ``change`` made to every stretch of it that is no link."""
    pieces, done = [], 0
    for match in _LINK.finditer(text):
        pieces += [change(text[done : match.start()]), match[0]]
        done = match.end()
    return "".join([*pieces, change(text[done:])])


def mention_tokens(offsets: Sequence[tuple[int, int]], spans: Sequence[Span]) -> list[int]:
    """Positions of the tokens that overlap any of the spans; special tokens have the empty offset (0, 0)."""
    return [
        position
        for position, (start, end) in enumerate(offsets)
        if end > start and any(start < last and first < end for first, last in spans)
    ]
