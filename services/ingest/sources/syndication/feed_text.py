"""From the bytes of a feed to clean XML text: decoded, without a DTD, without characters that XML forbids. Pure."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Final

MOST_BYTES: Final = 2_000_000
_PROLOG_CHARS: Final = 4_096  # searched for a declaration; comments in front of the root may be longer
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\x00?\x00", "utf-16-le"), (b"\x00<\x00?", "utf-16-be"), (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00\x00\x00<", "utf-32-be"), (b"<\x00", "utf-16-le"), (b"\x00<", "utf-16-be"),
)  # fmt: skip
# Python knows many more codecs; some are no text encodings, some are a way past every check
_ENCODINGS: Final = re.compile(
    r"(?:utf[-_]?8|us[-_]?ascii|ascii|iso[-_]?8859[-_]?\d{1,2}|latin[-_]?[1-9]|(?:windows|cp)[-_]?125\d|koi8[-_][rut]|"
    r"macintosh|mac[-_]?roman|gb2312|gbk|gb18030|big5(?:[-_]?hkscs)?|shift[-_]?jis|sjis|cp932|windows-31j|euc[-_]?(?:jp|kr)|"
    r"iso[-_]?2022[-_]?jp|cp949|tis[-_]?620)\Z",
    re.IGNORECASE,
)
_LATIN: Final = re.compile(r"(?:iso[-_]?8859[-_]?1|latin[-_]?1|us[-_]?ascii|ascii)\Z", re.IGNORECASE)
_DECLARATION: Final = re.compile(r"\s*<\?xml\b[^<>]{0,300}\?>", re.IGNORECASE)
_DECLARED: Final = re.compile(rb"""\s*<\?xml\b[^<>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_ROOT: Final = re.compile(r"<[A-Za-z_:]")
_COMMENT: Final = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_DOCTYPE: Final = re.compile(r"<!DOCTYPE\b[^<>\[\]]*>", re.IGNORECASE)
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE: Final = re.compile(r"&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?")


class NotAFeed(ValueError):
    """Bytes that are not read as a feed; the text says why."""


def feed_text(body: bytes, charset: str = "") -> str:
    """The XML in `body`, without a declaration. `charset`: what the server named. Raises NotAFeed."""
    if len(body) > MOST_BYTES:
        raise NotAFeed(f"more than {MOST_BYTES:,} bytes")
    text = _decoded(body, charset).lstrip("\ufeff \t\r\n\x00")
    if not text:
        raise NotAFeed("an empty answer")
    text = _DECLARATION.sub("", text, count=1)
    text = _without_doctype(text)
    return _REFERENCE.sub(_checked, _FORBIDDEN.sub("", text))


def _decoded(body: bytes, charset: str) -> str:
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return body.decode(encoding, "replace")
    for encoding in _candidates(body, charset):
        try:
            return body.decode(encoding)
        except (UnicodeError, LookupError):
            continue
    return body.decode("cp1252", "replace")


def _candidates(body: bytes, charset: str) -> Iterator[str]:
    """What it is called by itself or by the server, where that is an encoding of texts; UTF-8 is never so by chance."""
    yield "utf-8"
    declared = _DECLARED.match(body)
    for name in (declared[1].decode("ascii") if declared else "", charset.strip()):
        if _ENCODINGS.match(name):
            yield "cp1252" if _LATIN.match(name) else name


def _without_doctype(text: str) -> str:
    """A plain DOCTYPE goes; one that declares something, or whatever else could, is refused."""
    root = _ROOT.search(text)
    prolog, rest = (text[: root.start()], text[root.start() :]) if root else (text, "")
    bare = _DOCTYPE.sub("", _COMMENT.sub("", prolog))
    if "<!" in bare:
        raise NotAFeed("a document type definition, which is not read")
    return rest if root else bare


def _checked(reference: re.Match[str]) -> str:
    """A reference to a character that there is not becomes the mark for it."""
    hexadecimal, decimal = reference[1], reference[2]
    digits = (hexadecimal or decimal).lstrip("0")
    number = int(digits or "0", 16 if hexadecimal else 10) if len(digits) <= 7 else 0x110000
    fine = (
        number in (9, 10, 13) or 0x20 <= number < 0xD800 or 0xE000 <= number <= 0xFFFD or 0x10000 <= number < 0x110000
    )
    return reference[0] if fine else "\ufffd"
