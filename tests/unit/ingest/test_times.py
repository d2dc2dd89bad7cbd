from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from email.utils import format_datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.documents.dates.times import UnreadableTime, parse_time
from services.ingest.documents.dates.wall_time import check_date_format
from shared.clock import HOUR, SECOND, to_datetime, to_iso, to_micros

NEW_YORK = ZoneInfo("America/New_York")
INSTANTS = st.integers(10**8 * SECOND, 4 * 10**9 * SECOND).map(to_datetime)
WHOLE_SECONDS = INSTANTS.map(lambda one: one.replace(microsecond=0))
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def micros(value: object) -> int:
    moment = parse_time(value, NEW_YORK)
    assert moment.next_day is None
    return moment.micros


@given(INSTANTS, OFFSETS)
def test_iso_and_datetimes_in_any_zone_are_the_same_instant(instant: datetime, zone: timezone) -> None:
    there = instant.astimezone(zone)
    exact = to_micros(instant)
    assert micros(there) == micros(there.isoformat()) == micros(to_iso(exact)) == exact
    assert micros(instant.replace(tzinfo=None)) == micros(instant.replace(tzinfo=None).isoformat(" ")) == exact


@given(INSTANTS)
def test_epoch_units_are_told_apart_by_size(instant: datetime) -> None:
    exact = to_micros(instant)
    assert micros(exact // SECOND) == exact // SECOND * SECOND
    if not str(exact // 1000).startswith(("19", "20")) or exact >= 10**15:  # 12 digits: YYYYMMDDhhmm, never 1976
        assert micros(exact // 1000) == micros(str(exact // 1000)) == exact // 1000 * 1000
    assert micros(exact) == micros(str(exact)) == micros(exact * 1000) == exact
    assert micros(f"{exact // SECOND}.{exact % SECOND:06}") == exact


@given(WHOLE_SECONDS, OFFSETS)
def test_mail_and_twitter_dates(instant: datetime, zone: timezone) -> None:
    there = instant.astimezone(zone)
    assert micros(format_datetime(there)) == to_micros(instant)
    assert micros(there.strftime("%a %b %d %H:%M:%S %z %Y")) == to_micros(instant)
    assert micros(instant.strftime("%Y%m%d%H%M%S")) == to_micros(instant)


@given(st.dates(date(1971, 1, 1), date(2100, 1, 1)))
def test_a_bare_date_runs_to_midnight_of_the_next_day_at_the_exchange(day: date) -> None:
    after = day + timedelta(days=1)
    midnight = to_micros(datetime(after.year, after.month, after.day, tzinfo=NEW_YORK))
    for form in (day.isoformat(), day.strftime("%Y%m%d"), int(day.strftime("%Y%m%d")), day):
        moment = parse_time(form, NEW_YORK)
        assert moment.available == moment.next_day == midnight
        assert moment.micros == to_micros(datetime(day.year, day.month, day.day, tzinfo=NEW_YORK))


def test_a_day_is_as_long_as_the_exchange_makes_it() -> None:
    spring = parse_time("2014-03-09", NEW_YORK)  # clocks go forward: 23 hours
    assert spring.available - spring.micros == 23 * HOUR
    assert to_iso(parse_time("2014-03-09", ZoneInfo("Asia/Shanghai")).available) == "2014-03-09T16:00:00Z"


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("15 May 2020 03:15 PM EDT", "2020-05-15T19:15:00Z"),
        ("Fri May 15 2020 15:15:00 GMT-0700 (PDT)", "2020-05-15T22:15:00Z"),
        ("Fri May 15 2020 15:15:00 GMT-0700 (Pacific Daylight Time)", "2020-05-15T22:15:00Z"),
        ("Fri, 15 May 2020 15:15:00 +05:30", "2020-05-15T09:45:00Z"),
        ("Fri, 15 May 2020 03:15:00 PM EST", "2020-05-15T20:15:00Z"),  # to the letter: later, never earlier
        ("7:51 PM ET Fri, 17 July 2020", "2020-07-17T23:51:00Z"),
        ("Jul. 18, 2020 at 3:30 p.m. ET", "2020-07-18T19:30:00Z"),
        ("12:00 AM Jul 18 2020", "2020-07-18T00:00:00Z"),
        ("12:30 pm July 18th, 2020", "2020-07-18T12:30:00Z"),
        ("3 PM Jul 18 2020 PT", "2020-07-18T22:00:00Z"),
        ("Tue, 03 Mar 26 14:00:00 GMT", "2026-03-03T14:00:00Z"),
        ("Tue, 03 Mar 2026 14:00:00 CEST", "2026-03-03T12:00:00Z"),
        ("Tue, 03 Mar 2026 14:00:00 JST", "2026-03-03T05:00:00Z"),
        ("2020-07-18 15:30:00 America/New_York", "2020-07-18T19:30:00Z"),
        ("2020-11-01 01:30 America/New_York", "2020-11-01T06:30:00Z"),  # an hour that comes twice: the later one
        ("2020-07-18T15:30:00+05:30[Asia/Kolkata]", "2020-07-18T10:00:00Z"),
        ("2020-07-18 3:30 PM", "2020-07-18T15:30:00Z"),
        ("2020/07/18 14:00:00", "2020-07-18T14:00:00Z"),
        ("2020\u5e747\u670818\u65e5 15:30", "2020-07-18T15:30:00Z"),
        ("20200718T153000", "2020-07-18T15:30:00Z"),
        ("202007181530", "2020-07-18T15:30:00Z"),
        ("2020-07-18 24:00:00", "2020-07-19T00:00:00Z"),
        ("2020-07-18 23:59:60", "2020-07-19T00:00:00Z"),
    ],
)
def test_times_as_people_and_programs_write_them(text: str, iso: str) -> None:
    assert to_iso(micros(text)) == iso


@pytest.mark.parametrize(
    "text", ["Jul 18 2020", "18-Jul-20", "18 July 2020", "Sat, 18 Jul 2020", "2020/07/18", "2020-W29-6"]
)
def test_days_as_people_write_them(text: str) -> None:
    assert to_iso(parse_time(text, NEW_YORK).available) == "2020-07-19T04:00:00Z"


@given(WHOLE_SECONDS, st.sampled_from(["EST", "JST", "CEST", "AKDT", "GMT"]))
def test_am_pm_and_names_of_zones_say_the_instant(instant: datetime, name: str) -> None:
    hours = {"EST": -5, "JST": 9, "CEST": 2, "AKDT": -8, "GMT": 0}[name]
    there = instant.astimezone(timezone(timedelta(hours=hours)))
    for form in ("%d %B %Y %I:%M:%S %p", "%b %d, %Y %I:%M:%S%p", "%I:%M:%S %p %a, %d %b %Y", "%Y-%m-%dT%H:%M:%S"):
        assert micros(f"{there.strftime(form)} {name}") == to_micros(instant)


REAL = ["Fri, 15 May 2020 15:15:00 GMT", "2020-05-15T15:15:00Z", "May 15, 2020 3:15 PM EDT", "15 May 2020 15:15 +05:30"]


@given(st.sampled_from(REAL), st.text(min_size=1, max_size=8), st.data())
def test_nothing_that_is_left_over_is_ignored(text: str, more: str, data: st.DataObject) -> None:
    """Whatever is written into a time is either refused or is white space, or makes another whole time of it."""
    at = data.draw(st.integers(0, len(text)))
    changed = text[:at] + more + text[at:]
    try:
        found = parse_time(changed, NEW_YORK)
    except UnreadableTime:
        return
    letters = sum(character.isalpha() for character in more)
    assert letters <= 6  # at, pm, a month's or a zone's name
    assert found.micros == micros(text) or any(character.isalnum() or character in "+-" for character in more)


@pytest.mark.parametrize("name", ["IST", "CST", "BST", "AST", "XYZT"])
def test_a_name_of_several_zones_needs_a_setting(name: str) -> None:
    with pytest.raises(UnreadableTime, match=r"ingest\.zone_names"):
        parse_time(f"Tue, 03 Mar 2026 14:00:00 {name}", NEW_YORK)
    told = parse_time(f"Tue, 03 Mar 2026 14:00:00 {name}", NEW_YORK, names={name: "Asia/Kolkata"})
    assert to_iso(told.micros) == "2026-03-03T08:30:00Z"


def test_a_given_form_replaces_every_other() -> None:
    assert to_iso(parse_time("03/04/2020 14:00", NEW_YORK, "%d/%m/%Y %H:%M").micros) == "2020-04-03T14:00:00Z"
    assert to_iso(parse_time("03/04/2020", NEW_YORK, "%m/%d/%Y").available) == "2020-03-05T05:00:00Z"
    assert to_iso(parse_time(20200304, NEW_YORK, "%Y%d%m").available) == "2020-04-04T04:00:00Z"
    for other in ("2020-04-03T14:00Z", "03/04/2020 14:00 EST", 1594000000):
        with pytest.raises(UnreadableTime, match="not of the form"):
            parse_time(other, NEW_YORK, "%d/%m/%Y %H:%M")
    for form in ("%d/%m/%Y", "%m/%d/%y %I:%M %p", "%Y%j", "%d %B %Y %H:%M:%S.%f %z"):
        assert check_date_format(form) == form
    for form in ("", "%H:%M", "%d/%m", "%Y-%m-%d %I:%M", "%Y-%m-%d %H:%M %Z", "%s", "%Y-%m-%d :%M", "%Y %U"):
        with pytest.raises(ValueError, match="%"):
            check_date_format(form)


@pytest.mark.parametrize(
    "value",
    [
        "2020-07-18 15:30 EST5", "15 May 2020 15:15 PM", "15 May 2020 0:15 AM", "2020-05-15T15:15 (Moscow)",
        "Mon, 15 May 2020 15:15 GMT", "15 May 2020 15:15 +05:30 EST", "15 May 2020 15:15 +15:00", "7/18/2020",
        "03/04/2020 14:00", "20-07-2020 10:00", "1.594e9", "199999999999", "May 2020", "15 May", "2020-05-15 EST",
        "2020-05-15 16 May 2020", "15:15 2020-05-15 15:15", "2 hours ago", "NaT", "None", "43831.5", "44000", "1e400",
        "", "yesterday", "2014", "2014-13-01", "2014-02-30", "03/04/2014", "99999999999999999999", "-1", 0, "0", True,
        -(10**30), 10**30, float("nan"), float("inf"), 1e300, "1969-12-31T23:59:59Z", "9999-12-31T23:59:59Z", [], {},
        "9999-12-31T24:00:00Z", "9999-12-31T23:59:60Z", "9999-12-31T23:59:59-12:00",
        b"2014-01-02", "\uff12\uff10\uff11\uff14-01-02", 1969, "12",
    ],
)  # fmt: skip
def test_what_is_no_time_says_so(value: object) -> None:
    with pytest.raises(UnreadableTime):
        parse_time(value, NEW_YORK)


@given(st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.binary(), st.dates(), st.datetimes()))
def test_anything_is_a_time_or_an_unreadable_time(value: object) -> None:
    try:
        moment = parse_time(value, NEW_YORK)
    except UnreadableTime as error:
        assert len(str(error)) < 200
    else:
        assert 0 < moment.micros <= moment.available
