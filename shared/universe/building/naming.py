"""From the name that a register writes ("CVD EQUIPMENT CORP", "Electrolux, AB ser. B") to the one that people write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_STATE: Final = re.compile(r"\s*/(?:[A-Z]{2,3}|NEW|ADR|BER|FI|CAN|DEL)/?\s*$|\s*\\[A-Z]{2}\\?\s*$", re.IGNORECASE)
_CLASS: Final = re.compile(
    r"[,\s]+(?:(?:class|ser\.?|series|cl\.?)\s*[a-c]|vtg|vna|namen|inh|na|pref|prf|o\.?n\.?|i\.?a\.?|st|vz|vzo|"
    r"pn[ab]?|on|unt|unit|n1|n2|nm|eb|ej|sh|sz|reg|registered shares?|common stock|ordinary shares?|ord|"
    r"sponsored adr|adr|gdr|nvdr|tbk|psc)\.?$",
    re.IGNORECASE,
)
_ONE_LETTER: Final = re.compile(r"\s+[AB]$")
_LEGAL: Final = re.compile(
    r"[,\s]+(?:&\s*co\.?\s*kgaa|inc\.?|incorporated|corp\.?|corporation|co\.?|company|plc|p\.l\.c\.|ltd\.?|limited|ltda|"
    r"llc|l\.?p\.?|n\.?v\.?|s\.?a\.?|s\.?e\.?|ag|a/?s|asa|ab|oyj?|abp|s\.?p\.?a\.?|s\.?a\.?b\.?|kgaa|gmbh|trust|kk|k\.k\.|"
    r"de c\.?v\.?|bhd|berhad|b\.?v\.?|\(publ\)|publ)\.?$",
    re.IGNORECASE,
)
_SHORT: Final = re.compile(r"^(?:[A-Z]{1,3}|[A-Z]&[A-Z]|[A-Z]*\d[A-Z\d]*|[^AEIOUY\W\d]{2,5})$")
_SMALL: Final = frozenset(
    {"of", "and", "the", "for", "de", "du", "des", "la", "le", "di", "da", "do", "in", "on", "at"}
)
_KEEP: Final = frozenset(
    {"USA", "UK", "II", "III", "IV", "VI", "VII", "VIII", "IX", "XI", "XII", "US", "AI", "NY", "IT"}
)


def cleaned(name: str) -> str:
    """Without state, share class and legal form; at least one word stays."""
    text = " ".join(name.replace("\u3000", " ").split()).strip(" .,")
    while True:
        shorter = _STATE.sub("", text).strip(" .,")
        for pattern in (_CLASS, _LEGAL, _ONE_LETTER):
            shorter = pattern.sub("", shorter).strip(" ,") or shorter
        shorter = re.sub(r"\s*[&-]$", "", shorter)
        if shorter == text:
            return text
        text = shorter


def written(name: str, frequencies: Mapping[str, float]) -> str:
    """A name that is all capitals as a person writes it; any other stays."""
    if any(c.islower() for c in name):
        return name
    return " ".join(_word(word, at, frequencies) for at, word in enumerate(name.split()))


def _word(word: str, at: int, frequencies: Mapping[str, float]) -> str:
    low = word.lower()
    if at and low in _SMALL:
        return low
    if word in _KEEP or (len(word) <= 5 and "&" in word) or (_SHORT.match(word) and frequencies.get(low, 0) < 4.5):
        return word
    return re.sub(r"[^\W\d_]+", lambda part: _capital(part[0]), low)


def _capital(part: str) -> str:
    return part if part == "s" else part.capitalize()
