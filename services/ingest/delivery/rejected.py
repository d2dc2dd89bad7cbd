"""Refused items: `STATE/rejected/NAME.jsonl`, mode 0600, for they may hold personal data. Never on Kafka."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from services.ingest.delivery.rejected_folder import RejectedFolder
from services.ingest.documents.normalise import Rejected
from shared.clients.state_folder import StateFolder
from shared.clock import Clock
from shared.contract.operation.metrics import REJECTED
from shared.measured import MEASURED

KEPT_BYTES: Final = 1_000_000  # of one original; `original_bytes` tells its whole size
_REMEMBERED: Final = 10_000
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


class RejectedItem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One line of a file of refused items."""

    at: int  # microseconds, UTC
    source: str
    position: str = ""  # where in the source: a row number, a cursor
    reason: str
    detail: str = ""
    original: str = ""
    original_base64: str = ""  # instead of `original` when the bytes are not UTF-8
    original_bytes: int = 0


class RejectedFile:
    """Appends to the file of one source."""

    def __init__(self, state: Path, source: str, clock: Clock) -> None:
        self._folder = RejectedFolder(StateFolder(state).rejected)
        self._name = file_name(source)
        self._source = source
        self._clock = clock
        self._seen: set[bytes] = set()  # a feed shows the same bad item at every poll: it is written once

    def write(self, refused: list[tuple[str, Rejected]]) -> int:
        """Append (position, item) pairs and hand them to the operating system before returning; how many were new."""
        lines = [line for line in (self._line(*one) for one in refused) if not self._is_repeated(line)]
        if not lines:
            return 0
        self._folder.append(self._name, b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
        for line in lines:
            MEASURED.count(REJECTED, self._source, line.reason)
        return len(lines)

    def _is_repeated(self, line: RejectedItem) -> bool:
        if line.position:
            return False
        told = (line.reason, line.detail, line.original, line.original_base64)
        mark = hashlib.blake2b(repr(told).encode(), digest_size=16).digest()
        if mark in self._seen:
            return True
        if len(self._seen) >= _REMEMBERED:
            self._seen.clear()
        self._seen.add(mark)
        return False

    def _line(self, position: str, rejected: Rejected) -> RejectedItem:
        raw = _bytes_of(rejected.original)
        item = RejectedItem(
            at=self._clock.now(),
            source=self._source,
            position=position,
            reason=rejected.reason,
            detail=rejected.detail,
            original_bytes=len(raw),
        )
        kept = raw[:KEPT_BYTES]
        try:
            item.original = kept.decode("utf-8", "strict" if len(raw) <= KEPT_BYTES else "ignore")
        except UnicodeDecodeError:
            item.original_base64 = base64.b64encode(kept).decode()
        return item


def file_name(source: str) -> str:
    """What the files of a source are called, without an ending."""
    return _NOT_IN_NAMES.sub("_", source)[:100]


def read_rejected(state: Path) -> Iterator[RejectedItem]:
    """Every refused item, file by file, oldest first; an item that was met again after a restart comes once."""
    for path in RejectedFolder(StateFolder(state).rejected).files():
        seen: set[tuple[str, str]] = set()
        with path.open("rb") as file:
            for line in file:
                try:
                    item = msgspec.json.decode(line, type=RejectedItem)
                except msgspec.DecodeError:
                    continue  # the last line of a process that was killed while writing it: it will be met again
                key = (item.position, item.original or item.original_base64)
                if not item.position or key not in seen:
                    seen.add(key)
                    yield item


def _bytes_of(original: object) -> bytes:
    if isinstance(original, bytes):
        return original
    if isinstance(original, str):
        return original.encode("utf-8", "surrogatepass")
    try:
        return msgspec.json.encode(original)
    except (TypeError, ValueError, OverflowError, RecursionError):  # a lone surrogate, an integer beyond 64 bits
        return ascii(original).encode()
