"""A run's keys in Redis as one file, and back: counts, marks and positions together, so that workers go on from there.

The file is gzip around MessagePack: a header, then one list of [key, value] per slot (value: bytes, or fields of a
hash), one of the run's alerts and one of the analysts' profiles, then a footer with the number of keys, so that a file
that was cut short is noticed. Only core types are written: a backup can be put back into any other version of Redis.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

import msgspec
import redis

from services.aggregation.core.state import RESTORING
from shared.clients.state_folder import whole_file
from shared.clock import Clock
from shared.contract.health import REPORT_TTL_SECONDS
from shared.contract.keys import PROFILES, RUNS, Keys, follows_key, ratings_key, run_key, worker_key
from shared.reading.binding import slots_of
from shared.reading.profiles import Profiles

FORMAT: Final = "bellwether-backup"
VERSION: Final = 2  # 1 had no groups
GROUPS: Final = 2  # alerts, profiles

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


class BackupError(ValueError):
    """A file that is not a complete backup, or a run that cannot be replaced now; the text says what to do."""


class Header(msgspec.Struct, kw_only=True):
    """The first value of a file."""

    format: str
    version: int
    run: str
    slots: int
    created_at: int
    binding: dict[str, str]
    groups: int = 0  # lists behind those of the slots


Entry = tuple[bytes, bytes | dict[bytes, bytes]]


def backup(client: redis.Redis, run: str, file: Path, clock: Clock) -> int:
    """Write the run to `file`; how many keys. Consistent per slot also while workers write. Raises UnknownRun."""
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
    count = 0
    with (
        whole_file(file) as draft,
        draft.open("wb") as bare,
        gzip.GzipFile(file.name, "wb", 3, bare) as out,
    ):
        _write(out, header)
        tags = [keys.position(slot) for slot in range(keys.slots)] + [keys.alerts_position()]
        for entries in [*(_read_tag(client, position) for position in tags), _read_profiles(client)]:
            count += len(entries)
            _write(out, entries)
        _write(out, count)
    return count


def restore(client: redis.Redis, file: Path, run: str | None = None) -> Header:
    """Replace the run by what `file` holds, positions included. Raises BackupError, also while workers of it live.

    Profiles belong to no run: what they hold now stays, and what they lack is put back.
    """
    for _ in _checked(file):
        pass  # the whole file is read before anything is touched
    header, slots = _opened(file)
    if run is not None and run != header.run:
        raise BackupError(f"{file} holds run {header.run!r}, not {run!r}; give --run {header.run}")
    refuse_while_alive(client, header.run)
    keys = Keys(header.run, header.slots)
    for slot in range(header.slots):  # until its own position is back, no worker can write to a slot
        client.set(keys.position(slot), f"{RESTORING}:0")
    delete(client, header.run, spare={keys.position(slot).encode() for slot in range(header.slots)})
    for slot, entries in zip(range(header.slots), slots, strict=False):
        position = keys.position(slot).encode()
        for key, value in entries:
            if key != position:
                _put(client, key, value)
        stored = [value for key, value in entries if key == position]
        if stored:
            client.set(position, cast(bytes, stored[0]))
        else:
            client.unlink(position)
    for key, value in next(slots, []):
        _put(client, key, value)
    _put_profiles(client, next(slots, []))
    client.hset(run_key(header.run), mapping=cast(Any, header.binding))
    client.sadd(RUNS, header.run)
    return header


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
        client.sadd(PROFILES, key.decode().partition("{")[2].partition("}")[0])
        for name, value in cast("dict[bytes, bytes]", fields).items():
            client.hsetnx(cast(str, key), cast(str, name), cast(str, value))


def _put(client: redis.Redis, key: bytes, value: bytes | dict[bytes, bytes]) -> None:
    if not isinstance(value, dict):
        client.set(key, value)
        return
    fields = list(value.items())
    for start in range(0, len(fields), 1000):
        client.hset(cast(str, key), mapping=cast(Any, dict(fields[start : start + 1000])))


def _write(out: gzip.GzipFile, value: object) -> None:
    raw = msgspec.msgpack.encode(value)
    out.write(len(raw).to_bytes(8, "big") + raw)


def _opened(file: Path) -> tuple[Header, Iterator[list[Entry]]]:
    values = _checked(file)
    header = cast(Header, next(values))
    return header, cast("Iterator[list[Entry]]", values)


def _checked(file: Path) -> Iterator[Header | list[Entry]]:
    """The header, then one list a slot; raises BackupError for anything that is not a whole backup."""
    try:
        with gzip.open(file, "rb") as source:
            header = msgspec.msgpack.decode(_value(source), type=Header)
            if header.format != FORMAT or header.version > VERSION:
                raise BackupError(f"{file}: version {header.version} of {header.format!r}; upgrade Bellwether first")
            yield header
            count = 0
            for _ in range(header.slots + header.groups):
                entries = msgspec.msgpack.decode(_value(source), type=list[Entry])
                count += len(entries)
                yield entries
            if msgspec.msgpack.decode(_value(source), type=int) != count or source.read(1):
                raise BackupError(f"{file} is incomplete or damaged (wrong number of keys); use another backup")
    except (gzip.BadGzipFile, EOFError, msgspec.MsgspecError) as error:
        raise BackupError(f"{file} is incomplete or damaged ({error}); use another backup") from error


def _value(source: gzip.GzipFile) -> bytes:
    size = int.from_bytes(source.read(8), "big")
    raw = source.read(size)
    if not size or len(raw) != size:
        raise EOFError("it ends early")
    return raw
