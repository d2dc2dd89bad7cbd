"""A run's keys in Redis as one file, and back: counts, marks and positions together, so that workers go on from there.

Only core types are written (backup_file.py): a backup can be put back into any other version of Redis.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import redis

from services.aggregation.admin.backup_file import (
    FORMAT,
    GROUPS,
    VERSION,
    BackupError,
    Entry,
    Header,
    check_backup,
    open_backup,
    profile_of,
    write_backup,
)
from services.aggregation.admin.backup_state import put_back_state, read_state
from services.aggregation.core.state import RESTORING
from shared.clock import Clock
from shared.contract.keys import PROFILES, RUNS, Keys, follows_key, ratings_key, run_key, worker_key
from shared.contract.operation.health import REPORT_TTL_SECONDS
from shared.reading.readers.profiles import Profiles
from shared.reading.values.binding import slots_of

# Everything of one slot in one atomic step: Redis waits for the time that it takes to read it.
_READ_SLOT: Final = """
local found = {}
local cursor = '0'
repeat
  local page = redis.call('SCAN', cursor, 'MATCH', ARGV[1], 'COUNT', 10000)
  cursor = page[1]
  for _, key in ipairs(page[2]) do
    if redis.call('TYPE', key).ok == 'hash' then
      found[#found + 1] = {key, 'hash', redis.call('HGETALL', key)}
    else
      found[#found + 1] = {key, 'string', redis.call('GET', key)}
    end
  end
until cursor == '0'
return found
"""


class Restored(NamedTuple):
    """What was put back: the run as of when, and files that were missing."""

    run: str
    created_at: int
    files: list[str]


def backup(
    client: redis.Redis, run: str, file: Path, clock: Clock, state: Path | None = None, named: Sequence[Path] = ()
) -> int:
    """Write the run, and what of the folder `state` nothing else can make again, to `file`; how many entries. `named`:
    files that settings name, of which those in the folder are taken.

    Consistent per slot also while workers write. Raises UnknownRun.
    """
    keys = Keys(run, slots_of(client, run))
    raw = cast("dict[bytes, bytes]", client.hgetall(run_key(run)))
    binding = {name.decode(): value.decode() for name, value in raw.items()}
    header = Header(
        format=FORMAT,
        version=VERSION,
        run=run,
        slots=keys.slots,
        created_at=clock.now(),
        binding=binding,
        groups=GROUPS,
    )
    tags = [keys.position(slot) for slot in range(keys.slots)] + [keys.alerts_position()]
    slots = (_read_tag(client, position) for position in tags)
    more = (_read_profiles(client), read_state(client, state, named) if state is not None else [])
    return write_backup(file, header, chain(slots, more))


def restore(client: redis.Redis, file: Path, run: str | None = None, state: Path | None = None) -> Restored:
    """Replace the run by what `file` holds, positions included. Raises BackupError, also while workers of it live.

    Profiles belong to no run: what they hold now stays, and what they lack is put back. So do the files of `state`.
    """
    header = check_backup(file)  # all of it, before anything is touched
    if run is not None and run != header.run:
        raise BackupError(f"{file} holds run {header.run!r}, not {run!r}; give --run {header.run}")
    refuse_while_alive(client, header.run)
    keys = Keys(header.run, header.slots)
    positions = [keys.position(slot) for slot in range(header.slots)]
    for position in positions:  # until they are back, no worker can write, nor start: half a restore is repeated
        client.set(position, f"{RESTORING}:0")
    delete(client, header.run, spare={position.encode() for position in positions})
    _, groups = open_backup(file)
    held: dict[str, bytes] = {}  # positions are strings, all else is in hashes
    for group in islice(groups, header.slots + min(header.groups, 1)):
        held |= {key.decode(): value for key, value in group if isinstance(value, bytes)}
        for key, value in group:
            if isinstance(value, dict):
                _put(client, key, value)
    for group in islice(groups, min(max(header.groups - 1, 0), 1)):
        _put_profiles(client, group)
    put_back = [name for group in groups if state is not None for name in put_back_state(client, state, group)]
    client.hset(run_key(header.run), mapping=cast(Any, header.binding))
    client.sadd(RUNS, header.run)
    _put_positions(client, positions, held)
    return Restored(header.run, header.created_at, put_back)


def _put_positions(client: redis.Redis, slots: list[str], held: dict[str, bytes]) -> None:
    """Last of all: with its position a slot is open to workers again."""
    for key in sorted({*held} - {*slots}):  # that of alerts, whose past is all there by now
        client.set(key, held[key])
    for key in slots:
        if key in held:
            client.set(key, held[key])
        else:
            client.unlink(key)


def reset(client: redis.Redis, run: str) -> int:
    """Delete everything of a run in Redis; how many keys. Its workers will begin at the start of `opinions`."""
    slots_of(client, run)
    refuse_while_alive(client, run)
    count = delete(client, run)
    client.srem(RUNS, run)
    return count


def delete(client: redis.Redis, run: str, spare: set[bytes] | None = None) -> int:
    """Unlink the keys of a run, but for those in `spare`."""
    count = int(client.unlink(run_key(run)))
    for found in _pages(client, f"bw:{{{run}.*"):
        for key in found:
            if spare is None or key not in spare:
                count += int(client.unlink(key))
    return count


def refuse_while_alive(client: redis.Redis, run: str) -> None:
    """Raise BackupError when an aggregation or alerts worker of the run reported lately."""
    for role in ("aggregation", "alerts"):
        prefix = worker_key(run, role, "")
        alive = [key.decode().removeprefix(prefix) for page in _pages(client, prefix + "*") for key in page]
        if alive:
            raise BackupError(
                f"{role} worker {', '.join(sorted(alive))} of run {run!r} is running; stop it first (bellwether down; "
                f"one that was killed is listed for {REPORT_TTL_SECONDS} s)"
            )


def _pages(client: redis.Redis, pattern: str) -> Iterator[list[bytes]]:
    page: list[bytes] = []
    for key in client.scan_iter(match=pattern, count=10_000):
        page.append(key)
        if len(page) >= 1000:
            yield page
            page = []
    yield page


def _read_tag(client: redis.Redis, position: str) -> list[Entry]:
    """All keys that share the hash tag of `position`."""
    pattern = position.removesuffix("position") + "*"
    raw = cast("list[list[Any]]", client.eval(_READ_SLOT, 1, position, pattern))
    entries: dict[bytes, bytes | dict[bytes, bytes]] = {}  # SCAN may name a key twice
    for key, kind, value in raw:
        entries[key] = dict(zip(value[::2], value[1::2], strict=True)) if kind == b"hash" else value
    return sorted(entries.items())


def _read_profiles(client: redis.Redis) -> list[Entry]:
    found: list[Entry] = []
    for profile in Profiles(client).names():
        for key in (follows_key(profile), ratings_key(profile)):
            held = cast("dict[bytes, bytes]", client.hgetall(key))
            found += [(key.encode(), held)] if held else []
    return found


def _put_profiles(client: redis.Redis, entries: list[Entry]) -> None:
    for key, fields in entries:
        client.sadd(PROFILES, profile_of(key))
        for name, value in cast("dict[bytes, bytes]", fields).items():
            client.hsetnx(cast(str, key), cast(str, name), cast(str, value))


def _put(client: redis.Redis, key: bytes, value: dict[bytes, bytes]) -> None:
    fields = list(value.items())
    for start in range(0, len(fields), 1000):
        client.hset(cast(str, key), mapping=cast(Any, dict(fields[start : start + 1000])))
