"""A file as a source: history by default, resumable at the row after kill -9."""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from services.ingest.documents.normalise import Reading, Rejected
from services.ingest.sources.source import Batch, Cursor, SourceError
from services.ingest.sources.tabular.layout import Layout, with_aliases
from services.ingest.sources.tabular.mapping import check_map, picker
from services.ingest.sources.tabular.rows import PLAIN, Row, open_rows

_BATCH_ROWS: Final = 500
_LOOKED_AT: Final = 200  # rows of JSON lines whose keys count as the columns
_FINGERPRINT_BYTES: Final = 65_536


class FileSource:
    """The rows of one file, as raw items. `key` follows the file's content, not its name."""

    def __init__(self, path: Path, mapping: dict[str, str], reading: Reading, layout: Layout = PLAIN) -> None:
        self._path = path
        self._mapping = {**layout.mapping, **mapping}
        self._layout = layout
        self.reading = reading
        self.size = _size(path)
        self.key = f"file:{_fingerprint(path, self._mapping, reading, layout)}"
        self.bytes_read: Callable[[], int] = lambda: 0
        self.remarks: list[str] = []  # what was guessed: a person may not have meant it

    def batches(self, cursor: Cursor | None, stop: threading.Event) -> Iterator[Batch]:
        """Batches of at most 500 rows. Raises SourceError, and MappingError before the first batch."""
        done = int(cursor["rows"]) if cursor else 0
        with open_rows(self._path, done, self._layout) as (rows, self.bytes_read, said):
            head = list(itertools.islice(rows, _LOOKED_AT))
            self.remarks = said
            pick = picker(self._checked(head, anew=not done))
            for chunk in _chunks(itertools.chain(head, rows)):
                if stop.is_set():
                    return
                items = [row if isinstance(row, Rejected) else pick(row) for row in chunk]
                yield Batch(items, {"rows": done + len(items)}, first=done + 1)
                done += len(items)

    def _checked(self, head: list[Row], *, anew: bool) -> dict[str, str]:
        """The mapping, with columns that go by other names. Raises MappingError."""
        columns = {str(column) for row in head if not isinstance(row, Rejected) for column in row}
        nested = {str(column) for row in head if not isinstance(row, Rejected) for column, value in row.items()
                  if isinstance(value, dict)}  # fmt: skip
        mapping, taken = with_aliases(self._mapping, columns, nested)
        if taken:
            self.remarks.append(f"columns taken by their names: {', '.join(taken)}; --map FIELD=column says otherwise")
        if columns and anew:
            check_map(mapping, columns, self._path.name)
        return mapping


def source_name(path: Path) -> str:
    """`file:tweets.jsonl`, also for tweets.jsonl.gz or .zip: zipping a file does not make its items new ones."""
    plain = path.name.removesuffix(".gz")
    return f"file:{plain.removesuffix('.zip') if Path(plain.removesuffix('.zip')).suffix else plain}"


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


def _fingerprint(path: Path, mapping: dict[str, str], reading: Reading, layout: Layout) -> str:
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
    if layout != PLAIN:
        digest.update(repr((layout.encoding, layout.columns)).encode())
    return digest.hexdigest()
