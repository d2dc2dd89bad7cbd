"""Whose a file is: what this program writes is its user's alone, and what others could have written is not trusted.

The umask keeps what is new private; `put_right` what a former version, or a copy, has left readable.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from shared.clients.state_folder import PRIVATE_FOLDER, StateFolder

PRIVATE_UMASK: Final = 0o077
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


def keep_private() -> None:
    """From now on, whatever this process and its children make is for their user alone."""
    os.umask(PRIVATE_UMASK)


def put_right(state: Path) -> None:
    """Take the rights of others from a state folder and from all that is ours in it; what else lies there is let be.

    A file of somebody else stays as it is: it is not ours to change.
    """
    if state.is_dir() and state.resolve() != Path.home().resolve():
        restrict(state)
    for path in StateFolder(state).everything():
        put_tree_right(path)


def put_tree_right(path: Path) -> None:
    """The same for one file, or a folder with all in it. Links are not followed."""
    restrict(path, *_below(path))


def restrict(*paths: Path) -> None:
    """Take the rights of others from files and folders that are ours."""
    for path in paths:
        with suppress(OSError):  # gone since (a log that was rotated)
            state = os.lstat(path)
            if state.st_uid == os.geteuid() and not stat.S_ISLNK(state.st_mode) and state.st_mode & _OTHERS:
                path.chmod(stat.S_IMODE(state.st_mode) & PRIVATE_FOLDER)


def close_cache(cache: Path) -> None:
    """The same for a cache, less what others could have written: it is made anew when it is needed."""
    for found in _below(cache):
        with suppress(OSError):
            if found.is_file() and not _closed(os.lstat(found)):
                found.unlink()
    put_tree_right(cache)


def is_own(path: Path) -> bool:
    """Whether nobody but this user (or root) can have written a file: not linked in, it and its folder closed."""
    try:
        return all(_closed(os.lstat(each)) for each in (path, path.parent))
    except OSError:
        return False


def _closed(state: os.stat_result) -> bool:
    plain = stat.S_ISREG(state.st_mode) or stat.S_ISDIR(state.st_mode)
    return plain and state.st_uid in {0, os.geteuid()} and not state.st_mode & _OTHERS_WRITE


def _below(folder: Path) -> Iterator[Path]:
    if folder.is_symlink():
        return
    for parent, folders, files in os.walk(folder):
        yield from (Path(parent, name) for name in (*folders, *files))
