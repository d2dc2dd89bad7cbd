"""Daily prices from a file: read, checked row by row, adjusted for corporate actions, laid out by session and company.

Nothing is repaired in silence. Every row that cannot be used is named (`PriceProblem`), and is left out, or stops the
run under `strict`. A company's prices are those of one share class, all of the file long. A ticker whose rows end early
(delisted) keeps what it has; the missing sessions stay NaN.
"""

from __future__ import annotations

import csv
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import exchange_calendars
import numpy as np
import pandas as pd

from services.backtest.price_files import MONTH_FIRST, ROW, WRONG, LayoutError, days, numbers
from services.backtest.price_layouts import CLOSES_ALONE, parse_price_map, read_any

COLUMNS = ("date", "ticker", "open", "high", "low", "close", "volume")
PRICES = ("open", "high", "low", "close")
FIRST_DAY = date(1970, 1, 1)  # no text is older, and calendars of three centuries take minutes to make
JUMP_UP, JUMP_DOWN = 1.4, 0.7  # close-to-close ratios beyond which a move is called suspicious


class PriceError(ValueError):
    """A price file that cannot be used; the text names the file, the row and the remedy."""


@dataclass(frozen=True, slots=True)
class PriceProblem:
    """One row (1 is the header) and what is wrong with it. `dropped` says whether the row was left out."""

    row: int
    ticker: str
    date: str
    problem: str
    dropped: bool = True

    def __str__(self) -> str:
        return f"row {self.row} ({self.ticker} {self.date}): {self.problem}"


@dataclass(frozen=True, slots=True)
class Grid:
    """What prices of less than a day have besides: how their bars lie in sessions."""

    minutes: int  # from a bar's begin to the next one's
    session: np.ndarray  # by bar: number of its session, from 0
    days: pd.DatetimeIndex  # by session: its day (naive)
    traded: pd.DataFrame  # bars x companies: whether there was a bar, so that an order could be filled
    labels: str = "start"  # what the file's times were: a bar's start or its end

    @property
    def first(self) -> np.ndarray:
        """By session: its first bar; one more entry for the end."""
        return np.searchsorted(self.session, np.arange(len(self.days) + 1))

    @property
    def last_of(self) -> np.ndarray:
        """By bar: the last bar of its session."""
        last: np.ndarray = self.first[self.session + 1] - 1
        return last

    @property
    def full_session(self) -> int:
        """Bars of the longest session."""
        return int(np.diff(self.first).max())


@dataclass(frozen=True, slots=True)
class Prices:
    """Adjusted prices: frames with one row a session (naive midnight dates) and one column a company;
    NaN where there is none. With a `grid` one row a bar, named by the instant at which it begins (UTC, naive); a bar
    that a company lacks between its first and its last stands at the last close before it.
    """

    open: pd.DataFrame
    close: pd.DataFrame
    volume: pd.DataFrame
    calendar: exchange_calendars.ExchangeCalendar
    problems: tuple[PriceProblem, ...]
    grid: Grid | None = None

    @property
    def opens_at(self) -> pd.DatetimeIndex:
        """The instant (UTC) at which each session, or bar, opens."""
        if self.grid is not None:
            return pd.DatetimeIndex(self.open.index).tz_localize("UTC")
        return pd.DatetimeIndex(self.calendar.opens.loc[self.open.index])

    @property
    def tradeable(self) -> pd.DataFrame:
        """Where an order can be filled at the open."""
        return self.grid.traded if self.grid is not None else self.open.notna()


def load_prices(
    path: Path,
    *,
    calendar: str = "XNYS",
    currency: str = "USD",
    today: date,
    strict: bool = False,
    company_of: Callable[[str, date], str] | None = None,
    ticker: str = "",
    mapping: str = "",
) -> Prices:
    """Read what price_layouts.py reads; then as `check_prices`. `ticker` names a company where no column does,
    `mapping` (FIELD=column,…) columns of other names."""
    return check_prices(
        read_prices(path, ticker, mapping),
        str(path),
        calendar=calendar,
        currency=currency,
        today=today,
        strict=strict,
        company_of=company_of,
    )


def check_prices(
    table: pd.DataFrame,
    path: str,
    *,
    calendar: str = "XNYS",
    currency: str = "USD",
    today: date,
    strict: bool = False,
    company_of: Callable[[str, date], str] | None = None,
) -> Prices:
    """A table of texts, one row a line, as prices by session and company. `path` stands in errors.

    `company_of(ticker, day)` names the column; by default the ticker itself. Raises PriceError when a column is
    missing, nothing usable is left, or, under `strict`, at the first problem (a suspicious jump is none).
    """
    table = with_columns(table, path)
    problems: list[PriceProblem] = []
    closes_alone = bool(table.attrs.get(CLOSES_ALONE))
    table = _checked(table, today, currency, problems)
    exchange = calendar_of(calendar, table["date"])
    table = _on_sessions(table, exchange, problems)
    table = one_class(named(table, company_of), problems)
    if not table.empty:
        problems.extend(_holes(table, exchange))
    if strict and problems:
        raise PriceError(
            f"{path}: {problems[0]} ({len(problems)} problems in total; omit --strict to continue without these rows)"
        )
    if table.empty:
        raise PriceError(
            f"{path}: no usable row is left; the first problem: {problems[0] if problems else 'the file is empty'}"
        )
    problems.extend(jumps(table))
    if closes_alone:
        said = "closes alone: a trade at a session's open is reckoned at its close"
        problems.append(PriceProblem(1, "", "", said, dropped=False))
    return _layout(table, exchange, problems)


def with_columns(table: pd.DataFrame, path: str) -> pd.DataFrame:
    """The table with ROW and WRONG, if it has the columns of prices. Raises PriceError."""
    missing = [column for column in COLUMNS if column not in table.columns]
    if missing:
        raise PriceError(
            f"{path}: missing column(s) {', '.join(missing)}; expected {','.join(COLUMNS)}[,adj_close][,currency]"
        )
    return table if ROW in table else table.assign(**{ROW: np.arange(2, len(table) + 2), WRONG: ""})


def named(table: pd.DataFrame, company_of: Callable[[str, date], str] | None) -> pd.DataFrame:
    """With the company that each ticker was in each month."""
    if company_of is None:
        return table.assign(company=table["ticker"])
    pairs = table[["ticker", "date"]].assign(month=table["date"].dt.to_period("M"))
    keys = list(zip(pairs["ticker"], pairs["month"], strict=True))
    names = {key: company_of(key[0], key[1].start_time.date()) for key in set(keys)}
    return table.assign(company=[names[key] for key in keys])


def one_class(table: pd.DataFrame, problems: list[PriceProblem]) -> pd.DataFrame:
    """Of tickers of one company at one time, the one with most rows; a ticker that follows another is a new name."""
    spans = table.groupby(["company", "ticker"], sort=False)["date"].agg(["min", "max", "count"]).reset_index()
    several = spans[spans.duplicated("company", keep=False)]
    left_out = []
    for company, classes in several.groupby("company", sort=True):
        kept: list[tuple[object, object, str]] = []
        for one in classes.sort_values(["count", "ticker"], ascending=[False, True]).itertuples():
            beside = [ticker for first, last, ticker in kept if one.min <= last and first <= one.max]
            if not beside:
                kept.append((one.min, one.max, one.ticker))
                continue
            rows = table[(table["company"] == company) & (table["ticker"] == one.ticker)]
            text = f"another share class of {company}, whose {beside[0]} is used; its {one.count} rows are left out"
            problems.append(PriceProblem(int(rows[ROW].iloc[0]), one.ticker, str(one.min.date()), text))
            left_out.append(rows.index)
    return table.drop(index=np.concatenate(left_out)) if left_out else table


def read_prices(path: Path, ticker: str = "", mapping: str = "") -> pd.DataFrame:
    """The rows of a price file as texts. Raises PriceError when there is none."""
    if not path.exists():
        raise PriceError(f"{path}: no such price file; give one with the columns {','.join(COLUMNS)}")
    try:
        return read_any(path, ticker, parse_price_map(mapping))
    except LayoutError as error:
        raise PriceError(f"{path}: {error}") from None
    except (ValueError, OSError, EOFError, zlib.error, csv.Error) as error:
        raise PriceError(f"{path}: not a file of prices ({error}); expected the columns {','.join(COLUMNS)}") from None


def _checked(table: pd.DataFrame, today: date, currency: str, problems: list[PriceProblem]) -> pd.DataFrame:
    """Drop rows by rule, naming each; returns typed columns sorted by (ticker, date)."""
    day = days(table["date"], bool(table.attrs.get(MONTH_FIRST)))
    inside = day.map(lambda one: one is not None and FIRST_DAY <= one <= today)
    typed = with_numbers(table).assign(date=pd.to_datetime(day.where(inside), errors="coerce"))
    rules: list[tuple[str, pd.Series]] = [
        ("not a date (YYYY-MM-DD)", day.isna()),
        (f"a date before {FIRST_DAY}", day.map(lambda one: one is not None and one < FIRST_DAY)),
        ("a date in the future", day.map(lambda one: one is not None and one > today)),
        *rules_of_values(table, typed, currency),
    ]
    bad = named_by(rules, table, problems)
    return _unique_and_sorted(typed[~bad], problems)


def with_numbers(text: pd.DataFrame) -> pd.DataFrame:
    """Tickers without blanks around them, and prices as floats; NaN for what is none."""
    parsed = {name: numbers(text[name]) for name in (*PRICES, "volume")}
    adjusted = numbers(text["adj_close"]) if "adj_close" in text else pd.Series(np.nan, index=text.index)
    return text.assign(ticker=text["ticker"].str.strip(), **parsed, adj_close=adjusted)


def rules_of_values(text: pd.DataFrame, typed: pd.DataFrame, currency: str) -> list[tuple[str, pd.Series]]:
    """(what is wrong with a row, where) of everything but its time. `typed`: the same rows by `with_numbers`."""
    rules = [
        ("no ticker", typed["ticker"] == ""),
        ("no close", text["close"].str.strip() == ""),
        *((f"its {name} is not a number", _no_number(text[name], typed[name])) for name in (*PRICES, "volume")),
        ("a price of zero or less", (typed[list(PRICES)] <= 0).any(axis=1)),
        ("high below low", typed["high"] < typed["low"]),
    ]
    if "adj_close" in text:
        rules.append(("its adj_close is not a number", _no_number(text["adj_close"], typed["adj_close"])))
        rules.append(("an adj_close of zero or less", typed["adj_close"] <= 0))
    if "currency" in text:
        rules.append((f"a currency other than {currency}", ~text["currency"].isin([currency, ""])))
    return rules


def named_by(rules: list[tuple[str, pd.Series]], text: pd.DataFrame, problems: list[PriceProblem]) -> pd.Series:
    """Every bad row under the first rule that it breaks, what is wrong with it as a row before all; where rows are."""
    wrong = [(each, text[WRONG] == each) for each in sorted(set(text[WRONG]) - {""}, reverse=True)]
    bad = pd.Series(False, index=text.index)
    for problem, mask in (*wrong, *rules):
        for index in text.index[mask & ~bad]:
            row = int(text.at[index, ROW])
            problems.append(PriceProblem(row, str(text.at[index, "ticker"]), str(text.at[index, "date"]), problem))
        bad |= mask
    return bad


def _no_number(text: pd.Series, number: pd.Series) -> pd.Series:
    """Where a text is there and is no finite number."""
    plain = text.str.strip().str.lower()
    return ~np.isfinite(number) & ~plain.isin(["", "nan", "null", "none", "n/a", "-"])


def _unique_and_sorted(table: pd.DataFrame, problems: list[PriceProblem]) -> pd.DataFrame:
    repeated = table.duplicated(["ticker", "date"], keep="first")
    for row in table[repeated].itertuples():
        problems.append(
            PriceProblem(row.row, row.ticker, str(row.date.date()), "this day appears twice; the first row is used")
        )
    table = table[~repeated]
    unsorted = table.groupby("ticker", sort=False)["date"].transform(
        lambda day: (day < day.cummax()) & (not day.is_monotonic_decreasing)  # newest first is an order, too
    )
    for row in table[unsorted].itertuples():
        problems.append(PriceProblem(row.row, row.ticker, str(row.date.date()), "out of order; sorted", dropped=False))
    return table.sort_values(["ticker", "date"], kind="stable")


def calendar_of(name: str, days: pd.Series) -> exchange_calendars.ExchangeCalendar:
    try:
        start = days.min() if len(days) else pd.Timestamp("2010-01-01")
        end = days.max() if len(days) else pd.Timestamp("2010-12-31")
        margin = pd.Timedelta(days=40)
        return _calendar(name, (start - margin).to_period("M"), (end + margin).to_period("M"))
    except exchange_calendars.errors.InvalidCalendarName:
        raise PriceError(f"no exchange calendar is named {name!r}; e.g. XNYS, XLON, XSHG, 24/7") from None


@lru_cache(maxsize=8)  # it takes a while to make one
def _calendar(name: str, first: pd.Period, last: pd.Period) -> exchange_calendars.ExchangeCalendar:
    return exchange_calendars.get_calendar(name, start=first.start_time, end=last.end_time.normalize())


def _on_sessions(
    table: pd.DataFrame, calendar: exchange_calendars.ExchangeCalendar, problems: list[PriceProblem]
) -> pd.DataFrame:
    open_day = table["date"].isin(calendar.sessions)
    for row in table[~open_day].itertuples():
        problems.append(
            PriceProblem(row.row, row.ticker, str(row.date.date()), f"{calendar.name} was closed on this day")
        )
    return table[open_day]


def _holes(table: pd.DataFrame, calendar: exchange_calendars.ExchangeCalendar) -> list[PriceProblem]:
    """Sessions between a ticker's first and last row for which it has none."""
    number = pd.Series(np.arange(len(calendar.sessions)), index=calendar.sessions)
    session = number.loc[table["date"]].to_numpy()
    gap = session - pd.Series(session, index=table.index).groupby(table["ticker"]).shift(1)
    return [
        PriceProblem(
            row.row, row.ticker, str(row.date.date()), f"{int(missing) - 1} session(s) missing before this row", False
        )
        for row, missing in zip(table[gap > 1].itertuples(), gap[gap > 1], strict=True)
    ]


def jumps(table: pd.DataFrame, span: str = "in a day") -> list[PriceProblem]:
    """Moves that look like corporate actions, of rows sorted by ticker and time."""
    ratio = table["close"] / table.groupby("ticker")["close"].shift(1)
    found = table[(ratio > JUMP_UP) | (ratio < JUMP_DOWN)]
    problems = []
    for row in found.itertuples():
        text = f"close moved by {100 * (ratio[row.Index] - 1):+.0f} % {span}: an unadjusted corporate action?"
        problems.append(PriceProblem(row.row, row.ticker, str(row.date.date()), text, dropped=False))
    return problems


def adjusted(table: pd.DataFrame) -> pd.DataFrame:
    """adj_close carries splits and dividends; its ratio to close adjusts the other prices of the same row."""
    factor = (table["adj_close"] / table["close"]).fillna(1.0)
    return table.assign(adjusted_open=table["open"] * factor, adjusted_close=table["close"] * factor)


def _layout(table: pd.DataFrame, calendar: exchange_calendars.ExchangeCalendar, problems: list[PriceProblem]) -> Prices:
    table = adjusted(table)
    table = table.drop_duplicates(
        ["company", "date"], keep="first"
    )  # the last day of one name and the first of another
    sessions = calendar.sessions_in_range(table["date"].min(), table["date"].max())

    def frame(column: str) -> pd.DataFrame:
        return table.pivot(index="date", columns="company", values=column).reindex(sessions).sort_index(axis=1)

    return Prices(frame("adjusted_open"), frame("adjusted_close"), frame("volume"), calendar, tuple(problems))
