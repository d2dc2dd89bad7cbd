"""Redis without the words of what is gone: a run's latest and heaviest documents, its alerts and what waits to go out.

No worker of the run may write meanwhile. What is left is what a count from the forgotten log would leave.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, cast

import msgspec
import redis

from shared.contract.aggregates import RecentDocument, unpack_recent, unpack_top
from shared.contract.alerts import decode_alert, decode_delivery
from shared.contract.keys import RUNS, Keys
from shared.reading.deleted import all_deleted, bare_recent, is_gone
from shared.reading.values.alerts import without_deleted
from shared.reading.values.binding import read_binding, recorded_slots
from shared.reading.values.workers import Workers

_MANY: Final = 1_000  # fields read at once
_FILE_SECONDS: Final = 120.0

_Change = Callable[[bytes, Mapping[str, int]], bytes]


class StillRunning(RuntimeError):
    """Workers write to the run; the text says which and what to do."""


def runs_of(client: redis.Redis) -> dict[str, Keys]:
    """Every run in Redis with its keys."""
    names = sorted(name.decode() for name in cast("set[bytes]", client.smembers(RUNS)))
    return {name: Keys(name, recorded_slots(read_binding(client, name), name) or 1) for name in names}


def deletions(client: redis.Redis) -> dict[str, dict[str, int]]:
    """What is deleted by run: item -> when. Of the live run, also in every other one. Raises redis.RedisError."""
    return {name: all_deleted(client, keys) for name, keys in runs_of(client).items()}


def require_still(client: redis.Redis, run: str) -> None:
    """Raises StillRunning when a worker reported in the last seconds that writes to the run's entries."""
    alive = [each for each in Workers(client, run).all_reports() if each.role in ("aggregation", "alerts")]
    if alive:
        names = ", ".join(f"{each.role}-{each.name}" for each in alive)
        raise StillRunning(f"workers of run {run!r} are running ({names}); stop them first, and wait 15 s")


def forget_words(client: redis.Redis, keys: Keys, gone: Mapping[str, int]) -> int:
    """Entries that lost words. Raises redis.RedisError."""
    return sum(_rewritten(client, key, change, gone) for key, change in _hashes(client, keys)) if gone else 0


def rewrite_files(client: redis.Redis) -> bool:
    """Have Redis write its append-only file anew, which holds what entries were before; whether it has done so."""
    try:
        client.bgrewriteaof()
        deadline = time.monotonic() + _FILE_SECONDS
        while time.monotonic() < deadline:
            told = cast("dict[str, object]", client.info("persistence"))
            if not (told.get("aof_rewrite_in_progress") or told.get("aof_rewrite_scheduled")):
                return told.get("aof_last_bgrewrite_status") == "ok"
            time.sleep(0.1)
    except redis.ResponseError:  # a managed Redis allows no such command
        return False
    return False


def _hashes(client: redis.Redis, keys: Keys) -> Iterator[tuple[str, _Change]]:
    for slot in range(keys.slots):
        for company in cast("list[bytes]", client.hkeys(keys.companies(slot))):
            yield keys.recent(company.decode()), _recent
            yield keys.top(company.decode()), _top
    yield keys.alerts(), _alert
    yield keys.alert_outbox(), _delivery


def _rewritten(client: redis.Redis, key: str, change: _Change, gone: Mapping[str, int]) -> int:
    made = {field: (raw, change(raw, gone)) for field, raw in client.hscan_iter(key, count=_MANY)}
    other = {field: bare for field, (raw, bare) in made.items() if bare != raw}
    if other:
        client.hset(key, mapping=cast(Any, other))
    return len(other)


def _recent(raw: bytes, gone: Mapping[str, int]) -> bytes:
    document = unpack_recent(raw)
    bare = _bare(document, gone)
    return raw if bare is document else msgspec.json.encode(bare)


def _top(raw: bytes, gone: Mapping[str, int]) -> bytes:
    documents = unpack_top(raw)
    bare = [_bare(each, gone) for each in documents]
    return raw if bare == documents else msgspec.json.encode(bare)


def _bare(document: RecentDocument, gone: Mapping[str, int]) -> RecentDocument:
    if not is_gone(document.item, document.available_at, gone):
        return document
    return bare_recent(document) or document


def _alert(raw: bytes, gone: Mapping[str, int]) -> bytes:
    alert = decode_alert(raw)
    bare = without_deleted(alert, gone)
    return raw if bare == alert else msgspec.json.encode(bare)


def _delivery(raw: bytes, gone: Mapping[str, int]) -> bytes:
    delivery = decode_delivery(raw)
    bare = without_deleted(delivery.alert, gone)
    return raw if bare == delivery.alert else msgspec.json.encode(msgspec.structs.replace(delivery, alert=bare))
