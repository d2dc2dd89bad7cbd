"""Plain texts from a file (CSV, JSON lines, one a line; gzip), with the company that a row names; no labels."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from services.training.data.tables import read_table
from services.training.errors import DataError

_TEXT_FIELDS = ("text", "title")
_COMPANY_FIELDS = ("entity", "company")


def read_texts(path: Path) -> list[str]:
    """Texts of a file: .csv (column text, else title), .jsonl (title, summary and text, as far as a line has them,
    joined) or one a line; .gz is fine.
    """
    return list(dict.fromkeys(text for text, _ in read_rows(path)))


def read_rows(path: Path) -> list[tuple[str, str]]:
    """(text, name of its company or "") of every row that has a text."""
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    kind = Path(path.stem if path.suffix == ".gz" else path.name).suffix
    if kind == ".csv":
        table = read_table(path, [])
        column = next((name for name in _TEXT_FIELDS if name in table), None)
        if column is None:
            raise DataError(f"{path}: no column text or title; it has {', '.join(table.columns)}")
        rows = [(row[column], _company_of(row)) for row in table.to_dict("records")]
    else:
        lines = (line for line in lines_of(path) if line.strip())
        rows = [_parsed(line, path) if kind in (".jsonl", ".json") else (line, "") for line in lines]
    named = [(text.strip(), company) for text, company in rows if text.strip()]
    if not named:
        raise DataError(f"{path}: holds no text")
    return named


def lines_of(path: Path) -> Iterator[str]:
    """The lines of a text file, which may be a gzip; raises DataError for one that cannot be read."""
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8", errors="replace") as lines:
            yield from lines
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read ({error})") from None


def _parsed(line: str, path: Path) -> tuple[str, str]:
    try:
        row = json.loads(line)
    except ValueError:
        raise DataError(f"{path}: a line is not JSON: {line[:60]!r}") from None
    if not isinstance(row, dict):
        raise DataError(f"{path}: a line is not a JSON object: {line[:60]!r}")
    return " ".join(str(row[name]) for name in ("title", "summary", "text") if row.get(name)), _company_of(row)


def _company_of(row: dict[str, Any]) -> str:
    return next((str(row[name]) for name in _COMPANY_FIELDS if row.get(name)), "")
