"""What of a document may be shown: nothing of one that is gone at its source, and of versions the newest.

Every door that shows texts passes them through here. Numbers stay: an opinion counts, whatever became of its text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, cast

import msgspec
import redis

from shared.contract.aggregates import RecentDocument, deleted_field
from shared.contract.keys import Keys

DELETED: Final = "deleted at its source"  # what stands in place of a text
_ASKED: Final = 0  # every slot knows every deletion; one is asked


def is_gone(item: str, available_at: int, deleted: Mapping[str, int]) -> bool:
    """Whether a text is gone at its source. `deleted`: item -> when; a version that came later is there again."""
    return available_at <= deleted.get(item, -1)


def deleted_at(client: redis.Redis, keys: Keys, items: Iterable[str]) -> dict[str, int]:
    """When items were deleted, microseconds; of those that were. Raises redis.RedisError."""
    asked = list(dict.fromkeys(item for item in items if item))
    if not asked:
        return {}
    fields = [deleted_field(item) for item in asked]
    replies = cast("list[bytes | None]", client.hmget(keys.letters(_ASKED), fields))
    return {item: int(raw) for item, raw in zip(asked, replies, strict=True) if raw}


def all_deleted(client: redis.Redis, keys: Keys) -> dict[str, int]:
    """Every deletion that is known, item to microseconds: for what reads a whole run. Raises redis.RedisError."""
    found = client.hscan_iter(keys.letters(_ASKED), match=f"{deleted_field('')}*", count=10_000)
    return {name.decode()[1:]: int(value) for name, value in found}


def shown(client: redis.Redis, keys: Keys, documents: Sequence[RecentDocument]) -> list[RecentDocument]:
    """The documents as they may be shown, in their order. Raises redis.RedisError."""
    return redacted(documents, deleted_at(client, keys, (document.item for document in documents)))


def redacted(documents: Sequence[RecentDocument], deleted: dict[str, int]) -> list[RecentDocument]:
    """Without title, text, link and author where the item is gone."""
    return [
        msgspec.structs.replace(document, title="", excerpt="", url="", author="", deleted=True)
        if is_gone(document.item, document.available_at, deleted)
        else document
        for document in documents
    ]


def newest_versions(documents: Sequence[RecentDocument]) -> list[RecentDocument]:
    """Of each item and company the newest version, marked where there are earlier ones; in their order."""
    newest: dict[tuple[str, str], RecentDocument] = {}
    several: set[tuple[str, str]] = set()
    for document in documents:
        key = (document.company, document.item)
        other = newest.get(key)
        if document.item and other is not None and other.id != document.id:
            several.add(key)
        if other is None or (document.available_at, document.id) > (other.available_at, other.id):
            newest[key] = document
    return [
        msgspec.structs.replace(document, updated=True) if (document.company, document.item) in several else document
        for document in documents
        if not document.item or newest[document.company, document.item] is document
    ]
