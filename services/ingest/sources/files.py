"""A file as a source: history by default, resumable at the row after kill -9."""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from services.ingest.documents.normalise import Reading, Rejected
from services.ingest.sources.mapping import check_map, picker
from services.ingest.sources.rows import Row, open_rows
from services.ingest.sources.source import Batch, Cursor, SourceError

_BATCH_ROWS: Final = 500
_LOOKED_AT: Final = 200  # rows of JSON lines whose keys count as the columns
_FINGERPRINT_BYTES: Final = 65_536


class FileSource:
    """The rows of one file, as raw items. `key` follows the file's content, not its name."""

    def __init__(self, path: Path, mapping: dict[str, str], reading: Reading) -> None:
        self._path = path
        self._mapping = mapping
        self.reading = reading
        self.size = _size(path)
        self.key = f"file:{_fingerprint(path, mapping, reading)}"
        self.bytes_read: Callable[[], int] = lambda: 0

    def batches(self, cursor: Cursor | None, stop: threading.Event) -> Iterator[Batch]:
        """Batches of at most 500 rows. Raises SourceError, and MappingError before the first batch."""
        done = int(cursor["rows"]) if cursor else 0
        pick = picker(self._mapping)
        with open_rows(self._path, done) as (rows, self.bytes_read):
            head = list(itertools.islice(rows, _LOOKED_AT))
            if not done:
                self._check(head)
            for chunk in _chunks(itertools.chain(head, rows)):
                if stop.is_set():
                    return
                items = [row if isinstance(row, Rejected) else pick(row) for row in chunk]
                yield Batch(items, {"rows": done + len(items)}, first=done + 1)
                done += len(items)

    def _check(self, head: list[Row]) -> None:
        columns = {str(column) for row in head if not isinstance(row, Rejected) for column in row}
        if columns:
            check_map(self._mapping, columns, self._path.name)


def source_name(path: Path) -> str:
    """`file:tweets.jsonl`, also for tweets.jsonl.gz: zipping a file does not make its items new ones."""
    return f"file:{path.name.removesuffix('.gz')}"


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(itertools.islice(rows, _BATCH_ROWS)):
        yield chunk


def _size(path: Path) -> int:
    try:
        if not path.is_file():
            raise SourceError(f"{path}: there is no such file")
        return path.stat().st_size
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from error


def _fingerprint(path: Path, mapping: dict[str, str], reading: Reading) -> str:
    """The same for the same content read in the same way (head, tail and size stand for the content)."""
    digest = hashlib.blake2b(digest_size=16)
    try:
        with path.open("rb") as file:
            digest.update(file.read(_FINGERPRINT_BYTES))
            size = file.seek(0, 2)
            file.seek(max(0, size - _FINGERPRINT_BYTES))
            digest.update(file.read(_FINGERPRINT_BYTES))
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from error
    way = (size, sorted(mapping.items()), reading.channel, reading.source, str(reading.exchange), reading.live)
    digest.update(repr(way).encode() + reading.date_format.encode())
    return digest.hexdigest()
