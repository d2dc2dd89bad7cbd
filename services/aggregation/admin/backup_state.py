"""What a backup holds beside a run: files of the state folder that nothing else can make again, and the API's keys.

The archive is not among them: it is made anew from the log (bellwether archive rebuild). Kafka's logs, models, logs of
processes, and files that settings name elsewhere are left out, too; the answer names these.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

import redis

from services.aggregation.admin.backup_file import FILE_PREFIX, Entry, is_kept
from shared.clients.state_folder import StateFolder, write_atomically
from shared.contract.keys import API_KEYS
from shared.universe.own_files import own_in

LEFT_OUT: Final = (
    "Kafka's topics",
    "the archive (made anew from them: bellwether archive rebuild)",
    "models",
    "logs",
)


def _files(state: Path, named: Sequence[Path]) -> dict[str, Path]:
    """Name in a backup -> where it lies."""
    folder = StateFolder(state)
    found = {
        "bellwether.yaml": folder.settings,
        "sources.yaml": folder.sources,
        "author.key": folder.author_key,
        "ingest/ledger.sqlite3": folder.ledger,
    }
    for each in sorted(folder.floors.glob("*")) if folder.floors.is_dir() else ():
        found[f"ingest/floors/{each.name}"] = each
    for each in (*own_in(state), *named):
        if name := _name_in(state, each):
            found[name] = state / name
    return found


def left_out(state: Path, named: Sequence[Path]) -> list[str]:
    """What a backup does not hold, in words; the files that settings name elsewhere, by name."""
    lacking = (str((state / each).resolve()) for each in named if not _name_in(state, each))
    return [*LEFT_OUT, *(path for path in lacking if Path(path).is_file())]


def _name_in(state: Path, path: Path) -> str:
    """A file's name relative to the state folder, where relative paths begin; "" for one that no backup can hold."""
    found = (state / path.expanduser()).resolve()
    name = str(found.relative_to(state.resolve())) if found.is_relative_to(state.resolve()) else ""
    return name if name and is_kept(name) else ""


def read_state(client: redis.Redis, state: Path, named: Sequence[Path] = ()) -> list[Entry]:
    """The files that are there, those that settings name in the folder among them, and the keys."""
    entries: list[Entry] = []
    for name, path in _files(state, named).items():
        if path.is_file():
            content = _database(path) if path.suffix == ".sqlite3" else path.read_bytes()
            entries.append((FILE_PREFIX + name.encode(), content))
    held = cast("dict[bytes, bytes]", client.hgetall(API_KEYS))
    return entries + ([(API_KEYS.encode(), held)] if held else [])


def _database(path: Path) -> bytes:
    """A copy that is whole while somebody writes."""
    with TemporaryDirectory(prefix="bellwether-") as folder:
        copy = Path(folder) / "copy.sqlite3"
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        return copy.read_bytes()


def put_back_state(client: redis.Redis, state: Path, entries: list[Entry]) -> list[str]:
    """Put back what is missing; returns what was. A file that is there stays, and so do keys, where there are any: one
    that was revoked since must not come back."""
    done: list[str] = []
    for key, value in entries:
        if isinstance(value, dict):
            if not client.exists(API_KEYS):
                client.hset(API_KEYS, mapping=cast(Any, value))
                done.append("the API's keys")
            continue
        name = key.removeprefix(FILE_PREFIX).decode()
        path = state / name
        if not path.exists():
            write_atomically(path, value, durable=True)
            done.append(name)
    return done
