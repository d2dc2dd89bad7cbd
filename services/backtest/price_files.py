"""Price files as vendors write them (Yahoo, yfinance, Nasdaq, Stooq, our own columns), brought to one table of texts.

Nothing is judged here but the layout: which column is what, which day and which number a text means.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from services.ingest.documents.dates.wall_time import read_wall_time
from services.ingest.sources.tabular.csv_records import CsvRecords, Unclosed
from shared.universe.securities import Catalogue

ROW: Final = "row"  # number of the line; 1 is the header
WRONG: Final = "wrong"  # what is wrong with the row as a row, "" mostly
MONTH_FIRST: Final = "month_first"  # attribute of a table whose vendor writes 03/04 for the fourth of March
_ALIASES: Final = {
    "timestamp": "date", "datetime": "date", "day": "date", "trade_date": "date", "symbol": "ticker",
    "instrument": "ticker", "close/last": "close", "last": "close", "price": "close", "adj._close": "adj_close",
    "adjusted_close": "adj_close", "adjclose": "adj_close", "vol": "volume", "vol.": "volume",
}  # fmt: skip
_WHOLE: Final = r"(?:\d{1,3}(?:[,'\u2019 ]\d{3})+|\d+)"
_NUMBER: Final = re.compile(rf"[+-]?(?:{_WHOLE}(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
_COMMA: Final = re.compile(r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+),\d+")  # 1.166,71
_UNITS: Final = {"K": 1e3, "M": 1e6, "B": 1e9}
_SLASHED: Final = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_STEM: Final = re.compile(r"[A-Za-z]{1,6}(?:[.-][A-Za-z]{1,3})?")


_Line = tuple[int, list[str], str]  # number, cells, what is wrong with it


class LayoutError(ValueError):
    """A table that is no price file; the text says what is missing."""


def canonical(column: str) -> str:
    """`Adj Close` -> adj_close, `<OPEN>` -> open, `Close/Last` -> close."""
    plain = column.strip().strip("<>").strip().lower().replace(" ", "_")
    return _ALIASES.get(plain, plain)


def timed(header: list[str]) -> list[str]:
    """Where `time` stands alone it says the day as well, as `date` does."""
    return header if "date" in header else ["date" if name == "time" else name for name in header]


def read_table(path: Path, mapping: Mapping[str, str] | None = None) -> pd.DataFrame:
    """The rows of a CSV file (also .gz) as texts under our names, with ROW and WRONG. `mapping`: field to the column
    that has it. Raises LayoutError, OSError and UnicodeDecodeError."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8-sig")
    return table_of(io.StringIO(text, newline=""), mapping)


def table_of(lines: Iterable[str], mapping: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Lines of CSV as texts under our names."""
    mapped = {column: field for field, column in (mapping or {}).items()}
    iterator = iter(lines)
    first = next(iterator, "")
    delimiter = max(",;\t", key=lambda sign: (first.count(sign), sign == ","))
    rows = list(_rows(iterator, first, delimiter))
    if not rows:
        raise LayoutError("it is empty")
    if len(rows) > 2 and rows[1][1] and rows[1][1][0].strip().lower() in {"ticker", "tickers", "price", ""}:
        rows = list(_unstacked(rows))
    us = any(name.strip().lower() == "close/last" for name in rows[0][1])  # Nasdaq's
    header = timed([mapped.get(name.strip()) or canonical(name) for name in rows[0][1]])
    if absent := sorted(set(mapped) - {name.strip() for name in rows[0][1]}):
        raise LayoutError(f"--map: it has no column {absent[0]!r}; columns: {', '.join(rows[0][1])}")
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise LayoutError(f"it has two columns that mean {twice[0]!r}; leave one out")
    body = [
        (number, cells, wrong or _wrong(cells, header))
        for number, cells, wrong in rows[1:]
        if any(map(str.strip, cells))
    ]
    filled = [[*cells[: len(header)], *[""] * (len(header) - len(cells))] for _, cells, _ in body]
    table = pd.DataFrame(filled, columns=pd.Index(header), dtype=object)
    table.attrs[MONTH_FIRST] = us
    table[ROW] = [number for number, _, _ in body]
    table[WRONG] = [wrong for _, _, wrong in body]
    if delimiter == ";":
        table = table.map(lambda cell: _with_point(cell) if isinstance(cell, str) else cell)
    return table


def _rows(lines: Iterator[str], first: str, delimiter: str) -> Iterator[_Line]:
    def all_lines() -> Iterator[str]:
        yield first
        yield from lines

    records = CsvRecords(all_lines(), delimiter)
    for record in records:
        if isinstance(record, Unclosed):
            yield records.line, record.strip().split(delimiter), "a quote opens here and does not close"
        elif cells := next(csv.reader([record], delimiter=delimiter), []):
            yield records.line, cells, ""


def _wrong(cells: Sequence[str], header: Sequence[str]) -> str:
    if len(cells) > len(header):
        return f"{len(cells)} cells under {len(header)} columns"
    return ""


def _unstacked(rows: list[_Line]) -> Iterator[_Line]:
    """yfinance writes a column for each field and ticker, under two lines of headers and one that says Date."""
    upper, lower = rows[0][1], rows[1][1]
    if upper[0].strip().lower().startswith("ticker"):
        upper, lower = lower, upper
    fields = list(dict.fromkeys(name for name in upper[1:] if name))
    tickers = list(dict.fromkeys(name for name in lower[1:] if name))
    places = {(f, t): i for i, (f, t) in enumerate(zip(upper[1:], lower[1:], strict=False), 1)}
    yield 1, ["date", "ticker", *fields], ""
    for number, cells, wrong in rows[2:]:
        if cells[0].strip().lower() in {"date", "datetime", ""}:
            continue
        for ticker in tickers:
            found = [cells[at] if (at := places.get((f, ticker), -1)) in range(len(cells)) else "" for f in fields]
            if any(found):  # an empty block: this company was not traded then
                yield number, [cells[0], ticker, *found], wrong


def ticker_in(path: Path) -> str:
    """The ticker that a file is named after, "" where the catalogue knows none."""
    stem = re.split(r"\.(?:csv|txt|parquet|pq)\b", path.name, maxsplit=1, flags=re.IGNORECASE)[0]
    return stem.upper() if _STEM.fullmatch(stem) and Catalogue.load().resolve(stem) else ""


def numbers(column: pd.Series) -> pd.Series:
    """Texts as floats: `1,166.71`, `$222.35`, `23.1M`; NaN for what is none or is empty, infinities as they stand."""
    fast = pd.to_numeric(column, errors="coerce")
    slow = fast.isna() & (column.str.strip() != "")
    if slow.any():
        fast[slow] = column[slow].map(_number)
    return fast.astype(float)


def _number(text: str) -> float:
    plain = text.strip().lstrip("$\u20ac\u00a3\u00a5").strip()
    unit = _UNITS.get(plain[-1:].upper(), 1.0)
    plain = plain[:-1] if unit != 1.0 else plain
    if not _NUMBER.fullmatch(plain):
        return np.nan
    return float(re.sub(r"[,'\u2019 ]", "", plain)) * unit


def _with_point(cell: str) -> str:
    """A number with a decimal comma, in a file whose cells are parted by semicolons."""
    return cell.replace(".", "").replace(",", ".") if _COMMA.fullmatch(cell.strip()) else cell


def days(column: pd.Series, month_first: bool = False) -> pd.Series:
    """Texts as the calendar days that they show, None for what is none. A time of day and its zone are read, too, and
    change nothing: a bar belongs to the day that is written on it."""
    order = True if month_first else month_order(column)
    known = {text: _day(text.strip(), order) for text in column.unique()}
    return column.map(known)


def _day(text: str, month_first: bool | None) -> date | None:
    slashed = _SLASHED.fullmatch(text)
    try:
        if slashed:
            if month_first is None:
                return None
            month, day = (1, 2) if month_first else (2, 1)
            return date(int(slashed[3]), int(slashed[month]), int(slashed[day]))
        if text.isascii() and text.isdecimal():
            return date.fromisoformat(text) if len(text) == 8 else None
        read = read_wall_time(text)
        if not isinstance(read, datetime):
            return read
        return (
            date.fromisoformat(text[:10].replace("/", "-").replace(".", "-")) if text[:4].isdecimal() else read.date()
        )
    except ValueError:
        return None


def month_order(column: pd.Series) -> bool | None:
    """Whether 03/04/2026 is the fourth of March: what every such day of the file allows, None where that is both."""
    found = [match for text in column.unique() if (match := _SLASHED.fullmatch(text.strip()))]
    months, others = [int(one[1]) for one in found], [int(one[2]) for one in found]
    if max(others, default=0) > 12 >= max(months, default=0):
        return True
    return False if max(months, default=0) > 12 >= max(others, default=0) else None
