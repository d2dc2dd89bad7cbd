"""A run as readers find it in Redis: how many slots it has, and whether it exists at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import redis

from services.aggregation.stores.redis_store import RedisStore
from shared.clients.redis import connect
from shared.contract.keys import RUNS, run_key
from shared.contract.topics import LIVE, Topics
from shared.settings import Settings


class UnknownRun(LookupError):
    """Redis has no such run; the text names those that it has."""


def slots_of(client: redis.Redis, run: str) -> int:
    """The partitions of `opinions` that the run is bound to. Raises UnknownRun."""
    held: Any = client.hget(run_key(run), f"partitions.{Topics(run).opinions}")
    if held is None:
        members: Any = client.smembers(RUNS)
        known = sorted(name.decode() for name in members)
        raise UnknownRun(f"Redis has no run {run!r}; it has: {', '.join(known) or 'none yet'}")
    return int(held)


def dump_on_disk(settings: Settings) -> Path | None:
    """The canonical dump that a replay in one process left: such a run was never in Redis."""
    path = settings.state_dir / "runs" / settings.run / "aggregates.jsonl.gz"
    return path if settings.run != LIVE and path.exists() else None


def open_run(settings: Settings) -> RedisStore:
    """The store of the settings' run, to read from. Raises UnknownRun."""
    client = connect(settings.redis)
    return RedisStore(client, settings.run, slots_of(client, settings.run))
