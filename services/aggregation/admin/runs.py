"""A run to look after: its store in Redis, or what a replay in one process left on disk."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path

from services.aggregation.admin.dump import lines
from services.aggregation.stores.redis_store import RedisStore
from shared.clients.redis import connect
from shared.contract.aggregates import Resolution
from shared.contract.topics import LIVE
from shared.reading.runs_folder import DUMP, RunFolder
from shared.reading.values.binding import slots_of
from shared.settings import Settings


def dump_on_disk(settings: Settings) -> Path | None:
    """The canonical dump that a replay in one process left: such a run was never in Redis."""
    return RunFolder.of(settings.state_dir, settings.run).table(DUMP) if settings.run != LIVE else None


def dumped_lines(settings: Settings, resolutions: Sequence[Resolution]) -> Iterator[bytes]:
    """The lines of the run's canonical dump, from Redis or from the file that a replay left. Raises UnknownRun."""
    file = dump_on_disk(settings)
    if file is None:
        yield from lines(open_run(settings).rows(resolutions))
        return
    names = [f'"resolution":"{name}"'.encode() for name in resolutions]
    with gzip.open(file, "rb") as dump:
        yield from (line for line in dump if any(name in line for name in names))


def open_run(settings: Settings) -> RedisStore:
    """The store of the settings' run, to read from. Raises UnknownRun."""
    client = connect(settings.redis)
    return RedisStore(client, settings.run, slots_of(client, settings.run))
