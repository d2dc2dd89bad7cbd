"""Hacker News by its official API: new stories that name a company, their later texts, and their deletions."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, ClassVar, Final

from pydantic import Field

from services.ingest.documents.normalise import GAP, RawItem, Rejected
from services.ingest.sources.asking import Asker, json_of
from services.ingest.sources.kind import SourceKind, SourceOptions, Surroundings, ledger_key, reading_of
from services.ingest.sources.polling import PolledSource, PollFailed
from services.ingest.sources.post_filter import PostFilter
from services.ingest.sources.source import Batch, Cursor
from shared.contract.events import Channel

_PER_SECOND: Final = 10.0
_AT_ONCE: Final = 20
_MOST_NEW: Final = 500  # as many as the list shows
_REMEMBERED: Final = 300  # published stories whose changes are followed
_LOOKED_AT: Final = 10  # of these in one poll, in turn: a deletion of an absence is in no list of updates any more
_PATIENCE: Final = 3  # polls for which an item that is announced may be missing


class HackerNewsOptions(SourceOptions):
    PLACE: ClassVar[tuple[str, ...]] = ("server",)
    channel: Channel = Field("social", description="news or social, for items that do not say it themselves.")
    all: bool = Field(False, description="Every story; else those with a keyword (ingest.keywords) or a company.")
    seconds: float = Field(60.0, gt=0, description="Seconds between two polls.")
    server: str = Field("https://hacker-news.firebaseio.com", description="Address of the API.")


class HackerNewsSource(PolledSource):
    """Cursor: `last`, the highest id that is done, and `mine`, the ids that were published lately."""

    def __init__(self, name: str, options: HackerNewsOptions, around: Surroundings) -> None:
        super().__init__(ledger_key(name, options), reading_of(name, options), options.seconds, around.clock)
        self._server = options.server.rstrip("/")
        self._wanted = PostFilter(around.settings.keywords, around.catalogue).wanted
        self._all = options.all
        self._asker = Asker(around.settings, around.clock, per_second=_PER_SECOND)
        self._missing: dict[int, int] = {}
        self._turn = 0

    def poll(self, cursor: Cursor, stop: threading.Event) -> Iterator[Batch]:
        """New stories, oldest first, then what changed of those that were published."""
        last = int(cursor.get("last", 0))
        shown = sorted(_ids(self._ask("newstories", stop)))[-_MOST_NEW:]
        if not last:
            last = shown[0] - 1 if shown else 0
        elif shown and shown[0] > last and len(shown) == _MOST_NEW:
            missed = Rejected(GAP, f"stories between {last} and {shown[0]} are no longer listed", f"{last}-{shown[0]}")
            yield Batch([missed], cursor | {"last": shown[0] - 1})
        new = [number for number in shown if number > last]
        for start in range(0, len(new), _AT_ONCE):
            batch = self._stories(new[start : start + _AT_ONCE], cursor, stop)
            if batch is None:
                return
            yield batch
            cursor = batch.cursor
        yield self._changes(cursor, stop)

    def _stories(self, numbers: list[int], cursor: Cursor, stop: threading.Event) -> Batch | None:
        """None where the first of them is announced and not there yet."""
        items: list[RawItem | Rejected] = []
        mine = str(cursor.get("mine", "")).split()
        done = 0
        for number in numbers:
            story = self._ask(f"item/{number}", stop)
            if story is None and self._is_awaited(number):
                break
            self._missing.pop(number, None)
            done = number
            if isinstance(story, dict) and self._is_ours(story):
                items.append(_item(story))
                mine.append(str(number))
        return Batch(items, {"last": done, "mine": " ".join(mine[-_REMEMBERED:])}) if done else None

    def _is_awaited(self, number: int) -> bool:
        self._missing[number] = self._missing.get(number, 0) + 1
        return self._missing[number] < _PATIENCE

    def _is_ours(self, story: dict[str, Any]) -> bool:
        if story.get("type") != "story" or story.get("deleted") or story.get("dead"):
            return False
        return self._all or self._wanted(f"{story.get('title', '')} {story.get('text', '')}")

    def _changes(self, cursor: Cursor, stop: threading.Event) -> Batch:
        """Of what was published, what the list of updates names: deleted, or as it reads now; and of a few others, in
        turn, whether they are gone."""
        mine = [int(one) for one in str(cursor.get("mine", "")).split()]
        changed = self._ask("updates", stop)
        named = set(_ids(changed.get("items") if isinstance(changed, dict) else None))
        start = self._turn % max(-(-len(mine) // _LOOKED_AT), 1) * _LOOKED_AT
        self._turn += 1
        items: list[RawItem | Rejected] = []
        gone: set[int] = set()
        for number in sorted(named.intersection(mine).union(mine[start : start + _LOOKED_AT])):
            story = self._ask(f"item/{number}", stop)
            if not isinstance(story, dict):
                continue
            if story.get("deleted") or story.get("dead"):
                gone.add(number)
                items.append({"external_id": str(number), "deleted": True})
            elif number in named:
                items.append(_item(story))
        return Batch(items, cursor | {"mine": " ".join(str(one) for one in mine if one not in gone)})

    def _ask(self, what: str, stop: threading.Event) -> Any:
        return json_of(self._asker.get(f"{self._server}/v0/{what}.json", stop).body)


def _ids(listed: object) -> list[int]:
    """Raises PollFailed for what is no list."""
    if not isinstance(listed, list):
        raise PollFailed("the answer is no list of items")
    return [one for one in listed if isinstance(one, int) and not isinstance(one, bool) and one > 0]


def _item(story: dict[str, Any]) -> RawItem:
    number = story.get("id")
    return {
        "title": story.get("title"),
        "text": story.get("text"),
        "url": story.get("url") or f"https://news.ycombinator.com/item?id={number}",
        "external_id": str(number),
        "author": story.get("by"),
        "published_at": story.get("time"),
    }


KIND: Final = SourceKind("Stories of Hacker News that name a company", HackerNewsOptions, HackerNewsSource)
