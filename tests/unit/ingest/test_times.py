from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from email.utils import format_datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.documents.times import UnreadableTime, parse_time
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
    "value",
    [
        "", "yesterday", "2014", "2014-13-01", "2014-02-30", "03/04/2014", "99999999999999999999", "-1", 0, "0", True,
        -(10**30), 10**30, float("nan"), float("inf"), 1e300, "1969-12-31T23:59:59Z", "9999-12-31T23:59:59Z", [], {},
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
