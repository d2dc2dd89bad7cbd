"""Personal data out of texts: e-mail addresses, phone numbers, IBANs, card numbers, handles.
Masking twice is masking once.

What it must leave alone matters as much: prices, dates, volumes, ranges, CIKs, accession numbers, ISINs, tweet ids. So
a number alone is never a phone: it needs a leading + and a country's code, a trunk 0, a phone's punctuation, or a word
such as "tel." before it.
"""

from __future__ import annotations

import re
from typing import Final

from services.ingest.documents.payment_numbers import iban_length, is_card

EMAIL: Final = "[email]"
PHONE: Final = "[phone]"
IBAN: Final = "[iban]"
CARD: Final = "[card]"
HANDLE: Final = "@USER"

# Latin letters with accents; not the scripts without spaces, where an address would swallow the sentence before it
_L = r"A-Za-z0-9\u00c0-\u024f"
# Possessive, and only at the start of a run: linear on hostile texts
_EMAIL = re.compile(rf"(?<![{_L}._%+-])[{_L}._%+-]++@(?:[{_L}-]++\.)+[{_L}]{{2,}}(?![{_L}])")
_PRICE = r"\d[\d.,]*(?:[kKmMbBxX%]|[bB][nN]|[pPaA][mM]|)(?![A-Za-z0-9_])"  # "@45.20", "@3pm"
_HANDLE = re.compile(
    rf"(?<![{_L}_/.+-])@(?!{_PRICE})[A-Za-z0-9_]++(?:[.-][A-Za-z0-9_]++)*+(?:@[A-Za-z0-9_-]++(?:\.[A-Za-z0-9_-]++)*+)*+"
    r"|(?<![\w/.+-])@[^\W\d]\w{0,29}(?![^\s:\uff1a,\uff0c.\u3002!\uff01?\uff1f])"
)
_IBAN = re.compile(r"(?<![A-Za-z0-9])(?=([A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}))")
_CARD = re.compile(
    r"(?<![\w/.,+-])[2-6]\d{3}(?:([ -])\d{4}(?:\1\d{4}){2}|([ -])\d{6}\2\d{4,5}|\d{9,12})(?![\w-]|[.,]\d)"
)
_DIGIT_RUN = re.compile(r"\d[\d ()./-]{5,}\d")  # cheap: without one there is no card or phone

_BEFORE, _AFTER = r"(?<![\w.,+/$\u20ac\u00a3\u00a5-])", r"(?![\w%-]|[.,]\d)"
_INTERNATIONAL = re.compile(r"(?<![\w.,+/-])\+(?=[1-9])(?:(?: ?\(\d{1,5}\) ?| |-|\.|/)?\d){8,15}(?![\w%]|[.,]\d)")
_NORTH_AMERICAN = re.compile(
    rf"{_BEFORE}(?:1[-. ])?(?:\(\d{{3}}\) ?\d{{3}}[-. ]\d{{4}}|\d{{3}}([-.])\d{{3}}\1\d{{4}}){_AFTER}"
)
_TRUNK = re.compile(rf"{_BEFORE}\(?0[1-9](?:(?:[ /()-]{{0,2}}\d){{8,9}}|(?:\.\d\d){{4}}){_AFTER}")
_CHINESE_MOBILE = re.compile(
    r"(?<![A-Za-z0-9_.,+/$\u20ac\u00a3\u00a5-])1[3-9]\d{5}(?!0000)\d{4}(?![A-Za-z0-9_%-]|[.,]\d)"
)
_WORDS = (
    "tel|tel no|phone|telephone|phone no|fax|mobile|mob|cell|whatsapp|telefon|t\u00e9l\u00e9phone|t\u00e9l|handy|"
    "\u7535\u8bdd|\u624b\u673a|\u5fae\u4fe1"
)
_ANNOUNCED = re.compile(
    rf"(?<!\w)((?:{_WORDS})(?:\.?[:\uff1a] ?|\. ?| ))(?=[\d(])((?:[ ()./-]{{0,2}}\d){{7,15}})(?![\w%]|[.,]\d)",
    re.IGNORECASE,
)
_DATE = re.compile(r"\d{1,2}([/. -])\d{1,2}\1(?:19|2[01])\d\d|(?:19|2[01])\d\d([/.-])\d\d\2\d\d")
_THOUSANDS = re.compile(r"\+\d{1,3}(?:([ .])\d{3})(?:\1\d{3})*\Z")
# E.164: country codes, the ones of three digits by their first two
_CODES = re.compile(
    r"1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|(?:2[1-69]|3[578]|42|50|59|6[7-9]|8[0578]|9[679])\d"
)

_ROUNDS: Final = 5


def mask(text: str) -> str:
    """`text` with personal data replaced by its kind: [email], [phone], [iban], [card], @USER. Idempotent, linear."""
    for _ in range(_ROUNDS):
        masked = _mask_once(text)
        if masked == text:
            break
        text = masked  # what stood beside something masked may stand free now
    return text


def _mask_once(text: str) -> str:
    if "@" in text:
        text = _EMAIL.sub(EMAIL, _HANDLE.sub(HANDLE, text))
    text = _mask_ibans(text)
    if _DIGIT_RUN.search(text) is None:
        return text
    text = _CARD.sub(lambda found: CARD if is_card(found[0]) else found[0], text)
    text = _INTERNATIONAL.sub(lambda found: PHONE if _is_international(found[0]) else found[0], text)
    text = _ANNOUNCED.sub(lambda found: found[0] if _DATE.search(found[2]) else found[1] + PHONE, text)
    text = _NORTH_AMERICAN.sub(PHONE, text)
    text = _TRUNK.sub(lambda found: found[0] if _DATE.search(found[0]) else PHONE, text)
    return _CHINESE_MOBILE.sub(PHONE, text)


def mask_emails(text: str) -> str:
    """`text` with e-mail addresses alone replaced."""
    return _EMAIL.sub(EMAIL, text)


def _mask_ibans(text: str) -> str:
    parts, end = [], 0
    for found in _IBAN.finditer(text):
        start, length = found.start(), iban_length(found[1])
        if length and start >= end and not text[start + length : start + length + 1].isalnum():
            parts += [text[end:start], IBAN]
            end = start + length
    return "".join([*parts, text[end:]]) if parts else text


def _is_international(number: str) -> bool:
    """Whether a + and many digits are a phone, and not a gain ("+12 350 000"), two ("+12.35 1848.36") or a date."""
    digits = sum(sign.isdigit() for sign in number)
    if digits < 10 and (number[1:].isdigit() or _THOUSANDS.match(number)):
        return False
    dots = number.count(".")
    if dots == 1 or (dots and " " in number) or _DATE.search(number):
        return False
    first = re.split(r"[ ().\-/]", number[1:], maxsplit=1)[0]
    return bool(_CODES.match(first) if len(first) == len(number) - 1 else _CODES.fullmatch(first))
