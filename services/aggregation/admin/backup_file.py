"""The file of a backup: a header, one list of [key, value] per slot, of alerts, profiles, the state folder; a footer.

gzip around MessagePack values, each behind its length (8 bytes). The footer is the number of keys and, from version 3
on, the SHA-256 of every byte before it. A file is read whole and believed in nothing: every key must be of the run, and
of the slot, under which it stands.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, cast

import msgspec

from shared.clients.state_folder import whole_file
from shared.contract.keys import API_KEYS, Keys, follows_key, ratings_key
from shared.contract.names import is_name
from shared.reading.values.binding import recorded_slots

FORMAT: Final = "bellwether-backup"
VERSION: Final = 5  # 1 had no groups, 2 no digest, 3 no files, 4 no rules and no instruments
GROUPS: Final = 3  # alerts, profiles, files of the state folder with the API's keys
FILE_PREFIX: Final = b"file/"
MAX_SLOTS: Final = 10_000
MAX_VALUE_BYTES: Final = 1 << 31  # of one slot: what Redis gives out in one answer is less

_STATE_FILE: Final = re.compile(
    rb"file/(bellwether\.yaml|sources\.yaml|author\.key|ingest/ledger\.sqlite3|ingest/floors/\w[\w.:-]*"
    rb"|(?:\w[\w.-]*/)*\w[\w.-]*\.(?:yaml|yml|csv|parquet))"  # rules and instruments, wherever the settings name them
)

Entry = tuple[bytes, bytes | dict[bytes, bytes]]


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


def write_backup(file: Path, header: Header, groups: Iterator[list[Entry]]) -> int:
    """Write the groups, in order, as they come; returns the number of keys."""
    count, digest = 0, hashlib.sha256()
    with whole_file(file) as draft, draft.open("wb") as bare, gzip.GzipFile(file.name, "wb", 3, bare) as out:

        def write(value: object) -> None:
            raw = msgspec.msgpack.encode(value)
            raw = len(raw).to_bytes(8, "big") + raw
            digest.update(raw)
            out.write(raw)

        write(header)
        for entries in groups:
            count += len(entries)
            write(entries)
        write(count)
        write(digest.digest())
    return count


def open_backup(file: Path) -> tuple[Header, Iterator[list[Entry]]]:
    """The header, and the lists behind it. Raises BackupError for anything that is not a whole backup of one run."""
    values = _values(file)
    header = cast(Header, next(values))
    return header, cast("Iterator[list[Entry]]", values)


def check_backup(file: Path) -> Header:
    """Read all of the file; raises BackupError."""
    header, groups = open_backup(file)
    for _ in groups:
        pass
    return header


class _Source:
    """Values of the file in turn, and the digest of what was read."""

    def __init__(self, source: gzip.GzipFile) -> None:
        self._source = source
        self.digest = hashlib.sha256()

    def value(self) -> bytes:
        length = self._source.read(8)
        size = int.from_bytes(length, "big")
        if size > MAX_VALUE_BYTES:
            raise EOFError(f"a part of {size:,} bytes")
        raw = self._source.read(size)
        if not size or len(raw) != size:
            raise EOFError("it ends early")
        self.digest.update(length + raw)
        return raw


def _values(file: Path) -> Iterator[Header | list[Entry]]:
    try:
        with gzip.open(file, "rb") as opened:
            source = _Source(opened)
            header = _header(file, source.value())
            yield header
            count = 0
            for number in range(header.slots + header.groups):
                entries = msgspec.msgpack.decode(source.value(), type=list[Entry])
                _check_keys(file, header, number, entries)
                count += len(entries)
                yield entries
            _check_footer(file, header, source, count)
            if opened.read(1):
                raise BackupError(f"{file} is incomplete or damaged (something follows its end); use another backup")
    except (gzip.BadGzipFile, zlib.error, EOFError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BackupError(f"{file} is incomplete or damaged ({error}); use another backup") from error


def _header(file: Path, raw: bytes) -> Header:
    header = msgspec.msgpack.decode(raw, type=Header)
    if header.format != FORMAT or header.version > VERSION:
        raise BackupError(f"{file}: version {header.version} of {header.format!r}; upgrade Bellwether first")
    slots = recorded_slots(header.binding, header.run) if is_name(header.run) else 0
    if not 0 < header.slots <= MAX_SLOTS or slots != header.slots or header.groups not in range(GROUPS + 1):
        raise BackupError(f"{file} was not written by Bellwether (its header fits no run); use another backup")
    return header


def _check_keys(file: Path, header: Header, number: int, entries: list[Entry]) -> None:
    """Every key belongs where it stands; raises BackupError naming the first that does not."""
    keys = Keys(header.run, header.slots)
    if number == header.slots + 2:
        wrong = [key for key, value in entries if not _of_state(key, value)]
    elif number == header.slots + 1:
        wrong = [key for key, value in entries if not (isinstance(value, dict) and profile_of(key))]
    else:
        position = keys.position(number) if number < header.slots else keys.alerts_position()
        prefix = position.removesuffix("position").encode()
        wrong = [
            key
            for key, value in entries
            if not key.startswith(prefix) or (key == position.encode() and not isinstance(value, bytes))
        ]
    if wrong:
        raise BackupError(
            f"{file} holds {wrong[0][:80]!r}, which is no key of run {header.run!r} there; nothing was restored: "
            "use another backup"
        )


def is_kept(name: str) -> bool:
    """Whether a file of this name, relative to the state folder, can be in a backup."""
    return bool(_STATE_FILE.fullmatch(FILE_PREFIX + name.encode()))


def _of_state(key: bytes, value: object) -> bool:
    """Whether an entry is the API's keys, or a file that lies in the state folder."""
    if key == API_KEYS.encode():
        return isinstance(value, dict)
    return isinstance(value, bytes) and bool(_STATE_FILE.fullmatch(key))


def profile_of(key: bytes) -> str:
    """The profile that a key belongs to; "" for any other key."""
    profile = key.decode(errors="replace").partition("{")[2].partition("}")[0]
    known = {follows_key(profile).encode(), ratings_key(profile).encode()}
    return profile if is_name(profile) and key in known else ""


def _check_footer(file: Path, header: Header, source: _Source, count: int) -> None:
    if msgspec.msgpack.decode(source.value(), type=int) != count:
        raise BackupError(f"{file} is incomplete or damaged (wrong number of keys); use another backup")
    if header.version >= 3:
        digest = source.digest.digest()
        if msgspec.msgpack.decode(source.value(), type=bytes) != digest:
            raise BackupError(f"{file} is incomplete or damaged (its SHA-256 is another one); use another backup")
