"""A CSV file as a table of strings, whatever its separator and its encoding."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from services.training.errors import DataError


def read_table(path: Path, columns: Iterable[str]) -> pd.DataFrame:
    """A CSV file as strings; raises DataError when it is absent, empty, not CSV, or lacks one of ``columns``.

    Separated by commas, semicolons or tabs, as its header is; in UTF-8, UTF-16 with a mark, or else cp1252.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    try:
        text = _decoded(path.read_bytes())
        header = text.lstrip("\r\n").partition("\n")[0]
        sign = max(",;\t", key=lambda each: (header.count(each), each == ","))
        table = pd.read_csv(io.StringIO(text), sep=sign, dtype=str, keep_default_na=False)
        if len(table.columns) == 1:  # there a blank line is an empty text, and a row like any other
            table = pd.read_csv(io.StringIO(text), sep=sign, dtype=str, keep_default_na=False, skip_blank_lines=False)
            table = table.fillna("")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not a CSV file with a header ({error})") from None
    if not isinstance(table.index, pd.RangeIndex):  # pandas takes a field too many for a name of the row
        raise DataError(f"{path}: rows have more fields than the header; a text with a comma in it needs quotes")
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise DataError(f"{path}: no column {', '.join(missing)}; it has {', '.join(table.columns)}")
    if table.empty:
        raise DataError(f"{path}: has a header and no rows")
    return table


def _decoded(raw: bytes) -> str:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252")
