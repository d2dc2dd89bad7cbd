"""IBANs and payment cards in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from services.ingest.documents.payment_numbers import iban_length, is_card, is_unmistakable
from services.ingest.documents.personal.figures import are_alike, in_figures
from services.ingest.documents.personal.folding import Found

IBAN: Final = "[iban]"
CARD: Final = "[card]"

_IBAN = re.compile(
    r"(?<![A-Za-z0-9])(?=([A-Za-z]{2}\d{2}(?:[A-Za-z0-9]{11,30}|(?:([ -])[A-Za-z0-9]{4})(?:\2[A-Za-z0-9]{4}){1,6}"
    r"(?:\2[A-Za-z0-9]{1,4})?)))"
)
_CARD = re.compile(
    r"(?<![A-Za-z0-9_/.,+-])[2-6]\d{3}(?:([ -])\d{4}(?:\1\d{4}){2}(?:\1\d{1,3})?|([ -])\d{6}\2\d{4,5}|\d{9,15})"
    r"(?![A-Za-z0-9_%-]|[.,]\d)"
)
_CARD_WORD = re.compile(
    r"(?:card|carte|karte|tarjeta|visa|maestro|mastercard|unionpay|amex|\u5361\u53f7|\u94f6\u884c\u5361|\u5361)[^\d\n]{0,20}\Z",
    re.IGNORECASE,
)


def find_ibans(text: str) -> Iterator[Found]:
    """IBANs, compact or in groups of four."""
    for found in _IBAN.finditer(text):
        start, length = found.start(), iban_length(found[1])
        if length and not text[start + length : start + length + 1].isalnum():
            yield start, start + length, IBAN


def find_cards(text: str) -> Iterator[Found]:
    """Cards of 13 to 19 digits by issuer, length and check digit, unless they are one of a row of figures."""
    for found in _CARD.finditer(text):
        begin, end = found.span()
        if not is_card(found[0]):
            continue
        if not _CARD_WORD.search(text[max(0, begin - 40) : begin]):
            hyphens = "-" in found[0]
            groups = found[0].split(" ")
            if not hyphens and (in_figures(text, begin, end) or (len(groups) > 1 and are_alike(groups))):
                continue
            if len(groups) == 1 and not hyphens and not is_unmistakable(found[0]):
                continue
        yield begin, end, CARD
