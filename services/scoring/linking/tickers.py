"""How ticker symbols are written in texts, and which of them are everyday words as well."""

from __future__ import annotations

import re
from typing import Final

from services.scoring.linking.gazetteer import words

CASHTAG: Final = re.compile(r"(?<![\w$])\$([A-Za-z]{1,6}(?:[.\-/_][A-Za-z]{1,2})?)(?!\w)")
QUALIFIED: Final = re.compile(
    r"\b(?:NYSE(?: ?(?:American|Arca|MKT))?|NASDAQ|Nasdaq|NasdaqG[SM]|AMEX|OTC(?:MKTS|QX)?)\s?:\s?"
    r"\$?([A-Z]{1,5}(?:[.\-/][A-Z])?)(?!\w)"
)
REUTERS: Final = re.compile(r"(?<![\w.@/])([A-Z]{1,5})\.(?:N|O|OQ)(?![\w.])")
BARE: Final = re.compile(r"(?<![\w$@#.&'-])([A-Z]{3,5})(?![\w&'])")

# Not read when they stand alone: words, abbreviations, and names (IBM, SAP) that gazetteer.py finds by themselves
NOT_BARE: Final = words(
    """
    IMO ALL NOW KEY LOW CAT BIG COST FAST TEAM LIFE SNAP BOX NET OPEN HAS ARE CAR RUN FIG SAVE BALL DOW ICE TAP GAP
    GAS HOT APP TECH PEAK DAY WELL POOL FIX TEL SHOP CAKE JACK PLUG LOCO ELF PEG CEO COO DOC DIS FLEX PPL PSA
    CMS NOV MON MAR DEC LNG ESS COIN PINS HOOD GOLD META KEYS CARR DISH MET MAS IRM AIV ACT CAM AES PTC NRG BEN
    TRI TRN SEE TEX NAV HEI HUN OSK LEG LEN POM SYY GIS PEP TER RAD SIG SPR ENDP EVER FOX BIO HAL COP AGO ETN
    ATI RAI GNW CIT LSI MUR COL DAL ADT SAN ING LEA RACE HAIN ARM LIN ALLY CEG SOFI KITE SW PAY PNR DOV EMR FDO
    MAT WAT TWC ON IT SO RE FIS UBS CME AMC ADP AMD IBM UPS CVS CSX CBS EMC AIG PNC KLA CDW DXC NIO CRH TJX PVH
    KKR SAP HCA BMO BBVA CIBC FICO HSBC BASF WWE MSCI PPG CSRA ASML TSMC MPLX TOT SNA NEM NUE PLD NEE WAG ROP
    CHA CHU CHL TME CTL HIG HST MAA MAC REG EXC PCG PGR STT STI UDR VAR WEC WIT WOLF LITE MOS MOH MGA MGM SLM
    LUV
    """
)
