"""Where a text names a company, for labelled data that gives the name and not the place."""

from __future__ import annotations

import re

from services.model.interface import Span
from shared.languages.registry import LANGUAGES, UNSPACED

_LEGAL_FORMS = "|".join(form for language in LANGUAGES for form in language.legal_forms)
_LEGAL_FORM = re.compile(rf"[\s,]+({_LEGAL_FORMS})\.?$", re.IGNORECASE)
_UNSPACED = re.compile(f"[{UNSPACED}]")
_LETTER = re.compile(rf"[^\W_{UNSPACED}]")


def find_mentions(text: str, name: str) -> tuple[Span, ...]:
    """Every place of ``name`` as whole words, by ever looser readings; empty if the text does not name it.

    Readings: as written; in any case; without its legal forms ("Tesco PLC"); its first word, if that is long enough
    to be one ("Randgold Resources").
    """
    name = name.strip()
    if not name:
        return ()
    short = name
    while (shorter := _LEGAL_FORM.sub("", short)) != short:
        short = shorter
    first = short.split()[0] if short.split() else ""
    readings = [(name, 0), (name, re.IGNORECASE), (short, re.IGNORECASE)]
    if len(first) > 3:
        readings.append((first, re.IGNORECASE))
    for reading, flags in readings:
        if reading and (spans := occurrences(text, reading, flags)):
            return spans
    return ()


def occurrences(text: str, name: str, flags: int) -> tuple[Span, ...]:
    """Places of the name (``flags`` as of re) that no letter or digit continues.

    A character of a script without spaces is an edge to its neighbours, and needs none itself. The edges are looked at
    apart from the name: a pattern with both costs a millisecond to compile, for every name.
    """
    pattern = re.compile(re.escape(name), flags)
    spans, at = [], 0
    while found := pattern.search(text, at):
        start, end = found.span()
        inside = _LETTER.match(text, start - 1) if start and not _UNSPACED.match(name[0]) else None
        inside = inside or (None if _UNSPACED.match(name[-1]) else _LETTER.match(text, end))
        if inside is None:
            spans.append((start, end))
        at = start + 1 if inside else end
    return tuple(spans)
