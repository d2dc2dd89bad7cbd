"""The universe that a run is read with: which digest, since when, from which position (design 6).

A catalogue may change at any restart, without ceremony. What was read before and after is told apart by the digest in
every opinion; the run's hash holds the present one, and each change with the offsets that scoring had committed then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
import redis

from shared.clock import Clock, SystemClock, to_iso
from shared.contract.keys import run_key
from shared.reading.values.binding import read_binding

UNIVERSE: Final = "universe"  # field of the run's hash: the digest
HISTORY: Final = "universe_history"  # JSON list, oldest first: {before, universe, instruments, at, offsets}
_KEPT: Final = 1_000

_CHANGE: Final = """
if (redis.call('HGET', KEYS[1], 'universe') or '') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'universe', ARGV[2], 'universe_history', ARGV[3])
return 1
"""


def record_universe(
    client: redis.Redis,
    run: str,
    digest: str,
    instruments: int,
    offsets: Callable[[], dict[str, int]],
    clock: Clock | None = None,
) -> dict[str, Any] | None:
    """Note that `run` is read with the universe `digest` from now on; the new entry, None where it was so already.

    `offsets` is asked only when there is something to note. Of two workers that start at once, one notes it.
    """
    while True:
        binding = read_binding(client, run)
        before = binding.get(UNIVERSE, "")
        if before == digest:
            return None
        entry = {
            "before": before,
            "universe": digest,
            "instruments": instruments,
            "at": to_iso((clock or SystemClock()).now()),
            "offsets": offsets(),
        }
        history = [*_history(binding), entry][-_KEPT:]
        if client.eval(_CHANGE, 1, run_key(run), before, digest, msgspec.json.encode(history).decode()) == 1:
            return entry


def universes(client: redis.Redis, run: str) -> list[dict[str, Any]]:
    """Every universe of a run, oldest first. A run of a version that kept none begins with its first restart."""
    return _history(read_binding(client, run))


def _history(binding: dict[str, str]) -> list[dict[str, Any]]:
    return msgspec.json.decode(binding.get(HISTORY) or "[]", type=list[dict[str, Any]])
