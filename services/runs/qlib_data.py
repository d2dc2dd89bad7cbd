"""Signals as a data folder of Microsoft's qlib: a calendar of weekdays, a binary file for each instrument and field.

A day's value is that of the last signal that was known before the day began (00:00 UTC): whatever is traded on that day
knows it. Days before an instrument's first signal are not there, and the last value is carried to the end.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from shared.clients.state_folder import make_folder, whole_files

FIELDS: Final = ("score", "confidence")
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9.-]")


class NoSignals(ValueError):
    """There is nothing to write; the text says what there is."""


def write_qlib(folder: Path, signals: pd.DataFrame, strategy: str | None) -> tuple[int, int]:
    """(instruments, days) of one strategy, as `qlib.init(provider_uri=folder)` reads them. Raises NoSignals.

    `signals`: columns company, strategy, available_at (microseconds), revision and FIELDS (signal_frame).
    """
    chosen = _of_one(signals, strategy).sort_values(["available_at", "at", "revision"], kind="stable")
    known = pd.to_datetime(chosen["available_at"], unit="us", utc=True).dt.tz_localize(None)
    first, last = known.min().normalize() + pd.Timedelta(days=1), known.max().normalize() + pd.Timedelta(days=1)
    days = pd.bdate_range(first, last + pd.offsets.BDay(0))
    with whole_files(folder) as draft:
        instruments = _write(draft, chosen, known, days)
    return instruments, len(days)


def _write(folder: Path, chosen: pd.DataFrame, known: pd.Series, days: pd.DatetimeIndex) -> int:
    """All files of the folder; how many instruments."""
    make_folder(folder / "calendars")
    (folder / "calendars" / "day.txt").write_text("".join(f"{day:%Y-%m-%d}\n" for day in days))
    lines = []
    for company, own in chosen.groupby("company", sort=True):
        name = _UNSAFE.sub("_", str(company))
        # what is known at midnight, exclusive: a signal of 00:00 itself belongs to the next day
        place = np.searchsorted(known[own.index].to_numpy(), days.to_numpy(), side="left") - 1
        begin = int(np.argmax(place >= 0))
        if place[-1] < 0:
            continue
        target = make_folder(folder / "features" / name.lower())
        for field in FIELDS:
            values = own[field].to_numpy(dtype="<f4")[place[begin:]]
            np.concatenate([np.array([begin], dtype="<f4"), values]).tofile(target / f"{field}.day.bin")
        lines.append(f"{name.upper()}\t{days[begin]:%Y-%m-%d}\t{days[-1]:%Y-%m-%d}\n")
    make_folder(folder / "instruments")
    (folder / "instruments" / "all.txt").write_text("".join(lines))
    return len(lines)


def _of_one(signals: pd.DataFrame, strategy: str | None) -> pd.DataFrame:
    there = sorted(signals["strategy"].unique())
    if strategy is None and len(there) == 1:
        strategy = there[0]
    if strategy not in there:
        said = f"strategy {strategy}" if strategy else "one strategy has to be chosen: --strategy"
        raise NoSignals(f"{said}; signals in this range are of: {', '.join(there) or 'none'}")
    return signals[signals["strategy"] == strategy]
