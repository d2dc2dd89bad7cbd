"""Rows of a file: JSON lines or an array, CSV/TSV (all also gzipped or the one file of a zip), Parquet and .xlsx.

What cannot be read as a row is a Rejected.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import itertools
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from services.ingest.documents.normalise import RawItem, Rejected
from services.ingest.sources.source import SourceError
from services.ingest.sources.tabular.csv_records import CsvRecords, Unclosed
from services.ingest.sources.tabular.layout import UTF8, Layout, told_encoding
from services.ingest.sources.tabular.workbook import read_workbook

Row = RawItem | Rejected
PLAIN: Final = Layout()

MAX_ROW_BYTES: Final = 32_000_000  # a longer line is refused unread; texts are limited far below
FORMATS: Final = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".xlsx", ".zip")
_MOST_ARRAY_BYTES: Final = 500_000_000  # of a JSON array, which is read as a whole
_AROUND_ROWS: Final = ("data", "items", "articles", "results", "posts", "documents", "news")
_GZIP_MAGIC: Final = b"\x1f\x8b"
_PARQUET_ROWS: Final = 500
_SEPARATOR: Final = re.compile(r"sep=(.)\r?\n?\Z", re.IGNORECASE)
_IN_ZIP: Final = frozenset({".jsonl", ".ndjson", ".json", ".csv", ".tsv"})
_ESCAPED_BYTES = re.compile("[\udc80-\udcff]")


def format_of(path: Path) -> str:
    """The format by the name, without .gz; raises SourceError for others, naming those that can be read."""
    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    if suffix not in FORMATS:
        raise SourceError(f"{path}: cannot tell the format; use one of {', '.join(FORMATS)} (also with .gz)")
    return suffix


@contextmanager
def open_rows(
    path: Path, skip: int, layout: Layout = PLAIN
) -> Iterator[tuple[Iterator[Row], Callable[[], int], list[str]]]:
    """The rows after the first `skip`, a function that tells how many bytes of the file are read, and what was guessed.

    Raises SourceError when the file as a whole cannot be read, also in the midst of it (a torn gzip, say).
    """
    suffix = format_of(path)
    said: list[str] = []
    try:
        if suffix == ".xlsx":
            lines = (parse_json(line) for line in read_workbook(path, layout.columns))
            yield _guarded(path, itertools.islice(lines, skip, None)), lambda: path.stat().st_size, said
            return
        with path.open("rb") as file:
            if suffix == ".parquet":
                yield _guarded(path, _parquet_rows(file, skip)), file.tell, said
                return
            yield _guarded(path, _text_rows(path, file, suffix, skip, layout, said)), file.tell, said
    except SourceError:
        raise
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise SourceError(f"{path}: {getattr(error, 'strerror', None) or error}") from error


def _text_rows(path: Path, file: IO[bytes], suffix: str, skip: int, layout: Layout, said: list[str]) -> Iterator[Row]:
    plain, suffix = _unpacked(path, file, suffix)
    if suffix in {".jsonl", ".ndjson", ".json"}:
        if layout.encoding not in {"", UTF8}:
            plain = io.BytesIO(plain.read(_MOST_ARRAY_BYTES).decode(layout.encoding).encode())
        yield from _array_rows(path, plain, skip) if suffix == ".json" else _json_rows(plain, skip)
        return
    encoding = layout.encoding
    if not encoding:
        encoding, guessed = told_encoding(lambda: _reopened(path))
        if guessed:
            said.append(f"read as {encoding}, which is a guess; --encoding names another")
    yield from _csv_rows(plain, skip, suffix, encoding, layout.columns)


@contextmanager
def _reopened(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as file:
        yield _unpacked(path, file, format_of(path))[0]


def _unpacked(path: Path, file: IO[bytes], suffix: str) -> tuple[IO[bytes], str]:
    """The bytes of the table itself, and what it is: that of a zip's only file with rows."""
    if suffix == ".zip":
        packed = zipfile.ZipFile(file)
        names = [name for name in packed.namelist() if _suffix(name) in _IN_ZIP and not name.startswith("__MACOSX/")]
        if len(names) != 1:
            listed = ", ".join(names[:5]) or "none"
            raise SourceError(f"{path}: {len(names)} files with rows in it ({listed}); unpack it, or leave one in it")
        return packed.open(names[0]), _suffix(names[0])
    if file.peek(2)[:2] == _GZIP_MAGIC:  # type: ignore[attr-defined]
        return gzip.GzipFile(fileobj=file), suffix  # type: ignore[return-value]
    return file, suffix


def _suffix(name: str) -> str:
    return Path(name).suffix.lower()


def _guarded(path: Path, rows: Iterator[Row]) -> Iterator[Row]:
    try:
        yield from rows
    except SourceError:
        raise
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:  # BadGzipFile, zlib, ArrowInvalid
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


def _array_rows(path: Path, file: IO[bytes], skip: int) -> Iterator[Row]:
    """The elements of an array, or of the array inside an object; a file that is neither is read as JSON lines."""
    body = file.read(_MOST_ARRAY_BYTES + 1)
    if len(body) > _MOST_ARRAY_BYTES:
        raise SourceError(f"{path}: a JSON array of over {_MOST_ARRAY_BYTES:,} bytes; write one object a line (.jsonl)")
    body = _utf8(body)
    try:
        yield from (parse_json(bytes(raw)) for raw in _elements(body)[skip:])
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        if body.lstrip()[:1] == b"[":
            raise SourceError(f"{path}: not a whole JSON array: {error}; nothing of it was read") from error
        yield from _json_rows(io.BytesIO(body), skip)


def _utf8(body: bytes) -> bytes:
    marked = body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return body.decode("utf-16", "replace").encode() if marked else body.removeprefix(codecs.BOM_UTF8)


def _elements(body: bytes) -> list[msgspec.Raw]:
    if body.lstrip()[:1] == b"[":
        return msgspec.json.decode(body, type=list[msgspec.Raw])
    around = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    for name in _AROUND_ROWS:
        if name in around and bytes(around[name]).lstrip()[:1] == b"[":
            return msgspec.json.decode(around[name], type=list[msgspec.Raw])
    return [msgspec.Raw(body)]


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


def _csv_rows(file: IO[bytes], skip: int, suffix: str, encoding: str, columns: tuple[str, ...]) -> Iterator[Row]:
    csv.field_size_limit(MAX_ROW_BYTES)
    errors = "surrogateescape" if encoding == UTF8 else "replace"
    text = io.TextIOWrapper(file, encoding=encoding, errors=errors, newline="")
    first = text.readline(MAX_ROW_BYTES)
    delimiter = "\t" if suffix == ".tsv" else _delimiter(first)
    if told := _SEPARATOR.match(first):  # Excel's own word on it
        delimiter, first = told[1], text.readline(MAX_ROW_BYTES)
    records = CsvRecords(_chained(first, text), delimiter)
    header: list[str] = list(columns)
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
            yield from _rows_of(batch.slice(max(0, skip - seen)))
        seen += batch.num_rows


def _rows_of(batch: Any) -> list[Row]:
    try:
        rows: list[Row] = batch.to_pylist()
    except (OverflowError, ValueError):  # a time that Python has no date for costs its row, not the file
        columns = [[_value(cell) for cell in column] for column in batch.columns]
        rows = [dict(zip(batch.schema.names, row, strict=True)) for row in zip(*columns, strict=True)]
    return rows


def _value(cell: Any) -> Any:
    try:
        return cell.as_py()
    except (OverflowError, ValueError):
        return f"{cell.type} {getattr(cell, 'value', '')} is beyond the calendar"
