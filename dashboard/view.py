"""What the user chose: company, stretch of time, channel and time zone, as pages use it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from dashboard import address
from dashboard.drawing import palette
from dashboard.who import who
from shared.clock import to_micros
from shared.contract.events import CHANNELS, Channel
from shared.contract.names import NAME
from shared.reading.measuring.windows import WINDOWS, Window, between

CHANNEL_CHOICES: Final[dict[str, tuple[Channel, ...]]] = {"all": CHANNELS, "news": ("news",), "social": ("social",)}
ZONE_CHOICES: Final = ("UTC", "exchange", "local")
EXCHANGE: Final = "America/New_York"


@dataclass(frozen=True, slots=True)
class View:
    """One reader's choices for one run of the script."""

    company: str
    window: Window
    channel: str
    zone: ZoneInfo
    zone_name: str  # as shown beside times
    dark: bool
    profile: str = ""  # whose watchlists and thumbs
    as_of: int | None = None  # the page as it was at this moment, microseconds of the wall clock

    @property
    def channels(self) -> tuple[Channel, ...]:
        return CHANNEL_CHOICES[self.channel]

    @property
    def colours(self) -> palette.Palette:
        return palette.theme(self.dark)

    def within(self, instant: int) -> bool:
        """Whether an instant (microseconds) lies in the range that was picked; always, where none was."""
        return self.window.end is None or self.window.covers(instant)


def current() -> View:
    """The choices as they stand in the session."""
    chosen = address.one_of("tz", ZONE_CHOICES)
    zone = zone_of(chosen, st.context.timezone)
    as_of = moment_of(address.value("as_of"))
    days = picked_days() if takes_range(address.value("page"), as_of) else None
    return View(
        company=address.value("company"),
        window=of_days(*days, zone) if days else WINDOWS[address.one_of("window", list(WINDOWS))],
        channel=address.one_of("channel", list(CHANNEL_CHOICES)),
        zone=zone,
        zone_name={"UTC": "UTC", "exchange": "New York"}.get(chosen, str(zone)),
        dark=st.context.theme.type == "dark",
        profile=own_profile(address.value("profile"), st.session_state.get("profile_default", "")),
        as_of=as_of,
    )


def takes_range(page: str, as_of: int | None) -> bool:
    """Whether a page heeds a range. As of a moment Signals are those of then: what was signalled before is not told of
    every company."""
    return as_of is None or page != "Signals"


def moment_of(text: str) -> int | None:
    """Microseconds of an ISO time, UTC where it names no zone; None of what is none."""
    try:
        moment = datetime.fromisoformat(text)
        return to_micros(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def picked_days() -> tuple[date, date] | None:
    """First and last day of the range that the reader picked; None where pages end with the newest opinion."""
    return days_of(address.value("from"), address.value("to"))


def days_of(first: str, last: str) -> tuple[date, date] | None:
    """Two ISO days in their order; None when either is no day."""
    try:
        days = sorted((date.fromisoformat(first), date.fromisoformat(last)))
    except ValueError:
        return None
    return (days[0], days[1]) if days[0].year >= 1900 and days[1].year < 2200 else None


def of_days(first: date, last: date, zone: ZoneInfo) -> Window:
    """The window from the first day's midnight to the one after the last, in `zone`."""
    start, end = (
        to_micros(datetime(day.year, day.month, day.day, tzinfo=zone)) // 1_000_000
        for day in (first, last + timedelta(days=1))
    )
    label = f"{first:%-d %b %Y}" if first == last else f"{first:%-d %b %Y} to {last:%-d %b %Y}"
    return between(label, start, end)


def own_profile(asked: str, default: str) -> str:
    """That of the user who has logged in: nobody else's, but for an admin who asks for it."""
    user = who()
    if user.picks_profiles:
        return profile_of(asked, user.profile or default)
    return user.profile


def profile_of(asked: str, default: str) -> str:
    """The profile that the URL names, when it can be one."""
    return asked if NAME.fullmatch(asked) else default or "default"


def zone_of(choice: str, browser: str | None) -> ZoneInfo:
    """The zone of a choice; a browser that does not tell its zone, or an unknown one, is shown UTC."""
    name = {"UTC": "UTC", "exchange": EXCHANGE}.get(choice, browser or "UTC")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
