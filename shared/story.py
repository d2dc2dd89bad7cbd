"""The story key: one story told by many has one key. Pure.

A wire's story comes again as "UPDATE 2-…", with " - Reuters" behind it, re-tweeted, shortened, with another link. The
key is a signature of what is left when that is taken away, so that syndicated copies are one story in novelty and in
the caps per story (design 2.2). It is exact on what is left: two different headlines share no key for being similar.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Final

from shared.contract.events import Document

_URL: Final = re.compile(r"(?:https?://|www\.|pic\.twitter\.com/)\S*", re.IGNORECASE)
_RETWEET: Final = re.compile(r"^(?:\W*(?:rt|mt|via)\b\s*@\w+\s*:?\s*)+", re.IGNORECASE)
_MENTION: Final = re.compile(r"@\w+")
_LABELS: Final = (
    "update|wrapup|refile|rpt|corrected|correction|brief|exclusive|breaking(?: news)?|breakingviews|insight|analysis"
    "|factbox|timeline|preview|us stocks|deals|live|watch|video|just in|alert|news alert|press release|opinion"
)
_LABEL: Final = re.compile(
    rf"^\W*(?:(?:{_LABELS})(?:\s+\d{{1,2}})?(?:\s*\([^)]{{0,40}}\))?\s*(?:[-:|\u2013\u2014]+\s*))+", re.IGNORECASE
)
_SOURCES: Final = (
    "reuters|bloomberg(?: news| businessweek)?|cnbc|wsj|wall street journal|ft|financial times|ap|afp|cnn(?: money)?"
    "|bbc(?: news)?|forbes|marketwatch|benzinga|seeking alpha|yahoo!? finance|barron'?s|nyt|new york times"
    "|washington post|guardian|business insider|techcrunch|the verge|fox business|usa today|globe and mail"
    "|nikkei(?: asia)?|thestreet|motley fool|zacks|sources?|report|synthetic wire"
    "|[a-z0-9-]{2,30}[.](?:com|net|org|co[.]uk)"
)
_SOURCE: Final = re.compile(rf"\s(?:[-|\u2013\u2014]+|\()\s*(?:the\s+)?(?:{_SOURCES})\)?\W*$", re.IGNORECASE)
_ELLIPSIS: Final = re.compile(r"\S*(?:\u2026|\.{3})\W*$")
_WORDS: Final = re.compile(r"[^\W_]+")

_TAGS: Final = re.compile(r"(?<=\w)\W*(?:\s[#$][A-Za-z][\w.-]*)+\W*$")  # behind a text: whom it shall reach
_INVISIBLE: Final = re.compile(r"[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")
_LATIN: Final = re.compile(r"[A-Za-z]")
_MARKS: Final = re.compile(r"[\u0300-\u036f]")
_ALIKE: Final = str.maketrans(  # letters of other scripts that look like Latin ones
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d\u0261\u0131\u03bf\u03b1\u03bd\u03b9"
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0406\u0408\u0405\u0391\u0392\u0395\u0396\u0397\u0399\u039a"
    "\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7",
    "aeopcyxijshdqwgioaviABEKMHOPCTXIJSABEZHIKMNOPTYX",
)

BODY_WORDS: Final = 14  # a text without a title is known by how it begins: re-posts are cut off at the end
_READ_CHARS: Final = 1_000  # what lies behind is not read: the patterns above stay fast on any text


def story_key(title: str, text: str) -> str:
    """16 hex digits: a 64-bit signature of the normalised title, or of the opening of the text when there is none."""
    kept = signature(title) or signature(text, BODY_WORDS)
    if not kept:  # nothing but links, handles or marks: the bare text is all there is
        kept = unicodedata.normalize("NFKC", f"{title}\n{text}").strip()
    return hashlib.blake2b(kept.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def story_of(document: Document) -> str:
    """The story key of a document: that of its item's first version, where it is a later one."""
    return document.story or story_key(document.title, document.text)


def signature(text: str, limit: int | None = None) -> str:
    """What a headline says without who tells it: words in lower case, at most `limit` of them."""
    plain = text[:_READ_CHARS]
    if not plain.isascii():
        plain = _undisguised(unicodedata.normalize("NFKC", plain))
    plain = _RETWEET.sub("", _URL.sub(" ", plain).strip())
    plain = _MENTION.sub(" ", _ELLIPSIS.sub("", plain.strip()))
    plain = _LABEL.sub("", plain.strip())
    plain = _TAGS.sub("", plain)
    while (shorter := _SOURCE.sub("", plain)) != plain:
        plain = shorter
    words = _WORDS.findall(plain.casefold().replace("'", "").replace("\u2019", ""))
    return " ".join(words[:limit])


def _undisguised(text: str) -> str:
    """A Latin text without invisible signs, without marks on its letters, and without letters that only look like its
    own. Of a text in another script nothing but the invisible signs is taken."""
    text = _INVISIBLE.sub("", text)
    if 2 * len(_LATIN.findall(text)) < sum(map(str.isalpha, text)):
        return text
    return _MARKS.sub("", unicodedata.normalize("NFD", text)).translate(_ALIKE)
