"""What a page shows at one moment: each function asks the run for what is needed and applies the formulas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from dashboard.reading import measures
from dashboard.reading.frames import frame, frame_of
from dashboard.reading.moment.known import Known, KnownMarket
from shared.clock import HOUR, SECOND
from shared.contract.aggregates import SECONDS, RecentDocument, Resolution, Totals
from shared.contract.alerts import KEPT_ALERTS
from shared.contract.events import MARKET, Channel
from shared.contract.operation.health import WorkerReport
from shared.contract.signals import Signal
from shared.event_classes.selection import in_classes
from shared.reading.measuring.sentiment import most_frequent
from shared.reading.measuring.windows import AHEAD, Period, Window, clock, cover, needed, period
from shared.reading.run import Applied, RunView
from shared.reading.values.signals import Asked

CHART_BUCKETS: dict[Resolution, int] = {"minute": 720, "hour": 720, "day": 730}  # 12 hours, 30 days, two years


COVERED = 0.1  # share of the window before that may lie ahead of the first bucket


@dataclass(frozen=True, slots=True)
class Market:
    """Every company over a window and the one before it."""

    newest: int  # windows.clock: the page's "now", microseconds
    known: int  # companies with any opinion, ever
    span: Period
    buckets: pd.DataFrame  # frames.frame, both windows, the market as a whole included
    companies: pd.DataFrame  # measures.compare + `trend`, without the market as a whole
    totals: Totals
    comparable: bool  # whether the window before is covered by what was read at all


@dataclass(frozen=True, slots=True)
class CompanyWindow:
    """One company over a window and the one before it."""

    newest: int
    span: Period
    now: pd.Series
    before: pd.Series
    by_channel: pd.DataFrame
    events: list[tuple[str, int]]
    sources: list[tuple[str, int]]
    authors: int
    stories: int
    trend: pd.DataFrame  # measures.trend
    comparable: bool


def newest(run: Known | KnownMarket) -> dict[str, int]:
    """Company id -> its highest available_at."""
    return run.newest()


def market(run: KnownMarket, window: Window, channels: Sequence[Channel], wall: int) -> Market | None:
    """None while nothing was aggregated. `wall`: the wall clock, here and below."""
    latest = run.newest()
    if not latest:
        return None
    now = clock(latest.values(), wall)
    span = period(now, window)
    active = [company for company, at in latest.items() if at >= span.before * SECOND]
    buckets = frame_of(run.buckets.columns(active, channels, needed(span, window)))
    listed = buckets[buckets["company"] != MARKET]
    companies = measures.compare(listed, span).merge(measures.sparklines(listed, span, window.bins), on="company")
    covered = bool(len(buckets)) and buckets["start"].min() < span.before + COVERED * window.seconds
    return Market(now, len(set(latest) - {MARKET}), span, buckets, companies, run.totals(), covered)


def most_written(run: KnownMarket, window: Window, channels: Sequence[Channel], wall: int, most: int = 10) -> list[str]:
    """The companies with the most opinions in the window; where it holds none, those that were last written of."""
    found = market(run, window, channels, wall)
    if found is None:
        return []
    told = found.companies[found.companies["documents"] > 0]
    ranked = told.sort_values(["documents", "company"], ascending=[False, True])["company"].tolist()
    latest = sorted(run.newest().items(), key=lambda each: (-each[1], each[0]))
    return (ranked or [company for company, _ in latest if company != MARKET])[:most]


def feed(
    run: RunView, channels: Sequence[Channel], count: int, wall: int, window: Window | None = None
) -> list[RecentDocument]:
    """The newest opinions of all companies, newest first; of a `window` that has an end, those that are kept of it.

    The `count` newest lie in the `count` companies whose newest is newest, so only those are read (of one channel
    there may be fewer than `count` among them).
    """
    latest = run.newest()
    if window is not None and window.end is not None:
        start, end = (window.end - window.seconds) * SECOND, window.end * SECOND
        wanted = [company for company, at in latest.items() if at >= start]
        return _of(run.documents.between(wanted, start, end), channels)[:count]
    leaders = sorted(latest.items(), key=lambda item: (-item[1], item[0]))[:count]
    if not leaders:
        return []
    certain = len(channels) > 1 and len(leaders) == count and leaders[0][1] <= wall + AHEAD
    reach = leaders[-1][1] if certain else 0
    return _of(run.documents.between([c for c, _ in leaders], reach, wall + AHEAD + 1), channels)[:count]


def _of(found: Sequence[RecentDocument], channels: Sequence[Channel]) -> list[RecentDocument]:
    return [document for document in found if document.channel in channels]


def newest_documents(run: RunView, wall: int) -> list[RecentDocument]:
    """A few of the newest opinions: enough to tell whether what is shown is synthetic."""
    return feed(run, ("news", "social"), 10, wall)


SIGNAL_HOURS = 24 * 8  # before the end of a range: how old its latest signal may be


def signals_at(run: RunView, window: Window) -> list[Signal]:
    """The latest signal of every company and strategy; of a window that has an end, those that were the latest then."""
    latest = run.signals.latest()
    if window.end is None or not latest:
        return latest
    last = window.end * SECOND // HOUR * HOUR
    times = [last - hour * HOUR for hour in range(SIGNAL_HOURS)]
    found = run.signals.revisions_at([Asked(signal.company, signal.strategy, times) for signal in latest])
    then = [revisions[max(revisions)][-1] for revisions in found if revisions]
    return sorted(then, key=lambda signal: (-abs(signal.score), signal.company, signal.strategy))


def company_window(
    run: Known, company: str, window: Window, channels: Sequence[Channel], wall: int
) -> CompanyWindow | None:
    """None when the company has no opinion at all."""
    latest = run.newest()
    if company not in latest:
        return None
    now = clock(latest.values(), wall)
    span = period(now, window)
    rows = run.buckets.rows([company], channels, needed(span, window))
    buckets = frame(rows)
    current = buckets[buckets["start"] >= span.start]
    inside = [row.bucket for row in rows if row.start >= span.start]
    authors, stories = run.buckets.distinct(company, channels, _detailed(span, window))
    return CompanyWindow(
        newest=now,
        span=span,
        now=measures.whole(current),
        before=measures.whole(buckets[buckets["start"] < span.start]),
        by_channel=measures.totals(current, ["channel"]),
        events=most_frequent([in_classes(dict(most_frequent(bucket.events for bucket in inside)))]),
        sources=most_frequent(bucket.sources for bucket in inside),
        authors=authors,
        stories=stories,
        trend=measures.trend(buckets, span, window.bins),
        comparable=run.buckets.first_day(company, channels) <= span.before,
    )


def series(
    run: Known, company: str, resolution: Resolution, channels: Sequence[Channel], wall: int, window: Window
) -> pd.DataFrame:
    """The company's buckets of one resolution, for the chart: up to the page's "now", or those of a window that has an
    end, with as many before it as the chart has room for. Columns of frames.frame."""
    step = SECONDS[resolution]
    end = (clock(run.newest().values(), wall) // SECOND // step + 1) * step
    if window.end is not None:
        end = -(-window.end // step) * step
    starts = range(max(end - CHART_BUCKETS[resolution] * step, 0), end, step)
    return frame(run.buckets.rows([company], channels, {resolution: list(starts)}))


def behind(
    run: Known, company: str, start: int, resolution: Resolution, channels: Sequence[Channel]
) -> list[RecentDocument]:
    """Kept documents of one bucket."""
    found = run.documents.behind(company, start, start + SECONDS[resolution])
    return [document for document in found if document.channel in channels]


def _detailed(span: Period, window: Window) -> dict[Resolution, Sequence[int]]:
    """Hour and day buckets that cover the window, outwards to the whole hour (minutes keep no authors)."""
    hour = SECONDS["hour"]
    start, end = span.start // hour * hour, -(-span.end // hour) * hour
    coarse: Resolution = "day" if window.coarse == "day" else "hour"
    return dict(cover(start, end, coarse, "hour"))


def alert_numbers(run: RunView, profile: str) -> tuple[int, int, int]:
    """(number of the latest alert, number that the profile has seen, how many are kept at most)."""
    return run.alerts.totals().get("given", 0), run.alerts.seen(profile), KEPT_ALERTS


@dataclass(frozen=True, slots=True)
class Health:
    """The state of the system."""

    newest: int  # 0 before the first opinion
    companies: int
    totals: Totals
    workers: list[WorkerReport]
    bound_to: dict[str, str]
    positions: dict[int, Applied]  # RunView.positions


def health(run: RunView, wall: int) -> Health:
    """Counts, workers and what the run is bound to."""
    latest = run.newest()
    return Health(
        newest=clock(latest.values(), wall),
        companies=len(latest),
        totals=run.totals(),
        workers=run.workers.reports(),
        bound_to=run.bound_to(),
        positions=run.positions(),
    )
