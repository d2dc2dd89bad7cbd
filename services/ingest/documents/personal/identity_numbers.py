"""Numbers that a state gives a person: US social security, Chinese resident identity. The rules are python-stdnum's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from stdnum.cn import ric
from stdnum.us import ssn

from services.ingest.documents.personal.folding import Found

IDENTITY: Final = "[id]"

_SOCIAL = re.compile(r"(?<![\w.,+/$-])(\d{3})-(\d{2})-(\d{4})(?![\w%-]|[.,]\d)")
_SPOKEN = re.compile(
    r"(?<!\w)(?:ssn|social security(?: (?:number|no\.?))?)(?:[:#\s]|is){0,4}(\d{3}[ -]?\d{2}[ -]?\d{4})"
    r"(?![\w%]|[.,]\d)",
    re.IGNORECASE,
)
_RESIDENT = re.compile(r"(?<![A-Za-z0-9.,+-])[1-8]\d{5}(?:19|20)\d{9}[0-9Xx](?![A-Za-z0-9]|[.,]\d)")


def find_identity_numbers(text: str) -> Iterator[Found]:
    """Where nothing tells otherwise: 123-45-6789 by the ranges in use, 18 digits by place, birthday and check digit."""
    found = [(*one.span(), IDENTITY) for one in _SOCIAL.finditer(text) if ssn.is_valid(one[0])]
    if "ssn" in (lower := text.lower()) or "social security" in lower:
        found += [(*one.span(1), IDENTITY) for one in _SPOKEN.finditer(text)]
    found += [(*one.span(), IDENTITY) for one in _RESIDENT.finditer(text) if ric.is_valid(one[0])]
    yield from sorted(found)
