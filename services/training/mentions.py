"""Where a text names a company, for labelled data that gives the name and not the place."""

from __future__ import annotations

import re

from services.model.interface import Span

_LEGAL_FORM = re.compile(
    r"[\s,]+(inc|corp|corporation|co|company|plc|ltd|limited|group|holdings|ag|sa|nv|se|spa|llc|lp)\.?$", re.IGNORECASE
)
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_LETTER = r"[^\W_\u3400-\u9fff]"


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
        if reading and (spans := _occurrences(text, reading, flags)):
            return spans
    return ()


def _occurrences(text: str, name: str, flags: int) -> tuple[Span, ...]:
    # Chinese is written without spaces: a Chinese character is an edge to its neighbours, and needs none itself
    before = "" if _CHINESE.match(name[0]) else f"(?<!{_LETTER})"
    after = "" if _CHINESE.match(name[-1]) else f"(?!{_LETTER})"
    pattern = re.compile(f"{before}{re.escape(name)}{after}", flags)
    return tuple(match.span() for match in pattern.finditer(text))
