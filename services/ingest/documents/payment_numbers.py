"""IBANs and card numbers, told from other digits by length and checksum. Pure; the rules are python-stdnum's."""

from __future__ import annotations

import re
from functools import lru_cache

from stdnum import luhn, numdb
from stdnum.iso7064 import mod_97_10


def iban_length(candidate: str) -> int:
    """How many characters from the start of `candidate` (spaces, hyphens allowed) are an IBAN; 0 when none are."""
    length = _length_in(candidate[:2].upper())
    if not length:
        return 0
    taken: list[str] = []
    for position, sign in enumerate(candidate):
        if sign not in " -":
            taken.append(sign)
            if len(taken) == length:
                return position + 1 if is_iban("".join(taken)) else 0
    return 0


def is_iban(compact: str) -> bool:
    """Whether letters and digits without spaces pass the checksum (ISO 7064, mod 97-10)."""
    turned = (compact[4:] + compact[:4]).upper()
    return turned.isascii() and turned.isalnum() and bool(mod_97_10.is_valid(turned))


def is_card(candidate: str) -> bool:
    """Whether digits (spaces and hyphens allowed) are a payment card's: issuer range, length and Luhn's checksum."""
    digits = "".join(sign for sign in candidate if sign.isdigit())
    return _is_issued(digits) and bool(luhn.is_valid(digits))


@lru_cache(maxsize=1024)
def _length_in(country: str) -> int:
    """Characters of an IBAN of this country (ISO 13616 registry); 0 where there are none."""
    structure = dict(numdb.get("iban").info(country)[0][1]).get("bban", "")  # e.g. "4!a6!n8!n" behind GB and two digits
    return 4 + sum(int(part) for part in re.findall(r"\d+", structure)) if structure else 0


def is_unmistakable(digits: str) -> bool:
    """Whether a card's digits without groups are hardly anything else: a tweet's id has 17 or 18 digits, some of them
    in Maestro's and UnionPay's ranges; what ends in zeros is an amount."""
    if digits.endswith("000") or len(digits) in {17, 18}:
        return False
    return len(digits) >= 16 or not (digits[0] in "56" or digits.startswith("39"))


def _is_issued(digits: str) -> bool:
    """By the issuers' ranges (ISO/IEC 7812), with the lengths that each gives out."""
    two, three, four, length = int(digits[:2]), int(digits[:3]), int(digits[:4]), len(digits)
    if digits[0] == "4":
        return length in {13, 16, 19}
    if two in {34, 37}:
        return length == 15
    if two in {36, 38, 39} or 300 <= three <= 305:
        return length in {14, 16, 19}
    if 51 <= two <= 55 or 2221 <= four <= 2720:
        return length == 16
    if 3528 <= four <= 3589 or two in {35, 62, 65} or four == 6011 or 644 <= three <= 649 or 2200 <= four <= 2204:
        return 16 <= length <= 19
    return (two in {50, 56, 57, 58} or digits[0] == "6") and 13 <= length <= 19
