"""What of a document may be shown: nothing of one that is gone at its source, and of versions the newest.

Every door that shows texts passes them through here. Numbers stay: an opinion counts, whatever became of its text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, cast

import msgspec
import redis

from shared.contract.aggregates import RecentDocument, deleted_field
from shared.contract.events import Document, Opinion
from shared.contract.keys import Keys
from shared.contract.topics import LIVE
from shared.story import story_of

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
    found: dict[str, int] = {}
    for letters in _letters(keys):
        replies = cast("list[bytes | None]", client.hmget(letters, fields))
        for item, raw in zip(asked, replies, strict=True):
            if raw:
                found[item] = max(int(raw), found.get(item, 0))
    return found


def all_deleted(client: redis.Redis, keys: Keys) -> dict[str, int]:
    """Every deletion that is known, item to microseconds: for what reads a whole run. Raises redis.RedisError."""
    found: dict[str, int] = {}
    for letters in _letters(keys):
        for name, value in client.hscan_iter(letters, match=f"{deleted_field('')}*", count=10_000):
            item = name.decode()[1:]
            found[item] = max(int(value), found.get(item, 0))
    return found


def _letters(keys: Keys) -> list[str]:
    """Where deletions stand: what was deleted of the live run after a replay of it is gone from the replay, too."""
    own = keys.letters(_ASKED)
    return [own] if keys.run == LIVE else [own, Keys(LIVE, keys.slots).letters(_ASKED)]


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


def bare_document(document: Document) -> Document | None:
    """What is kept of a document that is gone; its story is said, for it came of the text. None: it has no words."""
    if not (document.title or document.text or document.url or document.author):
        return None
    return msgspec.structs.replace(document, story=story_of(document), title="", text="", url="", author="")


def bare_opinion(opinion: Opinion) -> Opinion | None:
    """What is kept of an opinion on what is gone: its author stays, for caps are made of it. None as above."""
    if not (opinion.title or opinion.excerpt or opinion.url):
        return None
    return msgspec.structs.replace(opinion, title="", excerpt="", url="")


def bare_recent(document: RecentDocument) -> RecentDocument | None:
    """What a store keeps of a document that is gone, as it would be made of a bare opinion. None as above."""
    if not (document.title or document.excerpt or document.url):
        return None
    return msgspec.structs.replace(document, title="", excerpt="", url="")


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
