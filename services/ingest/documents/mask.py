"""Personal data out of documents before anything reaches Kafka: e-mail addresses, phone numbers, IBANs, card
numbers, handles. Authors become keyed hashes. Masking twice is masking once.

What it must leave alone matters as much: prices, dates, volumes, ranges, CIKs, accession numbers, ISINs, tweet ids. So
a number alone is never a phone: it needs a leading + and a country's code, a trunk 0, a phone's punctuation, or a word
such as "tel." before it.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import msgspec

from services.ingest.documents.iban import iban_length
from shared.clients.state_folder import StateFolder, write_first
from shared.contract.events import Document
from shared.settings import Settings

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

_HEX_DIGITS: Final = 16
_ROUNDS: Final = 5
_KEY_BYTES: Final = 32


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


def mask_address(address: str) -> str:
    """A web address whose query (also percent-encoded), fragment and user part hold no personal data.

    The path stays, for a link has to lead somewhere; e-mail addresses are taken out of it all the same.
    """
    if "@" not in address and "?" not in address and "#" not in address and "%40" not in address:
        return address
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    query = parts.query
    if query:
        pairs = parse_qsl(query, keep_blank_values=True)
        masked = [(mask(name), mask(value)) for name, value in pairs]
        query = query if masked == pairs else urlencode(masked, quote_via=quote, safe="[]@")
    path = parts.path
    plain = unquote(path)
    if "@" in plain and _EMAIL.search(plain):
        path = quote(_EMAIL.sub(EMAIL, plain), safe="/[]@:")
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, path, query, mask(unquote(parts.fragment)) if parts.fragment else ""))


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


def is_card(candidate: str) -> bool:
    """Whether digits (spaces and hyphens allowed) are a payment card's: issuer range, length and Luhn's checksum."""
    digits = "".join(sign for sign in candidate if sign.isdigit())
    return _is_issued(digits) and passes_luhn(digits)


def _is_issued(digits: str) -> bool:
    two, four, length = int(digits[:2]), int(digits[:4]), len(digits)
    if two in {34, 37}:
        return length == 15
    if two in {36, 38} or 3000 <= four <= 3059:
        return length == 14
    if digits[0] == "4":
        return length in {13, 16}
    return length == 16 and (51 <= two <= 55 or 2221 <= four <= 2720 or two in {35, 62, 65} or four == 6011)


def passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = [int(sign) * (1 + place % 2) for place, sign in enumerate(reversed(digits))]
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0


class Masker:
    """Masks documents with one author key. The same handle gives the same hash while the key stays the same."""

    def __init__(self, key: bytes) -> None:
        if not key:
            raise ValueError("the author key is empty; set BELLWETHER_INGEST__AUTHOR_KEY or delete STATE/author.key")
        self._key = hashlib.blake2b(key, digest_size=_KEY_BYTES).digest()

    @classmethod
    def from_settings(cls, settings: Settings) -> Masker:
        """With the key of the settings, else the one in STATE/author.key, which is made (mode 0600) when absent."""
        given = settings.ingest.author_key
        file = StateFolder(settings.state_dir).author_key
        return cls(given.get_secret_value().encode() if given else _kept_key(file))

    def author(self, handle: str) -> str:
        """16 hex digits for a handle ("@Bob", "bob" and " BOB" are one author); "" for none."""
        name = handle.strip().lstrip("@").casefold()
        if not name:
            return ""
        return hashlib.blake2b(
            name.encode("utf-8", "surrogatepass"), key=self._key, digest_size=_HEX_DIGITS // 2
        ).hexdigest()

    def apply(self, document: Document) -> Document:
        """The document as it may leave this machine."""
        return msgspec.structs.replace(
            document,
            text=mask(document.text),
            title=mask(document.title),
            url=mask_address(document.url),
            external_id=mask_address(mask(document.external_id)) if document.external_id else "",
            source=mask(document.source),
            author=self.author(document.author),
        )


def _kept_key(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # when another process is first now, its key counts
        return write_first(path, secrets.token_hex(_KEY_BYTES).encode())
