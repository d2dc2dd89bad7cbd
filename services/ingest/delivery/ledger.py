"""What has been published already, and how far each source has come: one SQLite file, `STATE/ingest/ledger.sqlite3`.

An id enters only after Kafka acknowledged its document, in one transaction with the source's cursor. A crash in between
sends a document again under the same id, and the aggregator drops that copy. Everything is kept per topic id, so that
a cluster that was made afresh starts with an empty ledger.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from services.ingest.sources.source import Cursor
from shared.clients.state_folder import make_folder

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS topics (number INTEGER PRIMARY KEY, topic_id TEXT UNIQUE NOT NULL);
CREATE TABLE IF NOT EXISTS ids (topic INTEGER NOT NULL, id BLOB NOT NULL, PRIMARY KEY (topic, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS progress (topic INTEGER NOT NULL, source TEXT NOT NULL, cursor TEXT NOT NULL,
    counts TEXT NOT NULL, PRIMARY KEY (topic, source)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS wanted (topic INTEGER PRIMARY KEY, watermark INTEGER NOT NULL);
"""
_QUERY_SIZE: Final = 500  # SQLite takes at least 999 parameters
_BUSY_SECONDS: Final = 30.0


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
    unlinked: int = 0  # names in a company field that the catalogue does not know
    highest: int = 0  # the highest available_at met, microseconds

    def add(self, other: Counts) -> None:
        for field in self.__struct_fields__:
            value = getattr(self, field) + getattr(other, field)
            setattr(self, field, max(self.highest, other.highest) if field == "highest" else value)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a source goes on, and its counts up to there."""

    cursor: Cursor
    counts: Counts


class Ledger:
    """The ledger of one documents.* topic. Safe to use from several threads and processes."""

    def __init__(self, path: Path, topic_id: str) -> None:
        make_folder(path.parent)
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, timeout=_BUSY_SECONDS, check_same_thread=False, isolation_level=None)
        # WAL with NORMAL survives kill -9; only a power cut may lose the last moments, which are then sent again
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + _SCHEMA)
        self._db.execute("INSERT OR IGNORE INTO topics (topic_id) VALUES (?)", (topic_id,))
        (self._topic,) = self._db.execute("SELECT number FROM topics WHERE topic_id = ?", (topic_id,)).fetchone()

    def known(self, ids: list[str]) -> set[str]:
        """Those of `ids` (32 hex digits each) that Kafka has."""
        found: set[str] = set()
        with self._lock:
            for start in range(0, len(ids), _QUERY_SIZE):
                part = [bytes.fromhex(one) for one in ids[start : start + _QUERY_SIZE]]
                marks = ",".join("?" * len(part))
                rows = self._db.execute(f"SELECT id FROM ids WHERE topic = ? AND id IN ({marks})", (self._topic, *part))
                found.update(row[0].hex() for row in rows)
        return found

    def commit(self, source: str, progress: Progress, ids: Iterable[str]) -> None:
        """All of it or nothing: these ids are published, and `source` goes on at this cursor with these counts."""
        counts = msgspec.json.encode(progress.counts).decode()
        cursor = msgspec.json.encode(progress.cursor).decode()
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.executemany(
                    "INSERT OR IGNORE INTO ids VALUES (?, ?)", ((self._topic, bytes.fromhex(one)) for one in ids)
                )
                self._db.execute("REPLACE INTO progress VALUES (?, ?, ?, ?)", (self._topic, source, cursor, counts))
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise

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
