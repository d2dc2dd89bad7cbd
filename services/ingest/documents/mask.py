"""Personal data out of texts: e-mail addresses, phone numbers, IBANs, card and identity numbers, handles, and what
links carry. Masking twice is masking once. What is promised, and what is not, is listed in docs/masking.md.

What it must leave alone matters as much: prices, dates, volumes, ranges, tables, CIKs, accession numbers, ISINs, tweet
ids. So a number alone is never a phone: it needs a leading + or 00 and a country's code, a trunk 0, a phone's
punctuation, or a word such as "tel." before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from services.ingest.documents.personal.accounts import CARD, IBAN, find_cards, find_ibans
from services.ingest.documents.personal.folding import Folded
from services.ingest.documents.personal.identity_numbers import IDENTITY, find_identity_numbers
from services.ingest.documents.personal.names import (
    EMAIL,
    HANDLE,
    find_emails,
    find_handles,
    find_messengers,
    mask_emails,
)
from services.ingest.documents.personal.phones import (
    PHONE,
    find_announced,
    find_chinese_mobiles,
    find_north_american,
    find_phones,
)
from services.ingest.documents.personal.queries import ADDRESS, SECRET, find_queries

__all__ = ["ADDRESS", "CARD", "EMAIL", "HANDLE", "IBAN", "IDENTITY", "PHONE", "SECRET", "mask", "mask_emails"]

_DIGIT_RUN = re.compile(r"\d[\d ()./-]{5,}\d")  # cheap: without one there is no card, phone or identity number
_OF_DIGITS: Final = (
    find_identity_numbers, find_cards, find_announced, find_phones, find_north_american, find_chinese_mobiles,
)  # fmt: skip
_ROUNDS: Final = 5
_DEPTH: Final = 2  # of an address in the query of an address


def mask(text: str) -> str:
    """`text` with personal data replaced by its kind, such as [email], [phone] or @USER. Idempotent, linear."""
    return _masked(text, _DEPTH)


def _masked(text: str, depth: int) -> str:
    for _ in range(_ROUNDS):
        masked = _mask_once(text, depth)
        if masked == text:
            break
        text = masked  # what stood beside something masked may stand free now
    return text


def _mask_once(text: str, depth: int) -> str:
    folded = Folded(text)
    if depth:
        folded.put(find_queries(folded.plain, _deeper(depth)))
    folded.put(find_messengers(folded.plain))
    folded.put(find_emails(folded.plain))
    folded.put(find_handles(folded.plain))
    folded.put(find_ibans(folded.plain))
    if _DIGIT_RUN.search(folded.plain):
        for find in _OF_DIGITS:
            folded.put(find(folded.plain))
    return folded.text


def _deeper(depth: int) -> Callable[[str], str]:
    return lambda part: _masked(part, depth - 1)
