"""The instants that the rows of a file of bars are stamped with. Pure; whose clock a text without a zone shows is asked
for, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from services.backtest.price_files import MONTH_FIRST, month_order
from services.ingest.documents.dates.wall_time import read_wall_time
from shared.clock import to_micros

_EPOCHS: Final = {10: 1, 13: 1_000, 16: 1_000_000, 19: 1_000_000_000}  # digits -> units in a second
_BARE_TIME: Final = re.compile(r"(\d{2})(\d{2})(\d{2})?")  # Stooq's 153000
_SLASHED: Final = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(.*)", re.DOTALL)
_ZONED: Final = re.compile(r"(?:[Zz]|[+-]\d{1,2}:?\d{2}|(?<=[\d\s])[A-Z]{2,4}T?|\d\s+[A-Za-z]+/[A-Za-z_/]+)$")
_HALVES: Final = re.compile(r"\d\s*[AaPp]\.?[Mm]\.?$")

Read = tuple[int | None, str]  # microseconds since the epoch; why there are none


def moments(table: pd.DataFrame, zone: ZoneInfo | None) -> tuple[pd.Series, pd.Series]:
    """(instants in microseconds, NaN for none; why there is none, "" mostly), one a row. `zone`: of texts that name
    none; UTC by default. Columns: date, and time where the day stands apart."""
    texts = table["date"].str.strip()
    if "time" in table:
        clock = table["time"].str.strip()
        texts = texts.where(clock == "", texts + " " + clock.map({each: _clock(each) for each in clock.unique()}))
    order = True if table.attrs.get(MONTH_FIRST) else month_order(texts.str.split(" ").str[0])
    known: Mapping[str, Read] = {text: _moment(text, zone or ZoneInfo("UTC"), order) for text in texts.unique()}
    found = texts.map({text: np.nan if read[0] is None else float(read[0]) for text, read in known.items()})
    return found.astype(float), texts.map({text: read[1] for text, read in known.items()})


def _clock(text: str) -> str:
    found = _BARE_TIME.fullmatch(text.zfill(6) if len(text) == 5 else text)
    return ":".join(part for part in found.groups() if part) if found else text


def _moment(text: str, zone: ZoneInfo, month_first: bool | None) -> Read:
    if text.isascii() and text.isdecimal() and len(text) in _EPOCHS:
        return int(text) * 1_000_000 // _EPOCHS[len(text)], ""
    slashed = _SLASHED.fullmatch(text)
    if slashed:
        if month_first is None:
            return None, "its day may be two days (03/04); write 2026-03-02 09:30"
        day, month = (slashed[2], slashed[1]) if month_first else (slashed[1], slashed[2])
        text = f"{slashed[3]}-{int(month):02d}-{int(day):02d}{slashed[4]}"
    try:
        wall = _wall(text)
    except (ValueError, OverflowError):
        return None, "not a time (2026-03-02 09:30:00, with an offset or --zone)"
    if wall is None:
        return None, "a day without a time of day"
    if wall.tzinfo is None:
        wall = wall.replace(tzinfo=zone)
        if wrong := _no_time_of(zone, wall):
            return None, wrong
    return to_micros(wall), ""


def _no_time_of(zone: ZoneInfo, wall: datetime) -> str:
    """Why the clocks of a zone did not show this, or did so twice; "" mostly."""
    earlier, later = wall.utcoffset(), wall.replace(fold=1).utcoffset()
    assert earlier is not None
    assert later is not None
    if earlier < later:
        return f"a time that {zone.key} skipped when its clocks went forward"
    if earlier > later:
        return f"a time that {zone.key} had twice when its clocks went back; write it with its offset"
    return ""


def _wall(text: str) -> datetime | None:
    """None for a bare day. Raises ValueError."""
    if len(text) <= 10 and not re.search(r"[:T]", text):
        datetime.fromisoformat(text)
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        found = read_wall_time(text)  # in words; it knows a text without a zone as UTC
    if not isinstance(found, datetime):
        return None
    zoned = _ZONED.search(text) and not _HALVES.search(text)
    return found if zoned else found.replace(tzinfo=None)
