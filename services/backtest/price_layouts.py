"""Prices in whatever lies there: one CSV or Parquet file, a folder with a file for each ticker, long or wide.

A wide table has a column of closes for each ticker. Where there are closes alone, they stand for every price of the
day, and the table says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from services.backtest.price_files import MONTH_FIRST, ROW, WRONG, LayoutError, canonical, read_table, ticker_in, timed
from shared.universe.securities import Catalogue

CLOSES_ALONE: Final = "closes_alone"  # attribute of a table that had no other prices
_FIELDS: Final = ("date", "time", "ticker", "open", "high", "low", "close", "adj_close", "volume", "currency")
_READ: Final = (".csv", ".csv.gz", ".txt", ".parquet", ".pq")
_WIDE_SHARE: Final = 0.5  # of the columns that have to be tickers


def parse_price_map(text: str) -> dict[str, str]:
    """{"close": "Settle"} from `close=Settle,…`. Raises LayoutError."""
    mapping: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        field, equals, column = (part.strip() for part in pair.partition("="))
        if not equals or field not in _FIELDS or not column:
            raise LayoutError(f"--map {pair}: write FIELD=column; fields: {', '.join(_FIELDS)}")
        mapping[field] = column
    return mapping


def read_any(path: Path, ticker: str = "", mapping: Mapping[str, str] | None = None) -> pd.DataFrame:
    """The rows of all that lies at `path`, as texts. Raises LayoutError, OSError and UnicodeDecodeError."""
    if not path.is_dir():
        return _completed(_read(path, ticker, mapping or {}))
    files = sorted(each for each in path.iterdir() if each.name.lower().endswith(_READ))
    if not files:
        raise LayoutError(f"there is no file of prices in it ({', '.join(_READ)}); each is named after its ticker")
    tables = []
    for each in files:
        try:
            tables.append(_completed(_read(each, "", mapping or {})))
        except LayoutError as error:
            raise LayoutError(f"{each.name}: {error}") from None
    found = pd.concat(tables, ignore_index=True).fillna("")
    found.attrs = {MONTH_FIRST: all(table.attrs.get(MONTH_FIRST, False) for table in tables),
                   CLOSES_ALONE: any(table.attrs.get(CLOSES_ALONE, False) for table in tables)}  # fmt: skip
    return found


def _read(path: Path, ticker: str, mapping: Mapping[str, str]) -> pd.DataFrame:
    if path.suffix.lower() in {".parquet", ".pq"}:
        return _named(_parquet(path, mapping), path, ticker)
    table = read_table(path, mapping)
    return _named(_long(table), path, ticker)


def _parquet(path: Path, mapping: Mapping[str, str]) -> pd.DataFrame:
    """As texts, like those of a CSV file; an index that is a date, or a ticker, is a column like others."""
    table = pd.read_parquet(path)
    if isinstance(table.columns, pd.MultiIndex):  # yfinance's: field and ticker
        table = table.stack(level=-1, future_stack=True)
    if any(name is not None for name in table.index.names) or isinstance(table.index, pd.DatetimeIndex):
        names = [name or "date" for name in table.index.names]
        table = table.reset_index(names=names if len(names) > 1 else names[0])
    there = [str(name) for name in table.columns]
    if absent := sorted(set(mapping.values()) - set(there)):
        raise LayoutError(f"--map: it has no column {absent[0]!r}; columns: {', '.join(there)}")
    found = {column: field for field, column in mapping.items()}
    names = timed([found.get(str(name), canonical(str(name))) for name in table.columns])
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise LayoutError(f"it has two columns that mean {twice[0]!r}; leave one out")
    texts = pd.DataFrame({name: _texts(table.iloc[:, at]) for at, name in enumerate(names)}, dtype=object)
    texts[ROW] = np.arange(1, len(texts) + 1)
    texts[WRONG] = ""
    return _long(texts)


def _texts(column: pd.Series) -> pd.Series:
    return column.astype(object).where(column.notna(), "").map(lambda value: repr(value) if isinstance(value, float)
                                                               else str(value))  # fmt: skip


def _long(table: pd.DataFrame) -> pd.DataFrame:
    """A wide table as a long one; any other as it is."""
    others = [name for name in table.columns if name not in {"date", ROW, WRONG}]
    if "date" not in table or not others or {"ticker", "close", "open"} & set(others):
        return table
    catalogue = Catalogue.load()
    known = [name for name in others if catalogue.resolve(str(name))]
    if len(known) < max(1, _WIDE_SHARE * len(others)):
        return table
    long = table.melt(id_vars=["date", ROW, WRONG], value_vars=others, var_name="ticker", value_name="close")
    long = long[long["close"].str.strip() != ""].reset_index(drop=True)
    long["ticker"] = long["ticker"].str.upper()
    long.attrs = dict(table.attrs)
    return long


def _named(table: pd.DataFrame, path: Path, ticker: str) -> pd.DataFrame:
    """With a column of tickers: of one company it is `ticker`, or the one that the file is named after."""
    if "date" not in table or "ticker" in table or not len(table):
        return table
    named = ticker or ticker_in(path)
    if not named:
        raise LayoutError(
            "there is no column 'ticker'; name the company with --ticker, or the file after it (AAPL.csv)"
        )
    return table.assign(ticker=named)


def _completed(table: pd.DataFrame) -> pd.DataFrame:
    if "close" not in table or {"open", "high", "low"} & set(table.columns):
        return table
    attributes = {**table.attrs, CLOSES_ALONE: True}
    table = table.assign(**dict.fromkeys(("open", "high", "low"), table["close"]))
    if "volume" not in table:
        table = table.assign(volume="")
    table.attrs = attributes
    return table
