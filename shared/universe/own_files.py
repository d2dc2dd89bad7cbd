"""Files of a user's own, laid over the shipped catalogue (`universe.files`): CSV or Parquet, ticker and name suffice.

    ticker,name
    ABCX,Abacus Example
    TWLO,Twilio            a row for a company that is known already completes or renames it

The columns of rows.py are read, too. `ticker` and `symbol` are the home symbol in Yahoo's form, `name` is the first
name. A row without an id is the instrument that has its ticker already; else its id is the ticker, in capitals, or,
where there is none, the name.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from shared.universe.instrument import Instrument
from shared.universe.rows import COLUMNS, CatalogueError, instrument_of

_ALIASES: Final = {
    "symbol": "tickers", "ticker": "tickers", "name": "names", "aliases": "names", "company": "names", "isin": "isin",
    "cik": "cik", "lei": "lei", "figi": "figi", "type": "kind", "mic": "exchange",
}  # fmt: skip
FOLDER: Final = "universe"  # of the state folder: what `bellwether universe import` copies, read without being named
_SCHEMES: Final = ("isin", "cik", "lei", "figi")
_in_use: list[Path] = []


def use_files(files: Iterable[Path]) -> None:
    """Say which files this process lays over the catalogue: the settings do, when they are read."""
    _in_use[:] = files


def files_in_use() -> tuple[Path, ...]:
    """The files that `Catalogue.load()` reads besides the shipped ones."""
    return tuple(_in_use)


def own_in(state: Path) -> list[Path]:
    """The files of STATE/universe, by name."""
    return sorted(path for path in (state / FOLDER).glob("*") if path.suffix.lower() in (".csv", ".parquet"))


def read_own(path: Path) -> bytes:
    """A user's file as CSV. Raises CatalogueError with what to do about it."""
    try:
        if path.suffix.lower() == ".parquet":
            return _parquet(path)
        return path.read_bytes()
    except FileNotFoundError:
        raise CatalogueError(f"universe.files: {path} does not exist; correct the path or take it out") from None
    except OSError as error:
        raise CatalogueError(f"universe.files: {path} cannot be read: {error.strerror}") from error


def own_rows(raw: bytes, file: str, holders: Mapping[str, str]) -> Iterator[Instrument]:
    """The instruments of a user's file; `holders` says whose a symbol is already: symbol -> id.

    Raises CatalogueError with the file's name and the line.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CatalogueError(f"{file} is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = _columns(rows.fieldnames or (), file)
        for row in rows:
            yield _instrument(row, columns, holders, f"{file} line {rows.line_num}", file)
    except csv.Error as error:
        raise CatalogueError(f"{file} line {rows.line_num}: {error}") from None


def _columns(header: Iterable[str], file: str) -> dict[str, str]:
    """The file's names of columns, and ours."""
    columns = {name: _ALIASES.get(name.strip().lower(), name.strip().lower()) for name in header}
    if not {"id", "tickers", "names"} & set(columns.values()):
        raise CatalogueError(f"{file} has neither ticker nor name in its first line; give it the header ticker,name")
    if unknown := sorted(set(columns.values()) - {*COLUMNS, *_SCHEMES}):
        raise CatalogueError(f"{file}: unknown column {unknown[0]!r}; use {', '.join((*COLUMNS, *_SCHEMES))}")
    return columns


def _instrument(
    row: dict[str, str], columns: Mapping[str, str], holders: Mapping[str, str], place: str, file: str
) -> Instrument:
    if None in row:
        raise CatalogueError(f"{place}: more cells than the header has; quote a name that holds a comma")
    cells: dict[str, str] = {}
    for name, written in row.items():
        column, value = columns[name], (written or "").strip()
        if value:
            cells[column] = f"{cells[column]}|{value}" if column == "names" and column in cells else value
    tickers = cells.get("tickers", "").upper().replace("$", "").replace("-", ".").replace("/", ".")
    cells["tickers"] = tickers
    first = tickers.split(" ")[0].partition("@")[0].partition("~")[0]
    cells["id"] = cells.get("id") or holders.get(first, first) or cells.get("names", "").partition("|")[0].lstrip("?")
    found = [f"{scheme}:{cells[scheme]}" for scheme in _SCHEMES if scheme in cells]
    cells["identifiers"] = " ".join([*cells.get("identifiers", "").split(), *found])
    cells["kind"] = cells.get("kind", "").lower()
    return instrument_of(cells, place, file)


def _parquet(path: Path) -> bytes:
    import pyarrow
    import pyarrow.csv
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(path)
        text = table.cast(pyarrow.schema([(name, pyarrow.string()) for name in table.column_names]))
    except pyarrow.ArrowException as error:
        raise CatalogueError(f"universe.files: {path} is no Parquet file that can be read: {error}") from None
    file = io.BytesIO()
    pyarrow.csv.write_csv(text, file)
    return file.getvalue()
