"""A user's expected dates, as CSV. What is wrong is named with its line and the remedy.

    date,time,ticker,market,kind,note,known_from,known_until
    2026-04-30,16:30 America/New_York,AAPL,,earnings,Q2,2026-04-02,
    2026-04-29,18:00Z,,US,central bank,FOMC,2025-06-20,
    2026-05-05,,AMZN,,earnings,,2026-04-01,2026-04-20        until it was moved

Asked for are `date`, `kind`, and one of `ticker` and `market` (a country, or * for all). Without `known_from` a row is
known from the moment at which its file was laid where it lies, and never before.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from shared.clock import to_micros
from shared.universe.expected.expected import EVERYBODY, Expected, end_of, start_of
from shared.universe.rows import CatalogueError
from shared.universe.securities import Catalogue

COLUMNS: Final = ("date", "time", "ticker", "market", "kind", "note", "known_from", "known_until")
_NAMED: Final = r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*"  # a zone of the IANA
_CLOCK: Final = re.compile(rf"(\d{{1,2}}:\d{{2}}(?::\d{{2}})?)\s*(Z|[+-]\d{{2}}:?\d{{2}}|{_NAMED})?", re.ASCII)
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
LONGEST: Final = 200  # characters of a kind or a note
FIRST_YEAR, LAST_YEAR = 1970, 2200
MOST_BYTES: Final = 32_000_000


class ExpectedError(CatalogueError):
    """A file of expected dates that cannot be used; the text names the file, the line and the remedy."""


def laid_at(path: Path) -> int:
    """When a file came to lie where it lies (microseconds): the change of its inode, which no copying sets back."""
    return path.stat().st_ctime_ns // 1_000


def read_expected(path: Path, catalogue: Catalogue, laid: int | None = None) -> list[Expected]:
    """`laid`: from when rows without known_from are known; by default `laid_at`. Raises ExpectedError."""
    try:
        raw = path.read_bytes()
        loaded = laid_at(path) if laid is None else laid
    except FileNotFoundError:
        raise ExpectedError(f"expected.files: {path} does not exist; correct the path or take it out") from None
    except OSError as error:
        raise ExpectedError(f"{path} cannot be read: {error.strerror or error}") from None
    if len(raw) > MOST_BYTES:
        raise ExpectedError(f"{path} is larger than {MOST_BYTES // 1_000_000} MB; is it a list of dates?")
    return expected_in(raw, str(path), path.name, catalogue, loaded)


def expected_in(raw: bytes, place: str, source: str, catalogue: Catalogue, laid: int) -> list[Expected]:
    """The rows of a file. `place` stands in errors."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ExpectedError(f"{place} is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    found: dict[Expected, int] = {}
    try:
        _check_header(rows.fieldnames or (), place)
        for row in rows:
            here = f"{place} line {rows.line_num}"
            if None in row:
                raise ExpectedError(f"{here}: more cells than the header has; quote a note that holds a comma")
            cells = {(name or "").strip().lower(): (value or "").strip() for name, value in row.items()}
            if not any(cells.values()):
                continue
            one = _expected(cells, here, catalogue, laid, source)
            if one in found:
                raise ExpectedError(f"{here}: the same as line {found[one]}; leave one out")
            found[one] = rows.line_num
    except csv.Error as error:
        raise ExpectedError(f"{place} line {rows.line_num}: {error}") from None
    return sorted(found, key=lambda one: one.order)


def _check_header(header: Sequence[str], place: str) -> None:
    names = [(name or "").strip().lower() for name in header]
    if not {"date", "kind"} <= set(names) or not {"ticker", "market"} & set(names):
        raise ExpectedError(f"{place}: its first line lacks date, kind, or ticker or market; write {','.join(COLUMNS)}")
    if unknown := next((name for name in names if name not in COLUMNS), None):
        raise ExpectedError(f"{place}: unknown column {unknown!r}; use {', '.join(COLUMNS)}")


def _expected(cells: Mapping[str, str], place: str, catalogue: Catalogue, laid: int, source: str) -> Expected:
    day = _day(cells["date"], "date", place)
    clock = cells.get("time", "")
    begin, end = (start_of(day), end_of(day)) if not clock else (_instant(day, clock, place),) * 2
    company, market = _whose(cells, place, catalogue)
    kind, note = cells["kind"], cells.get("note", "")
    if not kind:
        raise ExpectedError(f"{place}: no kind; write what is expected, for example, earnings")
    if max(len(kind), len(note)) > LONGEST:
        raise ExpectedError(f"{place}: a kind or a note of more than {LONGEST} characters; shorten it")
    known, until = cells.get("known_from", ""), cells.get("known_until", "")
    start = _moment(known, "known_from", place) if known else laid
    stop = _moment(until, "known_until", place) if until else None
    if stop is not None and stop <= start:
        raise ExpectedError(f"{place}: known_until {until} is not after {known or 'the file was laid'}")
    return Expected(begin, end, kind, company, market, note, start, stop, source)


def _whose(cells: Mapping[str, str], place: str, catalogue: Catalogue) -> tuple[str, str]:
    ticker, market = cells.get("ticker", ""), cells.get("market", "").upper()
    if bool(ticker) == bool(market):
        raise ExpectedError(f"{place}: give either a ticker or a market (US, DE, … or {EVERYBODY} for all)")
    if market:
        if market != EVERYBODY and not _COUNTRY.fullmatch(market):
            raise ExpectedError(f"{place}: market {market!r}; write two letters of a country, as US, or {EVERYBODY}")
        return "", market
    known = catalogue.by_id.get(ticker) or catalogue.resolve(ticker)
    if known is None:
        raise ExpectedError(f"{place}: ticker {ticker!r} is not known; find its id: bellwether universe search NAME")
    return known.id, ""


def _day(text: str, column: str, place: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ExpectedError(f"{place}: {column} {text!r} is no day; write 2026-04-30") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ExpectedError(f"{place}: {column} {text!r} lies before {FIRST_YEAR} or after {LAST_YEAR}")
    return day


def _instant(day: date, clock: str, place: str) -> int:
    found = _CLOCK.fullmatch(clock)
    if not found:
        raise ExpectedError(f"{place}: time {clock!r}; write 16:30 America/New_York, 20:30Z or 22:30+02:00")
    if not found[2]:
        raise ExpectedError(f"{place}: time {clock!r} names no zone; write {clock} America/New_York, or {clock}Z")
    try:
        zone = "" if not found[2][0].isalpha() or found[2] == "Z" else found[2]
        hour = found[1].zfill(8 if found[1].count(":") == 2 else 5)
        wall = datetime.fromisoformat(f"{day.isoformat()}T{hour}{'' if zone else found[2]}")
        return to_micros(wall.replace(tzinfo=ZoneInfo(zone)) if zone else wall)
    except (ValueError, KeyError, OSError, OverflowError):
        raise ExpectedError(f"{place}: time {clock!r} is no time of that day, or of no zone that is known") from None


def _moment(text: str, column: str, place: str) -> int:
    """A bare day is known at its end; an instant needs its zone."""
    if len(text) == 10:
        return end_of(_day(text, column, place))
    try:
        wall = datetime.fromisoformat(text)
        return to_micros(wall)
    except (ValueError, OverflowError):
        raise ExpectedError(
            f"{place}: {column} {text!r} is neither a day (2026-04-02) nor a time with its zone (2026-04-02T13:00Z)"
        ) from None
