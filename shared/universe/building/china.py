"""The pack `china`: every A share, the larger companies of Hong Kong, and the Chinese names of those listed elsewhere.

Short names are the exchange's own, made plain: `万  科Ａ` is called 万科A and 万科, `*ST华仪` 华仪, `寒武纪-U` 寒武纪.
A company with A and H shares is one; its id is the A share's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from shared.universe.building.draft import Register
from shared.universe.building.naming import cleaned, written
from shared.universe.building.packages import Packages, source_of

_SPECIAL: Final = re.compile(r"^(?:\*?ST|S\*?ST|N|C|XD|XR|DR|PT|退市)(?=[\u4e00-\u9fff])")
_ENDING: Final = re.compile(r"(?:-?(?:UW|U|W|D|B)|退|[AB]|\(退\))$")
_MICS: Final = {"SS": "XSHG", "SZ": "XSHE", "BJ": "BJSE"}
HONG_KONG: Final = 520  # of investpy's list, which begins with the members of the large indices


def build(
    register: Register, packages: Packages, chinese: Mapping[str, list[str]], frequencies: Mapping[str, float]
) -> None:
    """The A shares, then Hong Kong; `chinese` are names of those by symbol, which tell whose H share one is."""
    english = {
        row["symbol"]: row
        for row in packages.rows("investpy", "investpy/resources/stocks.csv")
        if row["country"] == "china"
    }
    for row in packages.rows("adata", "adata/stock/cache/code.csv"):
        _a_share(register, row["stock_code"], row["short_name"], english.get(row["stock_code"]), frequencies)
    for number, row in enumerate(_hong_kong(packages)):
        if number < HONG_KONG:
            _h_share(register, row, chinese, frequencies)


def name(register: Register, chinese: Mapping[str, list[str]]) -> None:
    """Chinese names of companies that are listed elsewhere, by hand: symbol -> names."""
    for symbol, names in chinese.items():
        if id := register.find(symbol=symbol):
            draft = register.draft(id, "china")
            for each in names:
                plain = each.lstrip("?")
                draft.grades[plain] = len(each) - len(plain)
                if (plain, "zh") not in draft.names:
                    draft.names.append((plain, "zh"))
            draft.from_source("Bellwether")
            register.settle(draft)


def short_names(name: str) -> list[str]:
    """The ways to write a short name, the exchange's own first."""
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", name))
    found = [plain]
    for pattern in (_SPECIAL, _ENDING):
        shorter = pattern.sub("", found[-1])
        if len(shorter) >= 2 and shorter not in found:
            found.append(shorter)
    return found


def _a_share(
    register: Register, code: str, name: str, english: Mapping[str, str] | None, frequencies: Mapping[str, float]
) -> None:
    suffix = "SS" if code[0] == "6" else "BJ" if code[0] in "489" else "SZ"
    names = short_names(name)
    symbol = f"{code}.{suffix}"
    draft = register.draft(register.find(symbol=symbol) or symbol, "china", country="CN", exchange=_MICS[suffix])
    if english and not draft.known:
        draft.call(written(cleaned(english["full_name"]), frequencies))
    draft.names.extend((each, "zh") for each in names[1:] + names[:1])
    draft.list_as(f"{code}.{suffix}", _MICS[suffix], "A" if english and english["full_name"].endswith("A") else "")
    draft.from_source(source_of("adata"))
    if english:
        draft.identifiers.setdefault("isin", english["isin"])
        draft.from_source(source_of("investpy"))
    register.settle(draft)


def _hong_kong(packages: Packages) -> list[dict[str, str]]:
    rows = packages.rows("investpy", "investpy/resources/stocks.csv")
    return [row for row in rows if row["country"] == "hong kong" and row["symbol"].isdigit()]


def _h_share(
    register: Register, row: Mapping[str, str], chinese: Mapping[str, list[str]], frequencies: Mapping[str, float]
) -> None:
    symbol, name = f"{row['symbol'].zfill(4)}.HK", written(cleaned(row["full_name"]), frequencies)
    id = (
        register.find(symbol=symbol, isin=row["isin"])
        or register.known_namesake(name, symbol)
        or register.namesake(name)
    )
    id = id or _a_share_called(register, chinese.get(symbol, [])) or symbol
    draft = register.draft(id, "china", exchange="XHKG")
    if not draft.known:
        draft.call(name)
    draft.list_as(symbol, "XHKG", "H" if id.endswith((".SS", ".SZ")) else "")
    if id == symbol:
        draft.country = "HK" if row["isin"].startswith("HK") else "CN" if row["isin"].startswith("CN") else ""
    draft.identifiers.setdefault("isin", row["isin"])
    draft.from_source(source_of("investpy"))
    register.settle(draft)


def _a_share_called(register: Register, names: list[str]) -> str:
    """The company of the A shares that has one of these Chinese names (中国石油股份 is 中国石油 there)."""
    for name in names:
        for plain in (name, name.removesuffix("股份"), name.removesuffix("集团股份")):
            id = register.holder(plain)
            if id.endswith((".SS", ".SZ")):
                return id
    return ""
