"""A run as admin commands open it: its store in Redis, or the dump that a replay left on disk."""

from __future__ import annotations

from pathlib import Path

from services.aggregation.stores.redis_store import RedisStore
from services.runtime.binding import slots_of
from shared.clients.redis import connect
from shared.clients.state_folder import StateFolder
from shared.contract.topics import LIVE
from shared.settings import Settings


def dump_on_disk(settings: Settings) -> Path | None:
    """The canonical dump that a replay in one process left: such a run was never in Redis."""
    path = StateFolder(settings.state_dir).runs / settings.run / "aggregates.jsonl.gz"
    return path if settings.run != LIVE and path.exists() else None


def open_run(settings: Settings) -> RedisStore:
    """The store of the settings' run, to read from. Raises UnknownRun."""
    client = connect(settings.redis)
    return RedisStore(client, settings.run, slots_of(client, settings.run))
