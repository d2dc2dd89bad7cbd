"""What a filter keeps, whom a search finds, which days a range has."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.reading.companies import listed, named
from dashboard.reading.matching import Wanted, offered
from dashboard.view import days_of, of_days
from shared.contract.aggregates import RecentDocument
from shared.contract.events import MICRO


def document(positive: int, negative: int, title: str = "Ångström wins", event: str = "earnings") -> RecentDocument:
    return RecentDocument(
        id="a", company="AAPL", channel="news", source="Wire", title=title, excerpt="A large order", event=event,
        published_at=1, available_at=1, negative=negative, neutral=MICRO - positive - negative, positive=positive,
        relevance=MICRO, weight=MICRO,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        (Wanted(), True),
        (Wanted(text="ORDER wins"), True),
        (Wanted(text="ångström"), True),
        (Wanted(text="wins nothing"), False),
        (Wanted(event="earnings", source="Wire", sign="positive"), True),
        (Wanted(event="earnings_schedule"), True),  # what the former class is shown under
        (Wanted(event="earnings_beat"), False),
        (Wanted(event="merger"), False),
        (Wanted(source="Other"), False),
        (Wanted(sign="negative"), False),
    ],
)
def test_a_filter_keeps_what_has_all_of_it(wanted: Wanted, kept: bool) -> None:
    assert wanted.keeps(document(MICRO // 2, 0)) == kept


def test_signs_and_what_is_offered() -> None:
    assert Wanted(sign="neutral").keeps(document(MICRO // 20, 0))
    assert Wanted(sign="negative").keeps(document(0, MICRO // 2))
    assert offered([document(0, 0), document(0, 0, event="")]) == ({"earnings", "earnings_schedule"}, {"Wire"})
    assert Wanted(text=" ", sign="neutral").count == 1


@pytest.mark.parametrize("text", ["AAPL", "aapl", "$aapl", " Apple ", "AAPL · Apple"])
def test_a_search_finds_ids_tickers_and_names(text: str) -> None:
    assert named(text) == named(text, ["AAPL", "MSFT"]) == "AAPL"


def test_a_search_for_nobody_finds_nobody() -> None:
    assert named("Xyzzy Holdings") is None and named(" ") is None and named("xyzzy", ["AAPL"]) is None


def test_the_beginning_of_a_name_is_enough_and_what_is_written_of_comes_first() -> None:
    assert named("microso") == "MSFT"
    assert named("goog", ["AAPL"]) in ("GOOGL", "GOOG")
    assert named("ama", ["AMAT", "AMZN"]) == "AMZN"  # the shorter name
    assert named("foo hold", ["Foo Holdings"]) == "Foo Holdings"


@given(st.text(max_size=12), st.lists(st.sampled_from(["AAPL", "MSFT", "odd · id", ""]), max_size=3))
def test_any_search_finds_a_company_or_nobody(text: str, written_of: list[str]) -> None:
    found = named(text, written_of)
    assert found is None or found in listed() or found in written_of


@pytest.mark.parametrize(
    ("first", "last"), [("", ""), ("2026-02-30", "2026-03-01"), ("x", "2026-03-01"), ("0001-01-01",) * 2]
)
def test_what_is_no_range(first: str, last: str) -> None:
    assert days_of(first, last) is None


def test_a_range_is_whole_days_of_the_zone() -> None:
    assert days_of("2026-03-02", "2026-03-01") == (date(2026, 3, 1), date(2026, 3, 2))
    window = of_days(date(2026, 3, 8), date(2026, 3, 8), ZoneInfo("America/New_York"))
    assert window.seconds == 23 * 3600  # the day on which the clocks go forward
    assert window.label == "8 Mar 2026"
