"""Upkeep: small files become large ones, indices take in what is new, old versions go, and with them the words of
documents that are gone at their source; checkpoints are made. One process at a time, by lease.

Nothing here changes an answer: what is not indexed yet is looked through, what is ordered is scored exactly, and what
is forgotten was shown by no door.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from datetime import timedelta
from typing import Any, Final

import redis
from redis.exceptions import RedisError

from services.archive.as_of.checkpointing import Checkpointing
from services.archive.as_of.checkpoints import Checkpoints
from services.archive.forgetting import forget_deleted
from services.archive.tables import Tables
from shared.clients.redis import give_back_lease, take_lease
from shared.clock import HOUR, Clock, SystemClock
from shared.contract.archive import APPLIED, CHECKPOINTS, DOCUMENTS, OPINIONS, READINGS, SIGNALS, TABLES
from shared.contract.keys import archive_lease_key
from shared.settings import Settings

KEEP_VERSIONS: Final = timedelta(minutes=30)  # longer than any question takes
FORGET_EVERY: Final = HOUR
LATE: Final = 24 * HOUR  # what was heard of a document may come to the archive so long after its deletion
LEASE_SECONDS: Final = 600  # of one round; given back at its end
FTS_BYTES: Final = 64 * 1024 * 1024
INDEXED: Final = {
    DOCUMENTS: ("document_id",),
    OPINIONS: ("company", "document_id"),
    READINGS: ("document_id",),
    SIGNALS: ("company",),
    APPLIED: ("at",),
}
FEW_VALUES: Final = {OPINIONS: ("event", "label")}
log = logging.getLogger(__name__)


class Upkeep:
    """Of the archive of the settings' run; whoever holds the lease in Redis works."""

    def __init__(self, tables: Tables, client: redis.Redis, settings: Settings, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._forgot_at = 0  # 0: every deletion is gone through once more
        self._tables, self._client, self._lease = tables, client, archive_lease_key(settings.run)
        self._checkpointing = Checkpointing(settings, client)
        self._checkpoints = Checkpoints(tables.archive)
        self._own = secrets.token_hex(8)
        self._seen: dict[str, int] = {}  # versions after the latest round
        self.rounds = self.checkpoints = 0

    async def run(self, every: float) -> None:
        """A round every so many seconds; never returns. A round that fails is said and tried again."""
        while True:
            await asyncio.sleep(every)
            try:
                await asyncio.to_thread(self.round)
            except (RedisError, OSError, RuntimeError, ValueError) as error:
                log.warning("upkeep failed, trying again: %s", error)

    def round(self) -> bool:
        """One round over every table; whether this process had the lease."""
        if not take_lease(self._client, self._lease, self._own, LEASE_SECONDS):
            return False
        try:
            self._forget()
            for name in TABLES:
                self._keep_up(name, self._tables[name])
            self._keep_up(CHECKPOINTS, self._checkpoints.table())
            self.checkpoints += self._checkpointing.round()
            self.rounds += 1
        finally:
            give_back_lease(self._client, self._lease, self._own)
        return True

    def _forget(self) -> None:
        now = self._clock.now()
        if now - self._forgot_at < FORGET_EVERY:
            return
        if rows := forget_deleted(self._tables, max(0, self._forgot_at - LATE)):
            log.info("%d rows lost the words of documents that are gone at their source", rows)
        self._forgot_at = now
        self._seen.clear()  # versions with words that went in the round before go now, also where nothing is written

    def _keep_up(self, name: str, table: Any) -> None:
        if table.version == self._seen.get(name) or not table.count_rows():
            return
        there = {column for index in table.list_indices() for column in index.columns}
        for column in INDEXED.get(name, ()):
            if column not in there:
                table.create_index(column, config=_tree())
        for column in FEW_VALUES.get(name, ()):
            if column not in there:
                table.create_index(column, config=_bitmap())
        if name == DOCUMENTS and "words" not in there:
            table.create_index("words", config=_words())
        table.optimize(cleanup_older_than=KEEP_VERSIONS)
        self._seen[name] = table.version


def _tree() -> Any:
    from lancedb.index import BTree

    return BTree()


def _bitmap() -> Any:
    from lancedb.index import Bitmap

    return Bitmap()


def _words() -> Any:
    """Over words as we cut them (shared/contract/archive.py): nothing is stemmed, left out or folded."""
    from lancedb.index import FTS

    return FTS(
        base_tokenizer="whitespace",
        lower_case=False,
        stem=False,
        remove_stop_words=False,
        ascii_folding=False,
        max_token_length=None,
        memory_limit=FTS_BYTES,
        num_workers=1,
    )
