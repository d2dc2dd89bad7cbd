"""How much of what was refused is kept: a file per source and the one before it, and so much of them all together.

What is left out is counted in `dropped.json`, by file. A process that writes holds the folder's lock.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Final

import msgspec

from shared.clients.state_folder import PRIVATE_FILE, make_folder, write_atomically

MOST_OF_A_SOURCE: Final = 20_000_000  # bytes of its file, behind which it becomes the former one
MOST_OF_ALL: Final = 200_000_000
_FORMER: Final = ".former.jsonl"
_DROPPED: Final = "dropped.json"
_LOCK: Final = ".lock"


class RejectedFolder:
    """The folder `STATE/rejected`."""

    def __init__(self, root: Path, most_of_a_source: int = MOST_OF_A_SOURCE, most_of_all: int = MOST_OF_ALL) -> None:
        self._root = root
        self._most_of_a_source = most_of_a_source
        self._most_of_all = most_of_all

    def append(self, name: str, lines: bytes) -> None:
        """To the file of a source; hands them to the operating system before returning."""
        path = self._root / f"{name}.jsonl"
        with self._locked():
            if path.exists() and path.stat().st_size + len(lines) > self._most_of_a_source:
                former = self._root / f"{name}{_FORMER}"
                self._drop(former)
                path.replace(former)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE_FILE)
            with os.fdopen(descriptor, "ab", buffering=0) as file:
                _write_whole(file, lines)
            self._shrink(path)

    def files(self) -> list[Path]:
        """Source by source, the former file of each first."""
        return sorted(self._root.glob("*.jsonl"), key=lambda path: (_source(path), not _is_former(path)))

    def dropped(self) -> dict[str, int]:
        """Items that are no longer kept, by the name of their file."""
        try:
            return msgspec.json.decode((self._root / _DROPPED).read_bytes(), type=dict[str, int])
        except (OSError, msgspec.MsgspecError):
            return {}

    def erase(self, name: str = "") -> int:
        """Remove everything, or what one source left; how many items that was."""
        if not self._root.is_dir():
            return 0
        with self._locked():
            files = [path for path in self.files() if not name or _source(path) == name]
            items = sum(_count(path) for path in files)
            for path in files:
                path.unlink()
            self._note({source: count for source, count in self.dropped().items() if name and source != name})
            return items

    def erase_lines(self, wanted: Callable[[bytes], bool]) -> int:
        """Remove the items whose lines are wanted, of all sources; how many. A file is old or new, never a part."""
        if not self._root.is_dir():
            return 0
        erased = 0
        with self._locked():
            for path in self.files():
                lines = path.read_bytes().splitlines(keepends=True)
                kept = [line for line in lines if not wanted(line)]
                if len(kept) < len(lines):
                    write_atomically(path, b"".join(kept))
                    erased += len(lines) - len(kept)
        return erased

    def _shrink(self, current: Path) -> None:
        sizes = {path: path.stat() for path in self.files() if path != current}
        excess = current.stat().st_size + sum(each.st_size for each in sizes.values()) - self._most_of_all
        for path in sorted(sizes, key=lambda path: (not _is_former(path), sizes[path].st_mtime)):
            if excess <= 0:
                return
            excess -= sizes[path].st_size
            self._drop(path)

    def _drop(self, path: Path) -> None:
        if path.exists():
            dropped = self.dropped()
            dropped[_source(path)] = dropped.get(_source(path), 0) + _count(path)
            self._note(dropped)
            path.unlink()

    def _note(self, dropped: dict[str, int]) -> None:
        if dropped:
            write_atomically(self._root / _DROPPED, msgspec.json.encode(dropped))
        else:
            (self._root / _DROPPED).unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        make_folder(self._root)
        descriptor = os.open(self._root / _LOCK, os.O_WRONLY | os.O_CREAT, PRIVATE_FILE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _write_whole(file: FileIO, lines: bytes) -> None:
    """All of it or nothing: behind half a line, the next one could not be read either."""
    before = os.fstat(file.fileno()).st_size
    try:
        rest = memoryview(lines)
        while rest:
            rest = rest[file.write(rest) :]
    except OSError:
        file.truncate(before)
        raise


def _source(path: Path) -> str:
    return path.name.removesuffix(_FORMER) if _is_former(path) else path.name.removesuffix(".jsonl")


def _is_former(path: Path) -> bool:
    return path.name.endswith(_FORMER)


def _count(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)
