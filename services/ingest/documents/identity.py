"""What makes two items one: the item's key, the document's id, and ids that name nothing (design 2.1). Pure.

An item is what its feed calls by one id, or by one address; without either it is its text at the date that it states. A
document is an item with a text: the same text again is a copy, another text is a document of its own.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

_EXACT: Final = 2**53  # floats above it no longer tell neighbouring ids apart
_NOTHING: Final = frozenset(
    (
        "", "n/a", "na", "nan", "nat", "none", "null", "nil", "undefined", "unknown", "missing", "empty", "id", "guid",
        "false", "true", "-", "--", "---", ".", "?", "#n/a", "#name?", "#value!", "#ref!",
    )
)  # fmt: skip
_ROUNDED: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?e[+-]?\d+", re.IGNORECASE)  # what a spreadsheet makes of a long id


def usable_id(value: object) -> str:
    """The id in a field, "" for what names nothing: an empty value, `N/A`, `nan`, a number in scientific notation."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < _EXACT else ""
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return "" if text.casefold() in _NOTHING or _ROUNDED.fullmatch(text) else text


def item_key(feed: str, source: str, own_id: str) -> str:
    """32 hex digits for an item that has an id. `feed` is who gave it, `source` what the item itself says it is from:
    nobody can touch another's items."""
    return _digest(b"item", feed, source, own_id)


def nameless_item_key(feed: str, whole: tuple[str, str], stated: int | None) -> str:
    """32 hex digits for one without: title, text, and the date that it states (microseconds). When it was read plays no
    part, so that read twice it is one."""
    return _digest(b"text", feed, *whole, "" if stated is None else str(stated))


def document_id(item: str, whole: tuple[str, str]) -> str:
    """32 hex digits for an item with this title and text (normalised, before any cut)."""
    return _digest(b"document", item, *whole)


def former_document_id(source: str, own_id: str, whole: tuple[str, str]) -> str:
    """The id that former versions gave: of source and id alone, else of the text alone."""
    return _digest(b"i", source, own_id) if own_id else _digest(b"t", *whole)


def _digest(kind: bytes, *parts: str) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for data in (kind, *(part.encode("utf-8", "surrogatepass") for part in parts)):
        digest.update(len(data).to_bytes(8, "big") + data)  # lengths: ("ab", "c") is not ("a", "bc")
    return digest.hexdigest()
