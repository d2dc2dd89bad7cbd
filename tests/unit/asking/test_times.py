"""The days that a question speaks of."""

from __future__ import annotations

from datetime import date

import pytest

from shared.asking.understanding.times import read_times

ASKED = date(2019, 11, 13)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("what happened on 2019-03-04?", "2019-03-04", "2019-03-04"),
        ("Why did it fall on Tuesday?", "2019-11-12", "2019-11-12"),
        ("what is it doing today", "2019-11-13", "2019-11-13"),
        ("why did it drop yesterday", "2019-11-12", "2019-11-12"),
        ("what did they say last week", "2019-11-04", "2019-11-10"),
        ("news this month", "2019-11-01", "2019-11-13"),
        ("in April 2016", "2016-04-01", "2016-04-30"),
        ("in April", "2019-04-01", "2019-04-30"),
        ("what happened in December", "2018-12-01", "2018-12-31"),
        ("on 6 Nov", "2019-11-06", "2019-11-06"),
        ("on Nov. 20th", "2018-11-20", "2018-11-20"),
        ("early May 2018", "2018-05-01", "2018-05-10"),
        ("by the end of February 2016", "2016-02-24", "2016-02-29"),
        ("between July and September 2018", "2018-07-01", "2018-09-30"),
        ("in Q3 2018", "2018-07-01", "2018-09-30"),
        ("3Q18 sales", "2018-07-01", "2018-09-30"),
        ("the March 2018 quarter", "2018-01-01", "2018-03-31"),
        ("over the past 3 days", "2019-11-10", "2019-11-13"),
        ("two weeks ago", "2019-10-27", "2019-11-02"),
        ("just before Christmas 2018", "2018-12-14", "2018-12-25"),
        ("this summer", "2019-06-01", "2019-08-31"),
        ("all of 2018", "2018-01-01", "2018-12-31"),
        ("2018年3月发生了什么", "2018-03-01", "2018-03-31"),
        ("去年三月", "2018-03-01", "2018-03-31"),
        ("十月初", "2019-10-01", "2019-10-10"),
        ("上周", "2019-11-04", "2019-11-10"),
        ("2018年下半年", "2018-07-01", "2018-12-31"),
    ],
)
def test_days(text: str, first: str, last: str) -> None:
    days = read_times(text, ASKED).days
    assert days is not None
    assert (days.first.isoformat(), days.last.isoformat()) == (first, last)


@pytest.mark.parametrize(
    "text",
    ["at a 5-yr low", "may it rise?", "who runs it from January?", "next year's plan", "sold for $2018", "明年打算"],
)
def test_no_days(text: str) -> None:
    assert read_times(text, ASKED).days is None


def test_a_quarter_is_a_period() -> None:
    assert read_times("profit in Q2", ASKED).period
    assert not read_times("profit in June", ASKED).period


def test_the_31st_of_february_is_no_day() -> None:
    found = read_times("on 31 February", ASKED)
    assert found.days is None or found.days.first.month == 2
