"""What has been published already, and how far each source has come: one SQLite file, `STATE/ingest/ledger.sqlite3`.

An id enters only after Kafka acknowledged its document, in one transaction with the source's cursor. A crash in between
sends a document again under the same id, and the aggregator drops that copy. Everything is kept per topic id, so that
a cluster that was made afresh starts with an empty ledger.

Former versions kept ids of another form. Each of them stands for one text that was published: the first item that
had it takes its place, for thirty days after the first start of this version; another text is a document of its own.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

import msgspec

from services.ingest.sources.source import Cursor
from shared.addresses import named
from shared.clients.state_folder import make_folder
from shared.clock import DAY, Clock, SystemClock
from shared.contract.events import Channel

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS topics (number INTEGER PRIMARY KEY, topic_id TEXT UNIQUE NOT NULL);
CREATE TABLE IF NOT EXISTS ids (topic INTEGER NOT NULL, id BLOB NOT NULL, PRIMARY KEY (topic, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS progress (topic INTEGER NOT NULL, source TEXT NOT NULL, cursor TEXT NOT NULL,
    counts TEXT NOT NULL, PRIMARY KEY (topic, source)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS items (topic INTEGER NOT NULL, id BLOB NOT NULL, PRIMARY KEY (topic, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stories (topic INTEGER NOT NULL, item BLOB NOT NULL, story BLOB NOT NULL,
    PRIMARY KEY (topic, item)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deleted (topic INTEGER NOT NULL, id BLOB NOT NULL, PRIMARY KEY (topic, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS former (topic INTEGER PRIMARY KEY, until INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS wanted (topic INTEGER PRIMARY KEY, watermark INTEGER NOT NULL);
"""
_QUERY_SIZE: Final = 500  # SQLite takes at least 999 parameters
_BUSY_SECONDS: Final = 30.0
FORMER_DAYS: Final = 30  # after the first start with ids of the present form


class Counts(msgspec.Struct, kw_only=True):
    """What became of a source's items. read = published + rejected + duplicates."""

    read: int = 0
    published: int = 0
    rejected: int = 0
    duplicates: int = 0
    truncated: int = 0  # published, but cut
    undated: int = 0  # published without a time of their own: available when read
    ahead: int = 0  # published, dated ahead of their reading: available when read
    gaps: int = 0  # stretches that a stream could not give again; each is a rejected item as well
    deleted: int = 0  # published: deletions of items that were published before
    versions: int = 0  # published under an id that another text has: an update, or an id that is not unique
    useless_ids: int = 0  # ids that name nothing, such as N/A; the items count by text and date
    other_channel: int = 0  # items that name another channel than the one they were read for: theirs counts
    unlinked: int = 0  # names in a company field that the catalogue does not know
    highest: int = 0  # the highest available_at met, microseconds

    def add(self, other: Counts) -> None:
        for field in self.__struct_fields__:
            value = getattr(self, field) + getattr(other, field)
            setattr(self, field, max(self.highest, other.highest) if field == "highest" else value)


class Known(NamedTuple):
    """What the ledger notes of a document, hex digits each. `channel` None is that of the ledger."""

    id: str
    item: str = ""
    former_id: str = ""  # of a former version's: it gives way to `id`
    channel: Channel | None = None
    story: str = ""  # of the item's first version
    deleted: bool = False  # the item is gone at its source; there is no `id` then


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a source goes on, and its counts up to there."""

    cursor: Cursor
    counts: Counts


class Ledger:
    """The ledger of one documents.* topic; `others` are the topics of items that name another channel. Safe to use from
    several threads and processes."""

    def __init__(
        self, path: Path, topic_id: str, others: Mapping[Channel, str] | None = None, clock: Clock | None = None
    ) -> None:
        make_folder(path.parent)
        self._lock = threading.Lock()
        self._now = (clock or SystemClock()).now
        self._db = sqlite3.connect(path, timeout=_BUSY_SECONDS, check_same_thread=False, isolation_level=None)
        # WAL with NORMAL survives kill -9; only a power cut may lose the last moments, which are then sent again
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + _SCHEMA)
        self._topic, self._former_until = self._topic_of(topic_id)
        self._hide_addresses()
        self._others = {channel: self._topic_of(other)[0] for channel, other in (others or {}).items()}

    def _topic_of(self, topic_id: str) -> tuple[int, int]:
        """Its number, and until when ids of the former form are looked for in it."""
        self._db.execute("INSERT OR IGNORE INTO topics (topic_id) VALUES (?)", (topic_id,))
        (number,) = self._db.execute("SELECT number FROM topics WHERE topic_id = ?", (topic_id,)).fetchone()
        until = self._now() + FORMER_DAYS * DAY
        self._db.execute(
            "INSERT OR IGNORE INTO former "
            "SELECT ?1, CASE WHEN EXISTS (SELECT 1 FROM ids WHERE topic = ?1) THEN ?2 ELSE 0 END",
            (number, until),
        )
        (until,) = self._db.execute("SELECT until FROM former WHERE topic = ?", (number,)).fetchone()
        return int(number), int(until)

    def _hide_addresses(self) -> None:
        """Former versions kept a feed's progress under its address, with whatever key it holds: it goes on under the
        name that this version gives it, and the file keeps nothing of the former one."""
        kept = self._db.execute("SELECT DISTINCT source FROM progress WHERE source LIKE '%://%'").fetchall()
        names = {source: _without_key(source) for (source,) in kept}
        changed = [(name, source) for source, name in names.items() if name != source]
        if not changed:
            return
        self._db.execute("PRAGMA secure_delete = ON")
        self._db.executemany("UPDATE OR IGNORE progress SET source = ? WHERE source = ?", changed)
        self._db.executemany("DELETE FROM progress WHERE source = ?", [(source,) for _, source in changed])
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _number(self, channel: Channel | None) -> int:
        return self._others.get(channel, self._topic) if channel else self._topic

    def known(self, ids: list[str], channel: Channel | None = None) -> set[str]:
        """Those of `ids` (32 hex digits each) that Kafka has."""
        return self._found("ids", ids, channel)

    def known_items(self, items: list[str], channel: Channel | None = None) -> set[str]:
        """Those of `items` of which Kafka has a version."""
        return self._found("items", items, channel)

    def stories(self, items: list[str], channel: Channel | None = None) -> dict[str, str]:
        """The story of the first version, by item; of those whose first version was noted with one."""
        rows = self._rows("SELECT item, story FROM stories WHERE topic = ? AND item", items, channel)
        return {item.hex(): story.hex() for item, story in rows}

    def deleted(self, items: list[str], channel: Channel | None = None) -> set[str]:
        """Those of `items` whose deletion Kafka has, and of which no version came later."""
        return self._found("deleted", items, channel)

    def known_formerly(self, ids: list[str], channel: Channel | None = None) -> set[str]:
        """Those of `ids`, of the former form, that Kafka has and nothing has taken the place of."""
        return self._found("ids", ids, channel) if self._now() < self._former_until else set()

    def _found(self, table: str, ids: list[str], channel: Channel | None) -> set[str]:
        return {id.hex() for (id,) in self._rows(f"SELECT id FROM {table} WHERE topic = ? AND id", ids, channel)}

    def _rows(self, select: str, ids: list[str], channel: Channel | None) -> list[tuple[bytes, ...]]:
        """What `select` gives for the channel's topic and those of `ids` that its last column holds."""
        found: list[tuple[bytes, ...]] = []
        number = self._number(channel)
        with self._lock:
            for start in range(0, len(ids), _QUERY_SIZE):
                part = [bytes.fromhex(one) for one in ids[start : start + _QUERY_SIZE]]
                marks = ",".join("?" * len(part))
                found += self._db.execute(f"{select} IN ({marks})", (number, *part))
        return found

    def commit(self, source: str, progress: Progress, published: Iterable[Known]) -> None:
        """All of it or nothing: these are published, and `source` goes on at this cursor with these counts."""
        counts = msgspec.json.encode(progress.counts).decode()
        cursor = msgspec.json.encode(progress.cursor).decode()
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._note(list(published))
                self._db.execute("REPLACE INTO progress VALUES (?, ?, ?, ?)", (self._topic, source, cursor, counts))
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk has rolled it back already
                    self._db.execute("ROLLBACK")
                raise

    def _note(self, published: list[Known]) -> None:
        def pairs(field: str) -> list[tuple[int, bytes]]:
            values = ((self._number(one.channel), getattr(one, field)) for one in published)
            return [(number, bytes.fromhex(value)) for number, value in values if value]

        self._db.executemany("DELETE FROM ids WHERE topic = ? AND id = ?", pairs("former_id"))
        self._db.executemany("INSERT OR IGNORE INTO ids VALUES (?, ?)", pairs("id"))
        self._db.executemany("INSERT OR IGNORE INTO items VALUES (?, ?)", pairs("item"))
        stories = [(self._number(one.channel), bytes.fromhex(one.item), bytes.fromhex(one.story))
                   for one in published if one.story and one.item]  # fmt: skip
        self._db.executemany("INSERT OR IGNORE INTO stories VALUES (?, ?, ?)", stories)
        for one in published:  # in their order: a version behind a deletion is there again
            place = (self._number(one.channel), bytes.fromhex(one.item))
            if one.deleted:
                self._db.execute("INSERT OR IGNORE INTO deleted VALUES (?, ?)", place)
            elif one.item and one.id:
                self._db.execute("DELETE FROM deleted WHERE topic = ? AND id = ?", place)

    def progress(self, source: str) -> Progress | None:
        """How far `source` has come, None when it never started (or was forgotten)."""
        with self._lock:
            row = self._db.execute(
                "SELECT cursor, counts FROM progress WHERE topic = ? AND source = ?", (self._topic, source)
            ).fetchone()
        if row is None:
            return None
        return Progress(msgspec.json.decode(row[0], type=Cursor), msgspec.json.decode(row[1], type=Counts))

    def forget(self, source: str) -> None:
        """Drop the cursor of `source` (a load that is complete); its ids stay."""
        with self._lock:
            self._db.execute("DELETE FROM progress WHERE topic = ? AND source = ?", (self._topic, source))

    def want(self, watermark: int) -> int:
        """Note that a finished load would promise `watermark`; gives the highest noted so far (see promises.py)."""
        with self._lock:
            self._db.execute(
                "INSERT INTO wanted VALUES (?, ?) ON CONFLICT (topic) "
                "DO UPDATE SET watermark = max(watermark, excluded.watermark)",
                (self._topic, watermark),
            )
            (highest,) = self._db.execute("SELECT watermark FROM wanted WHERE topic = ?", (self._topic,)).fetchone()
        return int(highest)

    def wanted(self) -> int:
        """The highest watermark noted so far; 0 when there is none."""
        with self._lock:
            row = self._db.execute("SELECT watermark FROM wanted WHERE topic = ?", (self._topic,)).fetchone()
        return int(row[0]) if row else 0

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _without_key(source: str) -> str:
    """`KIND:ADDRESS` with the address as sources name it."""
    kind, colon, address = source.partition(":")
    return source if "@" in kind or "://" not in address else f"{kind}{colon}{named(address)}"
