"""Bars of 1 to 60 minutes from a file: read, checked, laid out by session of the exchange and by company.

As with days (prices.py) nothing is repaired in silence. A bar is known by the instant at which it begins; where a
file's times are its ends, that has to be said, for a fill at such a "begin" would look ahead by a bar.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import exchange_calendars
import numpy as np
import pandas as pd

from services.backtest.bar_times import moments
from services.backtest.price_files import ROW
from services.backtest.prices import (
    FIRST_DAY,
    Grid,
    PriceError,
    PriceProblem,
    Prices,
    adjusted,
    calendar_of,
    jumps,
    named,
    named_by,
    one_class,
    rules_of_values,
    with_columns,
    with_numbers,
)
from shared.clock import MINUTE

Labels = Literal["start", "end"]

LONGEST: Final = 60  # minutes
_SHARE: Final = 0.05  # of the steps between bars that have to be as short as the shortest
_INSIDE: Final = 0.3  # of the bars that have to lie in sessions, or the clock is another one
_SPARSE: Final = 50  # bars that there should be for each that there is, at most
_AFTERNOON: Final = 4 * 60 * MINUTE  # behind the close of a shorter day
_BARS_A_DAY: Final = 1.5  # of a ticker, in the mean, from which a file is one of bars


@dataclass(frozen=True, slots=True)
class Clock:
    """How the times of a file are to be read. `zone`: UTC, `exchange` or a name of the IANA, of times that name none.
    `labels` "": they are taken for starts unless they look like ends."""

    zone: str = "UTC"
    labels: Labels | Literal[""] = ""


def are_bars(table: pd.DataFrame) -> bool:
    """Whether the rows are of less than a day: several moments of one ticker and day."""
    if not {"date", "ticker"} <= set(table.columns) or not len(table):
        return False
    instants, _ = moments(table, None)
    rows = pd.DataFrame({"ticker": table["ticker"], "at": instants}).dropna().drop_duplicates()
    days = rows.assign(day=rows["at"] // (1_440 * MINUTE)).drop_duplicates(["ticker", "day"])
    return len(rows) > _BARS_A_DAY * max(len(days), 1)


def check_bars(
    table: pd.DataFrame,
    path: str,
    *,
    calendar: str = "XNYS",
    currency: str = "USD",
    today: date,
    strict: bool = False,
    company_of: Callable[[str, date], str] | None = None,
    clock: Clock | None = None,
) -> Prices:
    """A table of texts, one row a bar, as prices by bar and company; in any order of rows. `path` stands in errors.

    Raises PriceError when a column is missing, the bars are of no one length of 1 to 60 minutes, most of them lie
    outside of the exchange's sessions, nothing usable is left, or, under `strict`, at the first problem.
    """
    clock = clock or Clock()
    table = with_columns(table, path)
    problems: list[PriceProblem] = []
    rows = _timed(table, _zone(clock.zone, calendar, path), currency, today, problems)
    minutes = _interval(rows, path, problems)
    exchange = calendar_of(calendar, pd.to_datetime(rows["at"], unit="us").dt.normalize())
    rows = _in_sessions(rows, exchange, minutes, clock, path, problems)
    rows = _unique(rows, problems)
    rows = one_class(named(rows, company_of), problems)
    if rows.empty:
        raise PriceError(f"{path}: no usable bar is left; the first problem: {problems[0]}")
    rows = rows.drop_duplicates(["company", "at"], keep="first")
    starts, session, days = _expected(rows, exchange, minutes, path)
    problems.extend(_gaps(rows, starts, minutes))
    if strict and problems:
        raise PriceError(
            f"{path}: {problems[0]} ({len(problems)} problems in total; omit --strict to continue without these rows)"
        )
    problems.extend(jumps(rows, "from a bar to the next"))
    return _laid_out(rows, starts, (session, days), exchange, problems, minutes, clock.labels or "start")


def _zone(name: str, calendar: str, path: str) -> ZoneInfo:
    if name == "exchange":
        return ZoneInfo(str(calendar_of(calendar, pd.Series([], dtype="datetime64[ns]")).tz))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise PriceError(
            f"{path}: --zone {name!r} is no time zone; use UTC, exchange or, e.g., Europe/London"
        ) from None


def _timed(
    table: pd.DataFrame, zone: ZoneInfo, currency: str, today: date, problems: list[PriceProblem]
) -> pd.DataFrame:
    """The rows that can be used, with `at` (microseconds), sorted by ticker and time."""
    instants, why = moments(table, zone)
    typed = with_numbers(table)
    last = (pd.Timestamp(today, tz="UTC") + pd.Timedelta(days=1)).value // 1_000
    rules = [
        *((each, why == each) for each in sorted(set(why) - {""})),
        (f"a time before {FIRST_DAY}", instants < 0),
        ("a time in the future", instants >= last),
        *rules_of_values(table, typed, currency),
    ]
    bad = named_by(rules, table, problems)
    kept = typed[~bad].assign(at=instants[~bad].astype(np.int64))
    return kept.sort_values(["ticker", "at", ROW], kind="stable")


def _interval(rows: pd.DataFrame, path: str, problems: list[PriceProblem]) -> int:
    """Minutes from a bar to the next: the shortest step that is no rare one."""
    steps = rows.groupby("ticker", sort=False)["at"].diff()
    steps = steps[(steps > 0) & (steps < 1_440 * MINUTE / 2)]
    if steps.empty:
        first = f"; the first problem: {problems[0]}" if problems else ""
        raise PriceError(f"{path}: no ticker has two bars of one day{first}")
    share = steps.value_counts(normalize=True)
    shortest = int(share[share >= _SHARE].index.min()) if (share >= _SHARE).any() else int(steps.min())
    minutes, rest = divmod(shortest, MINUTE)
    if rest or not 1 <= minutes <= LONGEST:
        raise PriceError(
            f"{path}: its bars are {shortest / MINUTE:g} minutes apart; bars of 1 to {LONGEST} whole minutes are read, "
            "and daily prices"
        )
    return minutes


def _in_sessions(
    rows: pd.DataFrame,
    exchange: exchange_calendars.ExchangeCalendar,
    minutes: int,
    clock: Clock,
    path: str,
    problems: list[PriceProblem],
) -> pd.DataFrame:
    """The bars that overlap with a session and lie on its grid, with `session`, `phase` and `date`; others are
    named."""
    opens, closes = _micros(exchange.opens), _micros(exchange.closes)
    length = minutes * MINUTE
    if clock.labels == "end":
        rows = rows.assign(at=rows["at"] - length)
    at = rows["at"].to_numpy()
    session = np.minimum(np.searchsorted(closes, at, side="right"), len(opens) - 1)
    inside = (at + length > opens[session]) & (at < closes[session]) & ~_in_break(at, length, session, exchange)
    if inside.mean() < _INSIDE:
        raise PriceError(
            f"{path}: {np.count_nonzero(~inside):,} of {len(rows):,} bars lie outside of {exchange.name}'s sessions "
            f"(the first begins at {_words(at[~inside][0])}); times without a zone were read as {clock.zone}: say "
            "--zone exchange or another one, or name the exchange with --calendar"
        )
    if not clock.labels:
        _look_like_starts(at, opens, closes, path)
    before = session - 1
    ended = ~inside & np.isin(before, _half_days(exchange)) & (at - closes[before] < _AFTERNOON)
    _say(rows[ended], "after the close of a shorter day", problems)
    _say(rows[~inside & ~ended], f"outside of {exchange.name}'s sessions", problems)
    days = pd.DatetimeIndex(exchange.sessions)[session]
    rows = rows.assign(session=session, phase=(at - opens[session]) % length, date=days.tz_localize(None))[inside]
    phase = int(rows["phase"].mode().iloc[0])
    _say(rows[rows["phase"] != phase], f"not on the grid of {minutes} minutes that most bars lie on", problems)
    return rows[rows["phase"] == phase]


def _micros(instants: pd.Series) -> np.ndarray:
    """UTC instants as microseconds since the epoch; NaT becomes the smallest number."""
    micros: np.ndarray = pd.DatetimeIndex(instants).tz_convert("UTC").as_unit("us").asi8
    return micros


def _in_break(
    at: np.ndarray, length: int, session: np.ndarray, exchange: exchange_calendars.ExchangeCalendar
) -> np.ndarray:
    """Whether a bar lies in the lunch break altogether."""
    begin, end = _micros(exchange.break_starts)[session], _micros(exchange.break_ends)[session]
    inside: np.ndarray = (begin > 0) & (at >= begin) & (at + length <= end)
    return inside


def _half_days(exchange: exchange_calendars.ExchangeCalendar) -> np.ndarray:
    """Numbers of the sessions that close earlier than the usual one."""
    lengths = _micros(exchange.closes) - _micros(exchange.opens)
    usual = pd.Series(lengths).mode().iloc[0]
    return np.flatnonzero(lengths < usual)


def _look_like_starts(at: np.ndarray, opens: np.ndarray, closes: np.ndarray, path: str) -> None:
    """Raises PriceError where bars are stamped with closes of sessions, and hardly ever with opens."""
    stamped = np.unique(at)
    seen = np.unique(np.searchsorted(closes, stamped, side="left"))
    seen = seen[seen < len(closes)]
    ends, starts = np.isin(closes[seen], stamped).mean(), np.isin(opens[seen], stamped).mean()
    if ends > 0.5 and starts < 0.1:
        raise PriceError(
            f"{path}: its bars are stamped with the close of sessions and not with their open, so they look like ends "
            "of bars; say --bar-time end (or --bar-time start, if they do begin then)"
        )


def _unique(rows: pd.DataFrame, problems: list[PriceProblem]) -> pd.DataFrame:
    again = rows.duplicated(["ticker", "at"], keep="first")
    _say(rows[again], "the same bar again; the first row is used", problems)
    return rows[~again]


def _say(rows: pd.DataFrame, what: str, problems: list[PriceProblem]) -> None:
    """One problem a ticker: how many of its bars, and the first of them."""
    for ticker, some in rows.groupby("ticker", sort=True):
        first = some.loc[some[ROW].idxmin()]
        text = f"{len(some):,} bar(s): {what}"
        problems.append(PriceProblem(int(first[ROW]), str(ticker), _words(int(first["at"])), text))


def _words(micros: int) -> str:
    return f"{pd.Timestamp(int(micros), unit='us'):%Y-%m-%d %H:%M}Z"


def _expected(
    rows: pd.DataFrame, exchange: exchange_calendars.ExchangeCalendar, minutes: int, path: str
) -> tuple[np.ndarray, np.ndarray, pd.DatetimeIndex]:
    """(begins of the bars that there should be, number of the session of each, days) from the first session with a bar
    to the last one. Raises PriceError where there would be far more of them than bars: one wrong date does it."""
    opens, closes = _micros(exchange.opens), _micros(exchange.closes)
    length, phase = minutes * MINUTE, int(rows["phase"].iloc[0])
    first, last = int(rows["session"].min()), int(rows["session"].max())
    cells = (last - first + 1) * rows["company"].nunique() * (closes[first] - opens[first]) // length
    if cells > _SPARSE * len(rows) + 1_000_000:
        raise PriceError(
            f"{path}: {len(rows):,} bars of {minutes} minutes over {last - first + 1:,} sessions, from "
            f"{_words(int(rows['at'].min()))} to {_words(int(rows['at'].max()))}: too few for so long; is a date wrong?"
        )
    starts, session = [], []
    for number in range(first, last + 1):
        begin = opens[number] + phase - (length if phase else 0)
        of_day = np.arange(begin, closes[number], length)
        of_day = of_day[~_in_break(of_day, length, np.full(len(of_day), number), exchange)]
        starts.append(of_day)
        session.append(np.full(len(of_day), number - first))
    days = pd.DatetimeIndex(exchange.sessions)[first : last + 1].tz_localize(None)
    return np.concatenate(starts), np.concatenate(session), days


def _gaps(rows: pd.DataFrame, starts: np.ndarray, minutes: int) -> list[PriceProblem]:
    """Bars that a ticker lacks between its first and its last."""
    found = []
    for ticker, some in rows.groupby("ticker", sort=True):
        place = np.searchsorted(starts, some["at"].to_numpy())
        steps = np.diff(place)
        missing = int((steps - 1).sum())
        if missing:
            widest = int(steps.argmax())
            text = (
                f"{missing:,} of {place[-1] - place[0] + 1:,} bars are missing, {int(steps[widest]) - 1} in a row "
                f"before this one at most ({minutes} min each); they stand at the last close, and nothing fills there"
            )
            row = some.iloc[widest + 1]
            found.append(PriceProblem(int(row[ROW]), str(ticker), _words(int(row["at"])), text, dropped=False))
    return found


def _laid_out(
    rows: pd.DataFrame,
    starts: np.ndarray,
    sessions: tuple[np.ndarray, pd.DatetimeIndex],
    exchange: exchange_calendars.ExchangeCalendar,
    problems: list[PriceProblem],
    minutes: int,
    labels: str,
) -> Prices:
    rows = adjusted(rows)
    index = pd.DatetimeIndex(starts.astype("datetime64[us]"))

    def frame(column: str) -> pd.DataFrame:
        wide = rows.pivot(index="at", columns="company", values=column).reindex(starts).sort_index(axis=1)
        return wide.set_axis(index, axis=0)

    opens, closes = frame("adjusted_open"), frame("adjusted_close")
    traded = opens.notna()
    held = traded.cummax() & traded[::-1].cummax()[::-1]
    closes = closes.where(traded).ffill().where(held)
    opens = opens.where(traded, closes)
    grid = Grid(minutes, sessions[0], sessions[1], traded, labels)
    return Prices(opens, closes, frame("volume"), exchange, tuple(problems), grid)
