"""Daily prices from a file: read, checked row by row, adjusted for corporate actions, laid out by session and company.

Nothing is repaired in silence. Every row that cannot be used is named (`PriceProblem`), and is left out, or stops the
run
under `strict`. A ticker whose rows end early (delisted) keeps what it has; the missing sessions stay NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import exchange_calendars
import numpy as np
import pandas as pd

COLUMNS = ("date", "ticker", "open", "high", "low", "close", "volume")
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
) -> Prices:
    """Read a CSV (also .gz) with COLUMNS and optional adj_close, currency; then as `check_prices`."""
    return check_prices(
        read_prices(path),
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
    table = table.assign(row=np.arange(2, len(table) + 2))
    problems: list[PriceProblem] = []
    table = _checked(table, today, currency, problems)
    exchange = _calendar(calendar, table["date"])
    table = _on_sessions(table, exchange, problems)
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
    if company_of is not None:
        pairs = table[["ticker", "date"]].assign(month=table["date"].dt.to_period("M"))
        named = {
            key: company_of(key[0], key[1].start_time.date())
            for key in set(zip(pairs["ticker"], pairs["month"], strict=True))
        }
        table["company"] = [named[key] for key in zip(pairs["ticker"], pairs["month"], strict=True)]
    else:
        table["company"] = table["ticker"]
    return _layout(table, exchange, problems)


def read_prices(path: Path) -> pd.DataFrame:
    """The lines of a CSV file as texts. Raises PriceError when there is none."""
    if not path.exists():
        raise PriceError(f"{path}: no such price file; give one with the columns {','.join(COLUMNS)}")
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    except (ValueError, UnicodeDecodeError, OSError, EOFError) as error:
        raise PriceError(f"{path}: not a CSV file ({error}); expected the columns {','.join(COLUMNS)}") from None


def _checked(table: pd.DataFrame, today: date, currency: str, problems: list[PriceProblem]) -> pd.DataFrame:
    """Drop rows by rule, naming each; returns typed columns sorted by (ticker, date)."""
    text = table
    table = table.assign(
        date=pd.to_datetime(table["date"], format="%Y-%m-%d", errors="coerce"),
        **{name: pd.to_numeric(table[name], errors="coerce") for name in ("open", "high", "low", "close", "volume")},
    )
    if "adj_close" in table:
        table["adj_close"] = pd.to_numeric(table["adj_close"], errors="coerce")
    else:
        table["adj_close"] = np.nan
    rules: list[tuple[str, pd.Series]] = [
        ("not a date (YYYY-MM-DD)", table["date"].isna()),
        ("no ticker", table["ticker"].str.strip() == ""),
        ("no close", table["close"].isna()),
        ("a price of zero or less", (table[["open", "high", "low", "close"]] <= 0).any(axis=1)),
        ("high below low", table["high"] < table["low"]),
        ("a date in the future", table["date"] > pd.Timestamp(today)),
    ]
    if "currency" in table:
        rules.append((f"a currency other than {currency}", ~table["currency"].isin([currency, ""])))
    bad = pd.Series(False, index=table.index)
    for problem, mask in rules:
        for index in table.index[mask & ~bad]:
            problems.append(
                PriceProblem(
                    int(table.at[index, "row"]), str(text.at[index, "ticker"]), str(text.at[index, "date"]), problem
                )
            )
        bad |= mask
    return _unique_and_sorted(table[~bad], problems)


def _unique_and_sorted(table: pd.DataFrame, problems: list[PriceProblem]) -> pd.DataFrame:
    repeated = table.duplicated(["ticker", "date"], keep="first")
    for row in table[repeated].itertuples():
        problems.append(
            PriceProblem(row.row, row.ticker, str(row.date.date()), "this day appears twice; the first row is used")
        )
    table = table[~repeated]
    unsorted = table.groupby("ticker", sort=False)["date"].transform(lambda day: day < day.cummax())
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
    table = table.drop_duplicates(["company", "date"], keep="first")  # two tickers of one company: the first counts
    sessions = calendar.sessions_in_range(table["date"].min(), table["date"].max())

    def frame(column: str) -> pd.DataFrame:
        return table.pivot(index="date", columns="company", values=column).reindex(sessions).sort_index(axis=1)

    return Prices(frame("adjusted_open"), frame("adjusted_close"), frame("volume"), calendar, tuple(problems))
