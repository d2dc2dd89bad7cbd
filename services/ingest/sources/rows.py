"""Rows of a file: JSON lines, CSV/TSV (both also gzipped) and Parquet. What cannot be read as a row is a Rejected."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from services.ingest.documents.normalise import RawItem, Rejected
from services.ingest.sources.csv_records import CsvRecords, Unclosed
from services.ingest.sources.source import SourceError

Row = RawItem | Rejected

MAX_ROW_BYTES: Final = 32_000_000  # a longer line is refused unread; texts are limited far below
FORMATS: Final = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")
_GZIP_MAGIC: Final = b"\x1f\x8b"
_PARQUET_ROWS: Final = 500
_ESCAPED_BYTES = re.compile("[\udc80-\udcff]")


def format_of(path: Path) -> str:
    """The format by the name, without .gz; raises SourceError for others, naming those that can be read."""
    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    if suffix not in FORMATS:
        raise SourceError(f"{path}: cannot tell the format; use one of {', '.join(FORMATS)} (also with .gz)")
    return suffix


@contextmanager
def open_rows(path: Path, skip: int) -> Iterator[tuple[Iterator[Row], Callable[[], int]]]:
    """The rows after the first `skip`, and a function that tells how many bytes of the file are read.

    Raises SourceError when the file as a whole cannot be read, also in the midst of it (a torn gzip, say).
    """
    suffix = format_of(path)
    try:
        with path.open("rb") as file:
            if suffix == ".parquet":
                yield _guarded(path, _parquet_rows(file, skip)), file.tell
                return
            zipped = file.peek(2)[:2] == _GZIP_MAGIC
            plain: IO[bytes] = gzip.GzipFile(fileobj=file) if zipped else file  # type: ignore[assignment]
            rows = _json_rows(plain, skip) if suffix in {".jsonl", ".ndjson"} else _csv_rows(plain, skip, suffix)
            yield _guarded(path, rows), file.tell
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from error


def _guarded(path: Path, rows: Iterator[Row]) -> Iterator[Row]:
    try:
        yield from rows
    except (OSError, EOFError, ValueError) as error:  # BadGzipFile, zlib, ArrowInvalid
        raise SourceError(f"{path} cannot be read on: {error}; what was read before is published") from error
    except Exception as error:
        if type(error).__module__.split(".")[0] in {"zlib", "pyarrow"}:
            raise SourceError(f"{path} cannot be read on: {error}; what was read before is published") from error
        raise


# -- JSON lines


def _json_rows(file: IO[bytes], skip: int) -> Iterator[Row]:
    number = 0
    while line := file.readline(MAX_ROW_BYTES):
        whole = len(line) < MAX_ROW_BYTES or line.endswith(b"\n")
        if not whole:
            _skip_line(file)
        if number == 0:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line.strip():
            continue
        number += 1
        if number > skip:
            yield parse_json(line) if whole else Rejected("too-long", f"a line of over {MAX_ROW_BYTES:,} bytes", line)


def _skip_line(file: IO[bytes]) -> None:
    while (rest := file.readline(MAX_ROW_BYTES)) and not rest.endswith(b"\n"):
        pass


def parse_json(line: bytes) -> Row:
    """The object on one line. What msgspec is too strict for (NaN, a lone surrogate) the standard library may read."""
    value: Any
    try:
        value = msgspec.json.decode(line)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            return Rejected("undecodable", f"not JSON in UTF-8: {error or type(error).__name__}", line)
    if not isinstance(value, dict):
        return Rejected("undecodable", f"a JSON {type(value).__name__}; an object is needed", line)
    return value


# -- CSV


def _csv_rows(file: IO[bytes], skip: int, suffix: str) -> Iterator[Row]:
    csv.field_size_limit(MAX_ROW_BYTES)
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    first = text.readline(MAX_ROW_BYTES)
    delimiter = "\t" if suffix == ".tsv" else _delimiter(first)
    records = CsvRecords(_chained(first, text), delimiter)
    header: list[str] = []
    number = 0
    for record in records:
        row = _csv_record(record, records.line, header, delimiter)
        if not header:
            header = row if isinstance(row, list) else []
            if not header:
                break
        elif row:
            number += 1
            if number > skip:
                yield _csv_row(header, row) if isinstance(row, list) else row
    text.detach()


def _csv_record(record: str, line: int, header: list[str], delimiter: str) -> list[str] | Rejected:
    original = record.encode("utf-8", "surrogateescape")
    if isinstance(record, Unclosed) and header:
        return Rejected("undecodable", f"line {line}: a quote opens here and does not close", original)
    if len(record) >= MAX_ROW_BYTES:
        return Rejected("too-long", f"line {line}: over {MAX_ROW_BYTES:,} characters", original)
    try:
        return next(csv.reader([record], delimiter=delimiter, strict=False), [])
    except csv.Error as error:
        return Rejected("undecodable", f"line {line}: {error}", original)


def _chained(first: str, rest: io.TextIOWrapper) -> Iterator[str]:
    yield first
    while line := rest.readline(MAX_ROW_BYTES):
        yield line


def _csv_row(header: list[str], cells: list[str]) -> Row:
    original = ",".join(cells).encode("utf-8", "surrogateescape")
    if len(cells) > len(header):
        return Rejected("undecodable", f"{len(cells)} cells under {len(header)} columns", original)
    if any(_ESCAPED_BYTES.search(cell) for cell in cells if not cell.isascii()):
        return Rejected("undecodable", "bytes that are not UTF-8", original)
    return dict(zip(header, cells, strict=False))


def _delimiter(header: str) -> str:
    return max(",;\t", key=lambda sign: (header.count(sign), sign == ","))


# -- Parquet


def _parquet_rows(file: IO[bytes], skip: int) -> Iterator[Row]:
    import pyarrow.parquet

    table = pyarrow.parquet.ParquetFile(file)
    seen = 0
    for batch in table.iter_batches(batch_size=_PARQUET_ROWS):
        if seen + batch.num_rows > skip:
            yield from batch.slice(max(0, skip - seen)).to_pylist()
        seen += batch.num_rows
