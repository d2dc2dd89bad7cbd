"""IBANs: lengths by country (ISO 13616 registry) and the checksum (ISO 7064, mod 97-10). Pure."""

from __future__ import annotations

from typing import Final

_LENGTHS: Final = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 "
    "EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 "
    "KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 "
    "PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 "
    "UA29 VA22 VG24 XK20 YE30"
)
LENGTHS: Final = {entry[:2]: int(entry[2:]) for entry in _LENGTHS.split()}


def iban_length(candidate: str) -> int:
    """How many characters from the start of `candidate` (spaces, hyphens allowed) are an IBAN; 0 when none are."""
    wanted = LENGTHS.get(candidate[:2].upper())
    if wanted is None:
        return 0
    taken: list[str] = []
    for position, sign in enumerate(candidate):
        if sign not in " -":
            taken.append(sign)
            if len(taken) == wanted:
                return position + 1 if is_valid("".join(taken)) else 0
    return 0


def is_valid(compact: str) -> bool:
    """Whether letters and digits without spaces pass the checksum."""
    turned = (compact[4:] + compact[:4]).upper()
    return turned.isascii() and turned.isalnum() and int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1
