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
class Prices:
    """Adjusted prices: frames with one row a session (naive midnight dates) and one column a company;
    NaN where there is none.
    """

    open: pd.DataFrame
    close: pd.DataFrame
    volume: pd.DataFrame
    calendar: exchange_calendars.ExchangeCalendar
    problems: tuple[PriceProblem, ...]

    @property
    def opens_at(self) -> pd.DatetimeIndex:
        """The instant (UTC) at which each session opens."""
        return pd.DatetimeIndex(self.calendar.opens.loc[self.open.index])


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
    missing = [column for column in COLUMNS if column not in table.columns]
    if missing:
        raise PriceError(
            f"{path}: missing column(s) {', '.join(missing)}; expected {','.join(COLUMNS)}[,adj_close][,currency]"
        )
    if ROW not in table:
        table = table.assign(**{ROW: np.arange(2, len(table) + 2), WRONG: ""})
    problems: list[PriceProblem] = []
    closes_alone = bool(table.attrs.get(CLOSES_ALONE))
    table = _checked(table, today, currency, problems)
    exchange = _calendar(calendar, table["date"])
    table = _on_sessions(table, exchange, problems)
    table = _one_class(_named(table, company_of), problems)
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
    problems.extend(_jumps(table))
    if closes_alone:
        said = "closes alone: a trade at a session's open is reckoned at its close"
        problems.append(PriceProblem(1, "", "", said, dropped=False))
    return _layout(table, exchange, problems)


def _named(table: pd.DataFrame, company_of: Callable[[str, date], str] | None) -> pd.DataFrame:
    """With the company that each ticker was in each month."""
    if company_of is None:
        return table.assign(company=table["ticker"])
    pairs = table[["ticker", "date"]].assign(month=table["date"].dt.to_period("M"))
    keys = list(zip(pairs["ticker"], pairs["month"], strict=True))
    named = {key: company_of(key[0], key[1].start_time.date()) for key in set(keys)}
    return table.assign(company=[named[key] for key in keys])


def _one_class(table: pd.DataFrame, problems: list[PriceProblem]) -> pd.DataFrame:
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
    text = table
    parsed = {name: numbers(table[name]) for name in (*PRICES, "volume")}
    adjusted = numbers(table["adj_close"]) if "adj_close" in table else pd.Series(np.nan, index=table.index)
    day = days(table["date"], bool(table.attrs.get(MONTH_FIRST)))
    inside = day.map(lambda one: one is not None and FIRST_DAY <= one <= today)
    table = table.assign(
        date=pd.to_datetime(day.where(inside), errors="coerce"), ticker=table["ticker"].str.strip(),
        **parsed, adj_close=adjusted,
    )  # fmt: skip
    rules: list[tuple[str, pd.Series]] = [
        ("not a date (YYYY-MM-DD)", day.isna()),
        (f"a date before {FIRST_DAY}", day.map(lambda one: one is not None and one < FIRST_DAY)),
        ("a date in the future", day.map(lambda one: one is not None and one > today)),
        ("no ticker", table["ticker"] == ""),
        ("no close", text["close"].str.strip() == ""),
        *((f"its {name} is not a number", _no_number(text[name], parsed[name])) for name in parsed),
        ("a price of zero or less", (table[list(PRICES)] <= 0).any(axis=1)),
        ("high below low", table["high"] < table["low"]),
    ]
    if "adj_close" in text:
        rules.append(("its adj_close is not a number", _no_number(text["adj_close"], adjusted)))
        rules.append(("an adj_close of zero or less", adjusted <= 0))
    for wrong in sorted(set(table[WRONG]) - {""}):
        rules.insert(0, (wrong, table[WRONG] == wrong))
    if "currency" in table:
        rules.append((f"a currency other than {currency}", ~table["currency"].isin([currency, ""])))
    bad = pd.Series(False, index=table.index)
    for problem, mask in rules:
        for index in table.index[mask & ~bad]:
            problems.append(
                PriceProblem(
                    int(table.at[index, ROW]), str(text.at[index, "ticker"]), str(text.at[index, "date"]), problem
                )
            )
        bad |= mask
    return _unique_and_sorted(table[~bad], problems)


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


def _calendar(name: str, days: pd.Series) -> exchange_calendars.ExchangeCalendar:
    try:
        start = days.min() if len(days) else pd.Timestamp("2010-01-01")
        end = days.max() if len(days) else pd.Timestamp("2010-12-31")
        margin = pd.Timedelta(days=40)
        return exchange_calendars.get_calendar(name, start=start - margin, end=end + margin)
    except exchange_calendars.errors.InvalidCalendarName:
        raise PriceError(f"no exchange calendar is named {name!r}; e.g. XNYS, XLON, XSHG, 24/7") from None


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


def _jumps(table: pd.DataFrame) -> list[PriceProblem]:
    ratio = table["close"] / table.groupby("ticker")["close"].shift(1)
    found = table[(ratio > JUMP_UP) | (ratio < JUMP_DOWN)]
    problems = []
    for row in found.itertuples():
        text = f"close moved by {100 * (ratio[row.Index] - 1):+.0f} % in a day: an unadjusted corporate action?"
        problems.append(PriceProblem(row.row, row.ticker, str(row.date.date()), text, dropped=False))
    return problems


def _layout(table: pd.DataFrame, calendar: exchange_calendars.ExchangeCalendar, problems: list[PriceProblem]) -> Prices:
    # adj_close carries splits and dividends; its ratio to close adjusts the other prices of the same row
    factor = (table["adj_close"] / table["close"]).fillna(1.0)
    table = table.assign(adjusted_open=table["open"] * factor, adjusted_close=table["close"] * factor)
    table = table.drop_duplicates(
        ["company", "date"], keep="first"
    )  # the last day of one name and the first of another
    sessions = calendar.sessions_in_range(table["date"].min(), table["date"].max())

    def frame(column: str) -> pd.DataFrame:
        return table.pivot(index="date", columns="company", values=column).reindex(sessions).sort_index(axis=1)

    return Prices(frame("adjusted_open"), frame("adjusted_close"), frame("volume"), calendar, tuple(problems))
