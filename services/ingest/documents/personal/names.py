"""E-mail addresses, handles, and the numbers and names behind links of messengers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from services.ingest.documents.personal.folding import Folded, Found

EMAIL: Final = "[email]"
HANDLE: Final = "@USER"
_PHONE: Final = "[phone]"

# Latin letters with accents; not the scripts without spaces, where an address would swallow the sentence before it
_L: Final = r"A-Za-z0-9\u00c0-\u024f"
# Greek to NKo, the scripts of India, Georgian: letters and marks, without their commas and full stops
_SPACED: Final = (
    r"\u0370-\u037d\u037f-\u0386\u0388-\u060b\u060d-\u061a\u0620-\u06d3\u06d5-\u07ff\u0900-\u0963"
    r"\u0966-\u0dff\u10a0-\u10ff"
)
_UNSPACED: Final = r"\u0e00-\u0e7f\u3005\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"
# Where words are not parted, only a known top-level domain tells where an address ends
_DOMAINS: Final = (
    "\u4e2d\u56fd|\u4e2d\u570b|\u516c\u53f8|\u7f51\u7edc|\u7db2\u7d61|\u9999\u6e2f|\u53f0\u6e7e|\u53f0\u7063|\u65b0\u52a0\u5761|"
    "\u4e2d\u6587\u7f51|\u96c6\u56e2|\u624b\u673a|\u653f\u52a1|\u516c\u76ca|\u4f01\u4e1a|\u5546\u57ce|\u7f51\u5740|\u7f51\u5e97|"
    "\u5728\u7ebf|\u4fe1\u606f|\u6e38\u620f|\ud55c\uad6d|\ub2f7\ucef4|\u307f\u3093\u306a|\u30b3\u30e0|\u30b9\u30c8\u30a2|\u0e44\u0e17\u0e22"
)
_LOCAL: Final = rf"{_L}{_SPACED}._%+-"
# Possessive, and only at the start of a run: linear on hostile texts. Behind a free @ a run is a handle's.
_EMAIL = re.compile(
    rf"(?<![{_LOCAL}])(?<!\A@)(?<![^{_LOCAL}]@)[{_LOCAL}]++@(?:[{_L}{_SPACED}{_UNSPACED}-]++\.)+"
    rf"(?:xn--[A-Za-z0-9-]++|[{_L}]{{2,}}(?![{_L}])|[{_SPACED}]{{2,}}(?![{_SPACED}])|{_DOMAINS})"
)
_PRICE = r"\d[\d.,]*(?:[kKmMbBxX%]|[bB][nN]|[pPaA][mM]|)(?![A-Za-z0-9_])"  # "@45.20", "@3pm"
_NAME = r"[A-Za-z0-9_]++(?:[.-][A-Za-z0-9_]++)*+(?:@[A-Za-z0-9_-]++(?:\.[A-Za-z0-9_-]++)*+)*+"
# What stands before the @ is looked at behind it: a search for one sign is fast
_FREE = rf"(?:(?<![{_L}_/+-]@)(?<![{_L}_]\.@)|(?<=\A//@)|(?<=[^:]//@))"  # "//@name:" is how Weibo quotes
_HANDLE = re.compile(
    rf"@(?:{_FREE}(?:(?!{_PRICE}){_NAME}|[^\W\d]\w{{0,29}}(?![^\s:\uff1a,\uff0c.\u3002!\uff01?\uff1f]))"
    rf"|(?<=[{_L}_]\.@)(?=[A-Za-z_]){_NAME})"  # "agreed.@bob": no address ends its first part in a dot
)
_WHATSAPP = re.compile(r"(?<![\w.-])(?:www\.)?(?:wa\.me|signal\.me)/(?:message/|qr/|#p/)?(\+?\w[\w-]*+)", re.IGNORECASE)
_TELEGRAM = re.compile(
    r"(?<![\w.-])(?:www\.)?(?:t|telegram)\.me/(?:s/|joinchat/)?"
    r"(?!(?:share|proxy|socks|iv|addstickers|addemoji|addlist|c|s|joinchat)(?![\w-]))(\+?\w[\w-]++)",
    re.IGNORECASE,
)


def find_emails(text: str) -> Iterator[Found]:
    """E-mail addresses, of Unicode domains as well."""
    if "@" in text:
        yield from ((*found.span(), EMAIL) for found in _EMAIL.finditer(text))


def find_handles(text: str) -> Iterator[Found]:
    """@names. Look for e-mail addresses first."""
    if "@" in text:
        yield from ((*found.span(), HANDLE) for found in _HANDLE.finditer(text))


def find_messengers(text: str) -> Iterator[Found]:
    """The number behind wa.me and signal.me, the name behind t.me."""
    if ".me/" in text or ".ME/" in text:
        found = [(*one.span(1), _PHONE) for one in _WHATSAPP.finditer(text)]
        found += [(*one.span(1), HANDLE) for one in _TELEGRAM.finditer(text)]
        yield from sorted(found)


def mask_emails(text: str) -> str:
    """`text` with e-mail addresses alone replaced."""
    folded = Folded(text)
    folded.put(find_emails(folded.plain))
    return folded.text
