"""A disk without room, told as what it is: an empty log and an error of SQLite's do not name it.

Whoever writes to it fails in a way of its own (Kafka halts without a word, for its log is on the same disk).
"""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

FULL_BELOW: Final = 2 * 1024 * 1024  # bytes: what Kafka, Redis or SQLite writes next may not fit in any more
NO_SPACE: Final = "No space left on device"
_ERRORS: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def full_disk(path: Path) -> str:
    """What to say of the disk of `path` when it is full, with the remedy; "" when it is not, or cannot be asked."""
    try:
        free = shutil.disk_usage(existing(path)).free
    except OSError:
        return ""
    return f"{NO_SPACE}: the disk of {path} is full; free space, and it goes on" if free < FULL_BELOW else ""


def existing(path: Path) -> Path:
    """`path`, or the nearest folder above it that is there."""
    return next(found for found in [path, *path.parents] if found.exists())


def is_full(error: BaseException) -> bool:
    """Whether an error, or what led to it, says that there is no room."""
    return any(_says_full(each) for each in causes(error))


def told(error: BaseException) -> str:
    """Class and text of an error; that a disk is full comes first."""
    text = f"{type(error).__name__}: {error}"
    return f"{NO_SPACE}; free space, and it goes on ({text})" if is_full(error) else text


def _says_full(error: BaseException) -> bool:
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL or "disk is full" in str(error)
    return isinstance(error, OSError) and error.errno in _ERRORS


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error, and what led to it, one by one."""
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        yield at
        at = at.__cause__ or at.__context__
