"""Making a text plain: HTML and control characters out, NFC, tidy white space. Pure; total for any str."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Final

from shared.nothing import says_nothing

# Only names of HTML are taken for tags, so that a trader's "<AAPL>" is not eaten.
_NAMES: Final = (
    "a|abbr|acronym|address|applet|area|article|aside|audio|b|base|basefont|bdi|bdo|big|blink|blockquote|body|br|button|"
    "canvas|caption|center|cite|code|col|colgroup|data|datalist|dd|del|details|dfn|dialog|dir|div|dl|dt|em|embed|fieldset|"
    "figcaption|figure|font|footer|form|frame|frameset|h[1-6]|head|header|hgroup|hr|html|i|iframe|img|input|ins|kbd|label|"
    "legend|li|link|main|map|mark|marquee|menu|meta|meter|nav|nobr|noframes|noscript|object|ol|optgroup|option|output|p|"
    "param|picture|pre|progress|q|rp|rt|ruby|s|samp|script|search|section|select|slot|small|source|span|strike|strong|"
    "style|sub|summary|sup|svg|table|tbody|td|template|textarea|tfoot|th|thead|time|title|tr|track|tt|u|ul|var|video|wbr"
)
_BREAKING: Final = (
    "address|article|aside|blockquote|br|caption|center|dd|div|dl|dt|fieldset|figcaption|figure|footer|form|h[1-6]|header|"
    "hr|li|main|nav|ol|option|p|pre|section|table|td|th|tr|ul"
)
# No pattern below scans the whole rest at every "<": each is anchored on a name and stops at the next "<".
_TAG = re.compile(rf"</?(?:{_NAMES})(?:\s*/?|\s+[a-zA-Z@:_][^<>]*+)>", re.IGNORECASE)
_BREAK = re.compile(rf"</?(?:{_BREAKING})[\s/>]", re.IGNORECASE)
_DECLARATION = re.compile(r"<(?:!doctype\b|\?xml\b)[^<>]*+>", re.IGNORECASE)
_OPENING = re.compile(r"<(script|style|head|!--|!\[cdata\[)", re.IGNORECASE)
_CLOSING: Final = {"script": "</script", "style": "</style", "head": "</head", "!--": "-->", "![cdata[": "]]>"}
_AMPERSANDS = re.compile(r"&(?:(?:amp|AMP|#0*38|#[xX]0*26);)+")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_ROUNDS: Final = 3  # texts that were escaped twice are common, more often is an attack

# Everything that an ordinary English text does not hold; most texts leave through this door.
_UNUSUAL = re.compile(r"[^\x20-\x7e\n]|[<&]|  |\n\n\n| \n|\n ")
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_REMOVED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # control characters
    "\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # invisible or turning
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e0fff]"  # lone surrogates, non-characters, tag characters
    "|[\U0001fffe\U0001ffff\U0002fffe\U0002ffff\U0010fffe\U0010ffff]"
)
_SPACES = re.compile(r"[^\S\n]+")
_AROUND_BREAKS = re.compile(r" ?\n ?")
_MANY_BREAKS = re.compile(r"\n{3,}")


def clean(text: str) -> str:
    """`text` without HTML, control and invisible characters, in NFC; single spaces, at most one empty line, stripped.

    Line breaks stay; block tags become one. What is no HTML tag ("<AAPL>", "x < y") stays as it is, so the result may
    still hold "<": readers escape. Linear in the length of the text.
    """
    if _UNUSUAL.search(text) is None:
        return text.strip()
    text = _plain(text)
    if "<" in text or "&" in text:
        for _ in range(_ROUNDS):
            before = text
            text = _plain(_without_entities(_without_tags(text)))
            if text == before:
                break
    text = _SPACES.sub(" ", text)
    text = _AROUND_BREAKS.sub("\n", text)
    return _MANY_BREAKS.sub("\n\n", text).strip()


def words_in(text: str) -> str:
    """The same; "" where what is left only says that there is no text (`nan`, `[deleted]`, `#NAME?`)."""
    cleaned = clean(text)
    return "" if says_nothing(cleaned) else cleaned


def clean_line(text: str) -> str:
    """The same on one line, for titles and names."""
    return " ".join(clean(text).split())


def _plain(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    text = _REMOVED.sub("", _LINE_ENDS.sub("\n", text))
    # NFC last: taking something out can bring a letter and its accent together
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def _without_tags(text: str) -> str:
    if "<" not in text:
        return text
    text = _DECLARATION.sub(" ", _without_blocks(text))
    return _TAG.sub(lambda tag: "\n" if _BREAK.match(tag[0]) else "", text)


def _without_blocks(text: str) -> str:
    """Drop scripts, styles, heads and comments with their content (CDATA keeps it), unless they never close."""
    opening = _OPENING.search(text)
    if opening is None:
        return text
    lower = text.lower() if len(text.lower()) == len(text) else text
    parts, start = [], 0
    absent: set[str] = set()
    while opening is not None:
        kind = opening[1].lower()
        closing = -1 if kind in absent else lower.find(_CLOSING[kind], opening.end())
        if closing < 0:
            absent.add(kind)  # what is absent here is absent later: no second scan of the rest
            end = opening.end()
            parts.append(text[start:end])
        else:
            parts.append(text[start : opening.start()])
            if kind == "![cdata[":
                parts.append(text[opening.end() : closing])
            end = closing + len(_CLOSING[kind])
            if kind in {"script", "style", "head"}:
                close = text.find(">", end, end + 100)
                end = close + 1 if close >= 0 else end
        start = end
        opening = _OPENING.search(text, end)
    parts.append(text[start:])
    return "".join(parts)


def _without_entities(text: str) -> str:
    if "&" not in text:
        return text
    # Only with the semicolon: "?a=1&copy=2" inside an address is not a copyright sign
    return _ENTITY.sub(lambda entity: html.unescape(entity[0]), _AMPERSANDS.sub("&", text))
