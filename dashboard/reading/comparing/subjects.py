"""What is compared: a company, or a sector as the sum of its companies that are written of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from dashboard.reading import measures
from dashboard.reading.companies import UNCLASSIFIED, label
from dashboard.reading.frames import frame, frame_of
from dashboard.reading.measures import SUMS, with_measures
from dashboard.reading.moment.known import KnownMarket
from dashboard.reading.snapshots import CHART_BUCKETS
from shared.clock import SECOND
from shared.contract.aggregates import SECONDS, RecentDocument, Resolution
from shared.contract.events import MARKET, Channel
from shared.event_classes.selection import in_classes
from shared.reading.measuring.sentiment import most_frequent
from shared.reading.measuring.windows import Period, Window, clock, needed, period
from shared.reading.run import RunView

SECTOR: Final = "sector:"  # before a sector's name, where companies stand by their ids
MOST: Final = 5


@dataclass(frozen=True, slots=True)
class Subject:
    """`companies`: whose opinions are added up."""

    key: str
    name: str  # for a legend
    long: str
    companies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """One subject over a window and the one before it."""

    subject: Subject
    now: pd.Series
    before: pd.Series
    events: list[tuple[str, int]]
    comparable: bool  # whether it was written of before, too


@dataclass(frozen=True, slots=True)
class Comparison:
    """In the order that was asked for. `lines`: columns subject, start, the sums and their measures."""

    span: Period
    rows: list[Compared]
    lines: pd.DataFrame


def keys_of(text: str, known: Iterable[str]) -> list[str]:
    """The subjects that an address names, each once, at most MOST; what is unknown is left out."""
    companies = set(known)
    keys = [each for each in dict.fromkeys(text.split(",")) if each.startswith(SECTOR) or each in companies]
    return keys[:MOST]


def sectors(companies: Iterable[str]) -> dict[str, list[str]]:
    """Sector -> its companies among these, by name."""
    found: dict[str, list[str]] = {}
    for company in sorted(companies):
        if company != MARKET and label(company).sector != UNCLASSIFIED:
            found.setdefault(label(company).sector, []).append(company)
    return dict(sorted(found.items()))


def subject_of(key: str, companies: Iterable[str]) -> Subject:
    """`companies`: those that are written of."""
    if key.startswith(SECTOR):
        name = key.removeprefix(SECTOR)
        members = sorted(each for each in companies if each != MARKET and label(each).sector == name)
        return Subject(
            key, name, f"{name}, the whole sector", tuple(members)
        )  # also those of no sector, which have a page
    named = label(key)
    return Subject(key, named.ticker, named.long, (key,))


def compare(
    run: KnownMarket,
    keys: Sequence[str],
    window: Window,
    resolution: Resolution,
    channels: Sequence[Channel],
    wall: int,
) -> Comparison:
    """The window ends with the newest opinion of all, as everywhere. Raises redis.RedisError."""
    latest = run.newest()
    subjects = [subject_of(key, latest) for key in keys]
    now = clock(latest.values(), wall)
    span = period(now, window)
    wanted = sorted({company for subject in subjects for company in subject.companies})
    rows = run.buckets.rows(wanted, channels, needed(span, window))
    table = frame(rows)
    found = []
    for subject in subjects:
        members = set(subject.companies)  # a sector may have thousands
        own = table[table["company"].isin(members)]
        inside = [row for row in rows if row.company in members and row.start >= span.start]
        found.append(
            Compared(
                subject,
                measures.whole(own[own["start"] >= span.start]),
                measures.whole(own[own["start"] < span.start]),
                most_frequent([in_classes(dict(most_frequent(row.bucket.events for row in inside)))]),
                bool((own["start"] < span.start).any()),
            )
        )
    return Comparison(span, found, _lines(run, subjects, wanted, resolution, channels, window, now))


def _lines(
    run: KnownMarket,
    subjects: Sequence[Subject],
    wanted: Sequence[str],
    resolution: Resolution,
    channels: Sequence[Channel],
    window: Window,
    now: int,
) -> pd.DataFrame:
    step = SECONDS[resolution]
    end = (now // SECOND // step + 1) * step if window.end is None else -(-window.end // step) * step
    count = min(CHART_BUCKETS[resolution], max(2 * window.seconds // step, 24))
    starts = range(max(end - count * step, 0), end, step)
    table = frame_of(run.buckets.columns(wanted, channels, {resolution: list(starts)}))
    parts = []
    for subject in subjects:
        own = table[table["company"].isin(subject.companies)]
        sums = own.groupby("start", as_index=False)[SUMS].sum()
        parts.append(with_measures(sums).assign(subject=subject.key))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["subject", "start", *SUMS])


def sector_table(companies: pd.DataFrame) -> pd.DataFrame:
    """Sectors with their measures over a window, the largest first. `companies`: of `measures.compare`."""
    named = companies.assign(sector=[label(company).sector for company in companies["company"]])
    sums = named.groupby("sector", as_index=False)[SUMS].sum()
    count = named.groupby("sector")["company"].count()
    risen = named[named["change"] > 0].groupby("sector")["company"].count()
    fallen = named[named["change"] < 0].groupby("sector")["company"].count()
    table = with_measures(sums)
    return table.assign(
        companies=table["sector"].map(count),
        rising=table["sector"].map(risen).fillna(0).astype(int),
        falling=table["sector"].map(fallen).fillna(0).astype(int),
    ).sort_values(["documents", "sector"], ascending=[False, True], ignore_index=True)


def documents_of(run: RunView, companies: Iterable[str], span: Period, most: int) -> list[RecentDocument]:
    """The newest kept documents about these companies in a window."""
    return run.documents.between(companies, span.start * SECOND, span.end * SECOND)[:most]
