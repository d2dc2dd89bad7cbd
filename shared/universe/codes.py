"""How symbols are written, and the one spelling under which the catalogue has them: Yahoo's, `plain_symbol`. Pure.

`600519.SH`, `SH600519`, `0700.HK`, `700 HK Equity`, `$MRK:GR`, `XNAS:AAPL`, `AAPL.O`, `BTC-USD`, `$ES_F`. A suffix of
an exchange elsewhere is never just taken off: T.TO is Telus and not AT&T.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from shared.universe.securities import plain_symbol


def _table(text: str) -> dict[str, str]:
    # "SS: SH SS" is {"SH": "SS", "SS": "SS"}
    found: dict[str, str] = {}
    for line in text.strip().splitlines():
        suffix, _, codes = line.partition(":")
        found |= dict.fromkeys(codes.split(), suffix.strip())
    return found


# Behind a point (Reuters, Yahoo, brokers), as Yahoo's suffix; "" is the United States
SUFFIXES: Final = _table("""
    : US O OQ N NB A K P
    SS: SS SH
    SZ: SZ
    BJ: BJ
    HK: HK
    T: T TYO JP
    L: L LN LON
    DE: DE F XETRA ETR
    PA: PA
    AS: AS
    BR: BR
    LS: LS
    MI: MI
    MC: MC
    SW: SW S VX
    VI: VI
    CO: CO
    HE: HE
    ST: ST
    OL: OL
    IR: IR
    NS: NS NSE
    BO: BO BSE
    TO: TO
    V: V
    AX: AX ASX
    NZ: NZ
    KS: KS
    KQ: KQ
    TW: TW
    TWO: TWO
    SI: SI
    SA: SA
    MX: MX
    JO: JO
    IS: IS
    WA: WA
""")
# Bloomberg's codes, behind a blank or a colon: `VOD LN Equity`, `$MRK:GR`
TERMINAL: Final = _table("""
    : US UN UW UQ UR UA UP UF
    SS: CH CG
    SZ: CS
    HK: HK
    T: JP JT
    L: LN
    DE: GY GR GF
    PA: FP
    AS: NA
    BR: BB
    LS: PL
    MI: IM
    MC: SM SQ
    SW: SW SE VX
    VI: AV
    CO: DC
    HE: FH
    ST: SS
    OL: NO
    IR: ID
    NS: IN IS
    BO: IB
    TO: CN CT
    AX: AU AT
    NZ: NZ
    KS: KS KP
    KQ: KQ
    TW: TT
    SI: SP
    SA: BZ BS
    MX: MM
    JO: SJ
    WA: PW
""")
# In front of a colon: `XNAS:AAPL`, `LON: VOD`, `TYO:7203`
EXCHANGES: Final = _table("""
    : NYSE NASDAQ NASDAQGS NASDAQGM NASDAQCM AMEX NYSEAMERICAN NYSEARCA NYSEMKT ARCA BATS OTC OTCMKTS OTCQX OTCQB OTCPK
    : XNAS XNYS XASE ARCX BATS US PINK
    SS: SHA SSE XSHG SH
    SZ: SHE SZSE XSHE SZ
    HK: HKG HKEX SEHK XHKG HK
    T: TYO TSE XTKS JPX
    L: LON LSE XLON AIM
    DE: ETR FRA XETRA XETR FWB
    PA: EPA PAR XPAR
    AS: AMS XAMS
    BR: EBR XBRU
    LS: ELI XLIS
    MI: BIT MIL XMIL
    MC: BME XMAD
    SW: SWX SIX VTX XSWX
    VI: VIE XWBO
    CO: CPH XCSE
    HE: HEL XHEL
    ST: STO XSTO
    OL: OSL XOSL
    NS: NSE XNSE
    BO: BSE BOM XBOM
    TO: TSX TSX XTSE
    V: TSXV CVE XTSX
    AX: ASX XASX
    KS: KRX KOSPI XKRX
    KQ: KOSDAQ XKOS
    TW: TPE TWSE XTAI
    SI: SGX XSES
    SA: BVMF B3 BOVESPA
    MX: BMV XMEX
    JO: JSE XJSE
""")
_DOTTED: Final = re.compile(r"([A-Z0-9&^-]{1,12})[.:]([A-Z]{1,5})")
_BEHIND: Final = re.compile(r"([A-Z0-9./&-]{1,12}?)(?:\s+|:)([A-Z]{2})(?:\s+EQUITY)?")
_BEFORE: Final = re.compile(r"([A-Z0-9]{2,12}(?: ?(?:AMERICAN|ARCA|MKT))?)\s?:\s?\$?([A-Z0-9.&-]{1,12})")
_CHINESE: Final = re.compile(r"(?:(SH|SZ|BJ)[.:]?)?(\d{6})")
_PAIR: Final = re.compile(r"([A-Z0-9]{2,10})[-/_.]?(USDT?|EUR|GBP)(?:=X)?")
_CLASS_LETTER: Final = re.compile(r"([A-Z]{2,5})([AB])")  # BRKB
_ISIN_LENGTH: Final = 12


def symbols_of(code: str) -> Iterator[str]:
    """What the catalogue may call `code`, the surest first; at least its own plain spelling."""
    written = code.strip().lstrip("$#").upper()
    yield plain_symbol(written)
    if dotted := _DOTTED.fullmatch(written):
        yield from _listed(dotted[1], SUFFIXES.get(dotted[2]))
    if behind := _BEHIND.fullmatch(written):
        yield from _listed(behind[1], TERMINAL.get(behind[2]))
    if written.endswith("-US"):
        yield plain_symbol(written[:-3])
    if before := _BEFORE.fullmatch(written):
        yield from _listed(before[2], EXCHANGES.get(before[1].replace(" ", "")))
    if chinese := _CHINESE.fullmatch(written):
        yield f"{chinese[2]}.{_chinese_suffix(chinese[1] or '', chinese[2])}"
    yield from _other_kinds(written)
    if lettered := _CLASS_LETTER.fullmatch(written):
        yield f"{lettered[1]}.{lettered[2]}"


def _listed(symbol: str, suffix: str | None) -> Iterator[str]:
    if suffix is None:
        return
    if suffix == "HK":
        symbol = symbol.lstrip("0").zfill(4)
    yield plain_symbol(f"{symbol}.{suffix}" if suffix else symbol)


def _chinese_suffix(market: str, digits: str) -> str:
    if market:
        return {"SH": "SS"}.get(market, market)
    return "SS" if digits[0] in "65" or digits[:2] == "90" else "BJ" if digits[0] in "489" else "SZ"


def _other_kinds(written: str) -> Iterator[str]:
    """Indices, futures, coins and currencies: `^GSPC` is `SPX` to others, `ES_F` is `ES=F`, `BTC.X` is `BTC-USD`."""
    if written.startswith("^"):
        yield written[1:]
    elif written.isalpha():
        yield f"^{written}"
    if written.endswith("_F"):
        yield f"{written[:-2]}=F"
    if written.endswith(".X"):
        yield f"{written[:-2]}.USD"
    if pair := _PAIR.fullmatch(written):
        yield f"{pair[1]}.USD"
        yield f"{pair[1]}{pair[2]}=X"
