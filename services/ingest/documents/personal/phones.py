"""Telephone numbers: with a + or 00 and a country's code, a trunk 0, a telephone's punctuation, or a word before them.

A number alone is never a phone. What reads as figures with a space for thousands, or stands in a row of numbers, is
none either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from services.ingest.documents.personal.figures import in_figures, is_amount, reads_as_figures
from services.ingest.documents.personal.folding import Found

PHONE: Final = "[phone]"

_MONEY = r"$\u20ac\u00a3\u00a5"
_JOIN = r"(?:\)[ /-]?| ?\(|[ ./-]| [/-] )"
_NUMBER = rf"\d(?:{_JOIN}?\d)*+"  # possessive: a number is read to its end, or not at all
_WORD = r"[^\W\u3005\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]"  # of scripts that part their words
_AHEAD = rf"(?!{_WORD}|%|[.,]\d)"
_RUN = re.compile(
    rf"(?=[+(0])(?<!{_WORD})(?<![.,/-])(?:(?<!\+)(?:\+ ?\(?|\(\+)|(?<![+{_MONEY}])(?<!\d[ ()./-])\(?(?=0))"
    rf"{_NUMBER}{_AHEAD}"
)
_NORTH_AMERICAN = re.compile(
    rf"(?<![\w.,+/{_MONEY}-])(?:1[-. ])?(?:\(\d{{3}}\) ?\d{{3}}[-. ]\d{{4}}|\d{{3}}([-.])\d{{3}}\1\d{{4}})"
    r"(?![\w%-]|[.,]\d)"
)
_CHINESE_MOBILE = re.compile(
    rf"(?<![A-Za-z0-9_.,+/{_MONEY}-])(?<!\d )(?:1[3-9]\d{{5}}(?!0000)\d{{4}}|1[3-9]\d([ -])\d{{4}}\1\d{{4}})"
    r"(?![A-Za-z0-9_%-]|[.,]\d| \d)"
)
_CERTAIN = "tel|tel no|telephone|phone no|fax|whatsapp|telefon|t\u00e9l\u00e9phone|t\u00e9l"
_LABELS = "phone|mobile|mob|cell|handy"  # these may as well name a business in a table
_CHINESE = (
    "\u7535\u8bdd\u53f7\u7801|\u7535\u8bdd|\u624b\u673a\u53f7\u7801|\u624b\u673a\u53f7|\u624b\u673a|"
    "\u5fae\u4fe1\u53f7|\u5fae\u4fe1|\u4f20\u771f"
)
_ANNOUNCED = re.compile(
    rf"(?:(?<!\w)(?:{_CERTAIN}|({_LABELS}))|{_CHINESE})(\.?[:\uff1a] ?|\. ?| |)(\(?{_NUMBER}){_AHEAD}", re.IGNORECASE
)
_DATE = re.compile(r"\d{1,2}([/. -])\d{1,2}\1(?:19|2[01])\d\d|(?:19|2[01])\d\d([/.-])\d\d\2\d\d")
_FILE_NUMBER = re.compile(r"0\d\d-\d{5}(?:-\d\d)?\Z")  # the SEC's: "033-12345-01"
_THOUSANDS = re.compile(r"\+\d{1,3}(?:([ .])\d{3})(?:\1\d{3})*\Z")
# E.164: country codes, the ones of three digits by their first two
_CODES = re.compile(
    r"1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|(?:2[1-69]|3[578]|42|50|59|6[7-9]|8[0578]|9[679])\d"
)
_DIGITS = re.compile(r"\d+")
_TRUNK_DOTS = re.compile(r"0[1-9](?:\.\d\d){4}\Z")


def find_phones(text: str) -> Iterator[Found]:
    """International and national numbers that need no word before them."""
    for found in _RUN.finditer(text):
        begin = found.start()
        for part in re.split(r"( [/-] )", found[0]):  # "020 7946 0958 / 07700 900123"
            if begin == found.start() and _is_phone(found[0], text, begin, found.end()):
                yield begin, found.end(), PHONE
                break
            length = _phone_length(part, text, begin)
            if length:
                yield begin, begin + length, PHONE
            begin += len(part)


def find_north_american(text: str) -> Iterator[Found]:
    """Ten digits in the punctuation of the North American plan."""
    return ((*found.span(), PHONE) for found in _NORTH_AMERICAN.finditer(text))


def find_chinese_mobiles(text: str) -> Iterator[Found]:
    """Eleven digits of a mobile of mainland China, unless they are an amount or stand in a row of numbers."""
    for found in _CHINESE_MOBILE.finditer(text):
        begin, end = found.span()
        if found[1] == " " and text.isascii():
            continue  # "Sales 169 9226 8263": in a text with nothing Chinese, as well three figures
        if not is_amount(text, begin, end) and not in_figures(text, begin, end):
            yield begin, end, PHONE


def find_announced(text: str) -> Iterator[Found]:
    """Seven to fifteen digits behind a word such as "tel."."""
    for found in _ANNOUNCED.finditer(text):
        label, sign, number = found.groups()
        groups = _DIGITS.findall(number)
        if not 7 <= sum(map(len, groups)) <= 15 or _DATE.search(number) or reads_as_figures(groups, 2):
            continue
        if label and not sign.strip() and _is_cell(number, groups, text, *found.span(3)):
            continue
        if sign or not label:
            yield *found.span(3), PHONE


def _is_cell(number: str, groups: list[str], text: str, begin: int, end: int) -> bool:
    """Whether what follows the name of a business, "Mobile 1 234 567", is a table's."""
    if set("-/") & set(number):
        return False
    leads = text.rfind(" ", text.rfind("\n", 0, begin) + 1, max(0, begin - 1)) < 0  # the word opens its line
    return leads or reads_as_figures(groups) or in_figures(text, begin, end)


def _phone_length(part: str, text: str, begin: int) -> int:
    """How many signs of `part` are a phone: all, or what is left when numbers behind a + are taken off its end."""
    end = len(part)
    if not _DIGITS.search(part):
        return 0
    if _is_phone(part, text, begin, begin + end):
        return end
    if not part.startswith("+") or reads_as_figures(_DIGITS.findall(part), 2):
        return 0
    while (end := part.rfind(" ", 0, end)) > 0:
        if sum(map(str.isdigit, part[:end])) <= 15:
            return end if _is_phone(part[:end], text, begin, begin + len(part)) else 0
    return 0


def _is_phone(number: str, text: str, begin: int, end: int) -> bool:
    groups = _DIGITS.findall(number)
    digits = "".join(groups)
    if "+" in number:
        plain = "+" + number.lstrip("+( ")
        return 8 <= len(digits) <= 15 and _is_international(plain) and not _is_row(plain, groups, text, begin, end)
    if digits.startswith(("00", "011")) and _is_prefixed(groups, number):
        return not in_figures(text, begin, end)
    return digits[0] == "0" and digits[1:2] != "0" and _is_trunk(number, groups, text, begin, end)


def _is_international(number: str) -> bool:
    """Whether a + and many digits are a phone, and not a gain ("+12 350 000"), two ("+12.35 1848.36") or a date."""
    digits = sum(sign.isdigit() for sign in number)
    if digits < 10 and (number[1:].isdigit() or _THOUSANDS.match(number)):
        return False
    dots = number.count(".")
    if dots == 1 or (dots and " " in number) or _DATE.search(number):
        return False
    return _has_code(re.split(r"[ ().\-/]", number[1:], maxsplit=1)[0], digits)


def _is_prefixed(groups: list[str], number: str) -> bool:
    """Whether 00 or 011, a country's code and 9 to 13 digits with it: "0049 170 1234567", "00 44 20 7946 0958"."""
    if "." in number or _DATE.search(number):
        return False
    digits = "".join(groups)
    prefix = 2 if digits.startswith("00") else 3
    if prefix == 3 and (groups[0] != "011" or len(groups) == 1):
        return False
    rest = digits[prefix:]
    if not 9 <= len(rest) <= 13 or (len(groups) == 1 and len(rest) < 10) or rest[0] == "0":
        return False
    first = groups[0][prefix:] or groups[1]
    return _has_code(first, len(rest))


def _has_code(first: str, digits: int) -> bool:
    return bool(_CODES.match(first) if len(first) == digits else _CODES.fullmatch(first))


def _is_row(number: str, groups: list[str], text: str, begin: int, end: int) -> bool:
    """Whether a number with nothing but spaces in it is several figures, or one of many."""
    spaced = " " in number and not set("(-/") & set(number)
    return spaced and (reads_as_figures(groups, 2) or in_figures(text, begin, end))


def _is_trunk(number: str, groups: list[str], text: str, begin: int, end: int) -> bool:
    """A national number with its 0: ten to twelve digits, the twelfth only behind an area's code."""
    size = sum(map(len, groups))
    if not 10 <= size <= (12 if len(groups) > 1 and len(groups[0]) <= 5 else 11):
        return False
    if _DATE.search(number) or _FILE_NUMBER.match(number) or ("." in number and not _TRUNK_DOTS.match(number)):
        return False
    if groups[0] == "0" or "(" in number.removeprefix("("):
        return False  # a column of nothing; "01 (824 579 076)", a loss in a numbered row
    return bool(set("()/-.") & set(number)) or not _is_numbered_row(groups, text, begin, end)


def _is_numbered_row(groups: list[str], text: str, begin: int, end: int) -> bool:
    """Whether spaces alone part what may as well be a row's number and its figures, or numbers of two digits."""
    if len(groups) > 1 and groups[1][0] == "0":
        return True  # "01 02 03 04 05"
    opens = text[begin - 1 : begin] in {"", "\n"}
    if opens and len(groups) > 1 and len(groups[0]) == 2 and any(len(group) > 2 for group in groups):
        return True  # "01 18428 93602"
    return reads_as_figures(groups, numbered=True) or in_figures(text, begin, end)
