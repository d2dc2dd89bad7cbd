"""Whether the disk of a state folder has room: Kafka, Redis and the ledger all stop at a full one."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from shared.clients.disk import existing, full_disk

_GIB: Final = 1024**3
MIN_DISK_GIB: Final = 2.0
MIN_SHARE: Final = 0.05


def disk_fault(state: Path) -> tuple[str, bool]:
    """(what is short and the remedy, or "" where all is well; whether it is too little to run with)."""
    if full := full_disk(state):
        return full, True
    try:
        usage = shutil.disk_usage(existing(state))
    except OSError as error:
        return f"the disk of {state} cannot be read: {error.strerror}", True
    free, share = usage.free / _GIB, usage.free / max(1, usage.total)
    words = f"{free:.1f} GiB ({share:.0%}) free on the disk of {state}; free space, or use another folder: --state DIR"
    if free < MIN_DISK_GIB:
        return words, True
    return (words, False) if share < MIN_SHARE else ("", False)
