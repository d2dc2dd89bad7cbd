"""Totals only ever grow. One that has shrunk without a `reset` means that Redis has lost what it was given.

The highest totals are kept in STATE/totals.json with the positions that they were seen at. A Redis that went back in
time (a crash, an older copy) went back with its positions, too, and catches up: that is no loss. A `reset`, a `restore`
of another run and a resize make another binding, with which the account begins anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from shared.clients.state_folder import StateFolder, write_atomically

COUNTED: Final = ("opinions_applied", "documents_scored", "companies")


class Seen(msgspec.Struct):
    """The totals of a run at a moment. `position`: the sum over its slots."""

    identity: str  # of the binding
    position: int
    totals: dict[str, int]


def shrunk(state: Path, run: str, before: Seen, after: Seen) -> str:
    """What has shrunk, with the remedy; "" where nothing has. Remembers what is seen.

    `before` and `after`: the same totals, with the positions as they were read before and after them.
    """
    file = StateFolder(state).totals
    known = _read(file)
    last = known.get(run)
    if last is None or last.identity != before.identity:
        _write(file, known | {run: after})
        return ""
    if before.position < last.position:
        return ""  # gone back in time: it is applied again
    less = [name for name in COUNTED if before.totals.get(name, 0) < last.totals.get(name, 0)]
    if not less:
        if last != after:
            _write(file, known | {run: after})
        return ""
    words = ", ".join(f"{name} from {last.totals[name]:,} to {before.totals.get(name, 0):,}" for name in less)
    return f"totals in Redis have shrunk without a reset: {words}; find out what deletes keys, then: bellwether reset"


def _read(file: Path) -> dict[str, Seen]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Seen])
    except (OSError, msgspec.MsgspecError):
        return {}


def _write(file: Path, seen: dict[str, Seen]) -> None:
    """A full disk is told of elsewhere."""
    try:
        if file.parent.exists():
            write_atomically(file, msgspec.json.encode(seen))
    except OSError:
        return
