"""What the user chose: company, window, channel and time zone, kept in the URL, so that a view can be shared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from dashboard.drawing import palette
from dashboard.reading.windows import WINDOWS, Window
from shared.contract.events import CHANNELS, Channel
from shared.contract.names import NAME

CHANNEL_CHOICES: Final[dict[str, tuple[Channel, ...]]] = {"all": CHANNELS, "news": ("news",), "social": ("social",)}
ZONE_CHOICES: Final = ("UTC", "exchange", "local")
EXCHANGE: Final = "America/New_York"
DEFAULTS: Final = {"page": "Market", "window": "24h", "channel": "all", "tz": "UTC"}  # these are left out of the URL


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

    @property
    def channels(self) -> tuple[Channel, ...]:
        return CHANNEL_CHOICES[self.channel]

    @property
    def colours(self) -> palette.Palette:
        return palette.theme(self.dark)


def current() -> View:
    """The choices as the toolbar (app.py) left them."""
    state = st.session_state
    chosen = state.get("tz") or DEFAULTS["tz"]
    zone = zone_of(chosen, st.context.timezone)
    return View(
        company=state.get("company") or "",
        window=WINDOWS[state.get("window") or DEFAULTS["window"]],
        channel=state.get("channel") or DEFAULTS["channel"],
        zone=zone,
        zone_name={"UTC": "UTC", "exchange": "New York"}.get(chosen, str(zone)),
        dark=st.context.theme.type == "dark",
        profile=profile_of(st.query_params.get("profile", ""), state.get("profile_default", "")),
    )


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
