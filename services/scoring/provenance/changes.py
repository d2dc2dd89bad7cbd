"""What a run is read with may change at any restart: each change is noted in the run's hash, with the offsets that
scoring had committed then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
import redis

from shared.clock import Clock, SystemClock, to_iso
from shared.contract.keys import run_key
from shared.reading.values.binding import read_binding

_KEPT: Final = 1_000

_CHANGE: Final = """
if (redis.call('HGET', KEYS[1], ARGV[4]) or '') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], ARGV[4], ARGV[2], ARGV[4] .. '_history', ARGV[3])
return 1
"""


def record_change(
    client: redis.Redis,
    run: str,
    field: str,
    digest: str,
    facts: Mapping[str, Any],
    offsets: Callable[[], dict[str, int]],
    clock: Clock | None = None,
) -> dict[str, Any] | None:
    """Note that `field` of `run` is `digest` from now on; the new entry, None where it was so already.

    `offsets` is asked only when there is something to note. Of two workers that start at once, one notes it.
    """
    while True:
        binding = read_binding(client, run)
        before = binding.get(field, "")
        if before == digest:
            return None
        at = to_iso((clock or SystemClock()).now())
        entry = {"before": before, field: digest, **facts, "at": at, "offsets": offsets()}
        history = msgspec.json.encode([*_history(binding, field), entry][-_KEPT:]).decode()
        if client.eval(_CHANGE, 1, run_key(run), before, digest, history, field) == 1:
            return entry


def changes(client: redis.Redis, run: str, field: str) -> list[dict[str, Any]]:
    """Every entry of `field`, oldest first."""
    return _history(read_binding(client, run), field)


def _history(binding: Mapping[str, str], field: str) -> list[dict[str, Any]]:
    return msgspec.json.decode(binding.get(f"{field}_history") or "[]", type=list[dict[str, Any]])
