"""Expected dates: read as they are meant, and never used before they were known."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.aggregation.signals.strategy import load_strategy
from shared.clock import DAY, HOUR, to_micros
from shared.universe.expected.dates_file import ExpectedError, expected_in, laid_at, read_expected
from shared.universe.expected.expected import Expected
from shared.universe.expected.files_in_use import use_dates
from shared.universe.expected.known_dates import FARTHEST, Calendar
from shared.universe.securities import Catalogue

HEAD = "date,time,ticker,market,kind,note,known_from,known_until\n"
LAID = to_micros(datetime(2026, 4, 10, tzinfo=UTC))
START = to_micros(datetime(2026, 4, 1, tzinfo=UTC))


def at(text: str) -> int:
    return to_micros(datetime.fromisoformat(text))


def read(rows: str) -> list[Expected]:
    return expected_in((HEAD + rows).encode(), "events.csv", "events.csv", Catalogue.load(), LAID)


def test_rows_say_when_of_whom_and_from_when_it_was_known() -> None:
    apple, fed, moved = read(
        "2026-04-20,,AAPL,,earnings,Q2,2026-04-02,2026-04-12\n"
        "2026-04-29,14:00 America/New_York,,US,central bank,FOMC,2026-01-05T12:00Z,\n"
        "2026-04-30,20:30Z,AAPL,,earnings,,,\n"
    )
    assert (apple.begin, apple.end) == (at("2026-04-20T04:00Z"), at("2026-04-21T04:00Z"))  # New York's day
    known = at("2026-04-03T04:00Z"), at("2026-04-13T04:00Z")
    assert (apple.company, apple.known_from, apple.known_until) == ("AAPL", *known)
    assert (fed.begin, fed.end, fed.market, fed.company) == (at("2026-04-29T18:00Z"), at("2026-04-29T18:00Z"), "US", "")
    assert fed.known_from == at("2026-01-05T12:00Z")
    assert moved.known_from == LAID


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("2026-02-30,,AAPL,,earnings,,,", "line 2: date '2026-02-30' is no day"),
        ("9999-12-31,,AAPL,,earnings,,,", "lies before 1970 or after 2200"),
        ("2026-04-30,16:30,AAPL,,earnings,,,", "names no zone; write 16:30 America/New_York, or 16:30Z"),
        ("2026-04-30,25:30Z,AAPL,,earnings,,,", "is no time of that day"),
        ("2026-04-30,16:30 Mars/Base,AAPL,,earnings,,,", "or of no zone that is known"),
        ("2026-04-30,noon,AAPL,,earnings,,,", "time 'noon'; write 16:30"),
        ("2026-04-30,,AAPL,US,earnings,,,", "give either a ticker or a market"),
        ("2026-04-30,,,,earnings,,,", "give either a ticker or a market"),
        ("2026-04-30,,NOSUCHCO,,earnings,,,", "ticker 'NOSUCHCO' is not known"),
        ("2026-04-30,,,Mars,earnings,,,", "write two letters of a country"),
        ("2026-04-30,,AAPL,,,,,", "no kind"),
        ("2026-04-30,,AAPL,,earnings,,soon,", "known_from 'soon' is neither a day"),
        ("2026-04-30,,AAPL,,earnings,,2026-04-02T13:00:00,", "nor a time with its zone"),
        ("2026-04-30,,AAPL,,earnings,,2026-04-02,2026-04-02", "is not after"),
        ("2026-04-30,,AAPL,,earnings,a,2026-04-02,,d", "more cells than the header has"),
        (f"2026-04-30,,AAPL,,{'e' * 201},,,", "more than 200 characters"),
        ("2026-04-30,,AAPL,,earnings,,,\n2026-04-30,,AAPL,,earnings,,,", "line 3: the same as line 2"),
        ('2026-04-30,,"AAPL,,earnings,,,', "events.csv line"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(row: str, why: str) -> None:
    with pytest.raises(ExpectedError, match=r"events\.csv") as caught:
        read(row + "\n")
    assert why in str(caught.value)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_hostile_bytes_are_refused_in_words(raw: bytes, headed: bool) -> None:
    try:
        expected_in((HEAD.encode() if headed else b"") + raw, "f", "f", Catalogue.load(), LAID)
    except ExpectedError as error:
        assert str(error).startswith("f")


days = st.integers(0, 40 * 24).map(lambda hours: START + hours * HOUR)
rows = st.builds(
    lambda begin, whole, known, until: Expected(
        begin, begin + (DAY if whole else 0), "earnings", "AAPL", "", "", known, known + until * HOUR if until else None
    ),
    days, st.booleans(), days, st.integers(0, 400),
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.lists(rows, max_size=8), st.lists(rows, max_size=4), days)
def test_what_is_not_known_yet_is_not_used(dates: list[Expected], later: list[Expected], moment: int) -> None:
    catalogue = Catalogue.load()
    unknown = [row for row in later if not row.known_at(moment)]
    alone = Calendar(dates, catalogue).features("AAPL", moment)
    assert Calendar([*dates, *unknown], catalogue).features("AAPL", moment) == alone
    known = [row for row in dates if row.known_from <= moment and not (row.known_until and row.known_until <= moment)]
    ahead = [max(0, row.begin - moment) / DAY for row in known if row.end >= moment]
    behind = [(moment - row.end) / DAY for row in known if row.end < moment]
    assert alone["days_to_expected"] == min([*ahead, FARTHEST])
    assert alone["days_since_expected"] == min([*behind, FARTHEST])


def test_a_row_is_known_from_its_file_at_the_earliest_and_its_market_s_companies_hear_of_it(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text(HEAD + "2026-12-16,19:00Z,,US,central bank,FOMC,,\n2030-01-01,,,*,holiday,,2026-01-01,\n")
    use_dates([path])
    try:
        calendar = Calendar.load()
        assert calendar.digest
        moment = laid_at(path)
        assert [one.kind for one in calendar.known("AAPL", moment)] == ["central bank", "holiday"]
        assert [one.kind for one in calendar.known("AAPL", moment - 1)] == ["holiday"]
        assert [one.kind for one in calendar.known("7203.T", moment)] == ["holiday"]
        assert read_expected(path, Catalogue.load(), 5)[0].known_from == 5
    finally:
        use_dates([])
    assert Calendar.load().digest == ""


def test_a_strategy_reads_the_calendar_only_where_it_names_it(tmp_path: Path) -> None:
    assert not load_strategy("pulse").reads_calendar
    path = tmp_path / "quiet.yaml"
    path.write_text("name: quiet\nversion: 1\nweights: {level: 0.9}\nscales: {days_to_expected: 5}\n")
    assert load_strategy(str(path)).reads_calendar
