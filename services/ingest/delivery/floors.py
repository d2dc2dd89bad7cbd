"""Who still has what to bring: floors that let several ingest processes write ticks without breaking a promise.

A tick says that nothing available earlier than its watermark is still to come on a partition. Several processes write
to one partition (the worker's feeds, a load, a push), so a process that still has something to bring holds a *floor*:
a file with the earliest time that it may still bring, locked as long as the process lives. A tick never passes the
lowest floor that somebody else holds. A process that is killed loses the lock, and with it its say.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from shared.clients.state_folder import PRIVATE_FILE, make_folder

NOTHING_PROMISED: Final = 0  # the floor of a load whose items come in no order of time


class Floor:
    """One process's floor; a context manager. `folder` is STATE/ingest/floors."""

    def __init__(self, folder: Path, floor: int = NOTHING_PROMISED) -> None:
        make_folder(folder)
        self._path = folder / f"{os.getpid()}-{secrets.token_hex(4)}"
        self._descriptor = -1
        self._hold(floor)

    def _hold(self, floor: int) -> None:
        draft = self._path.with_suffix(".new")
        self._descriptor = os.open(draft, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        self.raise_to(floor)
        draft.rename(self._path)  # appears locked and with its number

    def raise_to(self, floor: int) -> None:
        """Nothing available earlier than `floor` will come from here any more. One small write: whole for readers.
        A floor that was released is held again: there is something to bring after all."""
        if self._descriptor < 0:
            self._hold(floor)
        else:
            os.pwrite(self._descriptor, b"%020d" % floor, 0)

    def release(self) -> None:
        """Nothing more is to come from here."""
        if self._descriptor >= 0:
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = -1

    def lowest_of_others(self) -> int | None:
        """The lowest floor that a living process holds, this one's aside; None when nobody holds any."""
        return lowest_floor(self._path.parent, self._path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def lowest_floor(folder: Path, own: Path | None = None) -> int | None:
    """The lowest floor under `folder` whose holder lives; files of the dead are swept away."""
    floors = [_read(path) for path in folder.glob("*-????????") if path != own]
    return min((floor for floor in floors if floor is not None), default=None)


def _read(path: Path) -> int | None:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(os.read(descriptor, 32) or b"0")
    else:
        path.unlink(missing_ok=True)
        return None
    finally:
        os.close(descriptor)
