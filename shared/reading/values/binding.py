"""What a run is bound to: the hash that its first worker writes (services/runtime/binding.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import redis

from shared.contract.keys import RUNS, run_key
from shared.contract.topics import Topics


class UnknownRun(LookupError):
    """Redis has no such run; the text names those that it has."""


def read_binding(client: redis.Redis, run: str) -> dict[str, str]:
    """Model id, cluster, topic ids, partition counts, …; empty before the run's first worker."""
    raw = cast("dict[bytes, bytes]", client.hgetall(run_key(run)))
    return {name.decode(): value.decode(errors="replace") for name, value in raw.items()}


def recorded_slots(binding: Mapping[str, str], run: str) -> int:
    """The partitions of `opinions` that the run is bound to; 0 where none are recorded."""
    recorded = binding.get(f"partitions.{Topics(run).opinions}", "")
    return int(recorded) if recorded.isdigit() else 0


def slots_of(client: redis.Redis, run: str) -> int:
    """The partitions of `opinions` that the run is bound to. Raises UnknownRun."""
    slots = recorded_slots(read_binding(client, run), run)
    if not slots:
        names = sorted(name.decode() for name in cast("set[bytes]", client.smembers(RUNS)))
        raise UnknownRun(f"Redis has no run {run!r}; it has: {', '.join(names) or 'none yet'}")
    return slots
