"""Numbers, times, and what makes text from outside harmless."""

from __future__ import annotations

import csv
import io
import math
import string
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.drawing import formats
from shared.clock import SECOND
from shared.links import safe_link


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (999, "999"), (9_999, "9,999"), (12_345, "12.3k"), (4_560_000, "4.56M"), (2e9, "2.00B")],
)
def test_counts(value: float, text: str) -> None:
    assert formats.count(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.123, "+0.12"), (-0.5, "\u22120.50"), (-0.001, "0.00"), (math.nan, "\u2013")],
)
def test_scores_carry_a_sign(value: float, text: str) -> None:
    assert formats.score(value) == text


def test_percent() -> None:
    assert formats.percent(0.256) == "+26 %"
    assert formats.percent(-0.03) == "\u22123 %"
    assert formats.percent(math.inf) == "\u2013"


def test_the_same_moment_in_two_zones() -> None:
    moment = 1_772_204_640_000_000
    assert formats.moment(moment, ZoneInfo("UTC"), year=True) == "27 Feb 2026 15:04"
    assert formats.moment(moment, ZoneInfo("America/New_York")) == "27 Feb 10:04"


def test_chart_times_follow_daylight_saving() -> None:
    starts = pd.Series([1_762_059_600, 1_762_063_200, 1_762_066_800])  # 2025-11-02 05:00, 06:00, 07:00 UTC
    local = formats.local_times(starts, ZoneInfo("America/New_York"))
    assert list(local.dt.hour) == [1, 1, 2]


@pytest.mark.parametrize("url", ["https://example.com/a?b=c", "http://example.com"])
def test_links_that_are_kept(url: str) -> None:
    assert safe_link(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,x",
        "//example.com",
        "https://",
        "https://user@example.com",
        "https://exa mple.com",
        "https://[::1",
        "mailto:a@example.com",
        "",
    ],
)
def test_links_that_are_not(url: str) -> None:
    assert safe_link(url) == ""


@settings(deadline=None, max_examples=40)
@given(st.text())
def test_a_kept_link_is_always_http(url: str) -> None:
    assert safe_link(url) == "" or url.startswith(("http://", "https://"))


@settings(deadline=None, max_examples=40)
@given(st.text(alphabet=string.punctuation + string.ascii_letters + " \n"))
def test_plain_escapes_every_mark_and_loses_no_letter(text: str) -> None:
    escaped = formats.plain(text)
    assert "\n" not in escaped
    unescaped = "".join(c for c, before in zip(escaped, " " + escaped, strict=False) if c != "\\" or before == "\\")
    assert [c for c in unescaped if c.isalpha()] == [c for c in text if c.isalpha()]
    for i, c in enumerate(escaped):
        if c in string.punctuation and c != "\\":
            assert escaped[i - 1] == "\\"


def test_a_cell_that_would_run_in_a_spreadsheet_is_guarded() -> None:
    text = formats.csv(pd.DataFrame({"title": ["=1+1", "@x", "fine", 'quote " and, comma'], "n": [-1, 2, 3, 4]}))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["title"] for row in rows] == ["'=1+1", "'@x", "fine", 'quote " and, comma']
    assert rows[0]["n"] == "-1"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s ago"), (119, "119 s ago"), (600, "10 min ago"), (90_000, "25 h ago")]
)
def test_ages(seconds: int, text: str) -> None:
    assert formats.seconds_ago(10**15, 10**15 - seconds * SECOND) == text
