"""The universe that a run is read with: which digest, since when, from which position (design 6).

A catalogue may change at any restart, without ceremony. What was read before and after is told apart by the digest in
every opinion; the run's hash holds the present one, and each change with the offsets that scoring had committed then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import redis

from services.scoring.provenance.changes import changes, record_change
from shared.clock import Clock

UNIVERSE: Final = "universe"  # field of the run's hash: the digest


def record_universe(
    client: redis.Redis,
    run: str,
    digest: str,
    instruments: int,
    offsets: Callable[[], dict[str, int]],
    clock: Clock | None = None,
) -> dict[str, Any] | None:
    """Note that `run` is read with the universe `digest` from now on; see `record_change`."""
    return record_change(client, run, UNIVERSE, digest, {"instruments": instruments}, offsets, clock)


def universes(client: redis.Redis, run: str) -> list[dict[str, Any]]:
    """Every universe of a run, oldest first. A run of a version that kept none begins with its first restart."""
    return changes(client, run, UNIVERSE)
