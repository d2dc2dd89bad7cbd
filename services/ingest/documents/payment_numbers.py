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


def _is_issued(digits: str) -> bool:
    two, four, length = int(digits[:2]), int(digits[:4]), len(digits)
    if two in {34, 37}:
        return length == 15
    if two in {36, 38} or 3000 <= four <= 3059:
        return length == 14
    if digits[0] == "4":
        return length in {13, 16}
    return length == 16 and (51 <= two <= 55 or 2221 <= four <= 2720 or two in {35, 62, 65} or four == 6011)
