"""Every company over a window and the one before it: what moves, sector by sector, event by event."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from shared.clock import SECOND, to_iso
from shared.contract.aggregates import Bucket
from shared.contract.events import MARKET, Channel
from shared.event_classes.selection import classes_of, group_of, in_classes, in_groups
from shared.reading.known import Counted
from shared.reading.measuring.measures import Sums
from shared.reading.measuring.sentiment import most_frequent
from shared.reading.measuring.windows import Period, Window, clock, needed, period


class Snapshot(NamedTuple):
    """The buckets of both windows, by company; `newest` is the page's "now" (windows.clock), microseconds."""

    newest: int
    span: Period
    now: dict[str, list[Bucket]]
    before: dict[str, list[Bucket]]


def snapshot(
    run: Counted, window: Window, channels: Sequence[Channel], wall: int, company: str | None = None
) -> Snapshot | None:
    """None while nothing was aggregated. `wall`: the wall clock. `company`: of this one alone."""
    latest = run.newest()
    if not latest:
        return None
    now = clock(latest.values(), wall)
    span = period(now, window)
    active = [each for each, at in latest.items() if at >= span.before * SECOND and company in (None, each)]
    found = Snapshot(now, span, {}, {})
    for row in run.buckets.rows(active, channels, needed(span, window)):
        side = found.now if row.start >= span.start else found.before
        side.setdefault(row.company, []).append(row.bucket)
    return found


def company_rows(found: Snapshot) -> list[dict[str, Any]]:
    """One row per company that was written about in the window; what moved surely first, ties by id.

    `change` is against the window before, `strength` the change in its standard errors: one loud document does not
    outrank a real turn.
    """
    rows = [compared(each, found.now[each], found.before.get(each, ())) for each in found.now if each != MARKET]
    return sorted(rows, key=lambda row: (-abs(row["strength"] or 0.0), -row["documents"], row["company"]))


def compared(company: str, now: Iterable[Bucket], before: Iterable[Bucket]) -> dict[str, Any]:
    current, past = Sums.of(now), Sums.of(before)
    change = strength = None
    if current.sentiment is not None and past.sentiment is not None:
        assert current.error is not None and past.error is not None
        change = current.sentiment - past.sentiment
        strength = change / (current.error**2 + past.error**2) ** 0.5
    return (
        {"company": company}
        | current.plain()
        | {
            "sentiment_before": past.sentiment,
            "documents_before": past.documents,
            "change": change,
            "strength": strength,
        }
    )


def whole_row(found: Snapshot) -> dict[str, Any]:
    """Everything together, the market as a whole included, as one row."""
    now = [bucket for each in found.now.values() for bucket in each]
    before = [bucket for each in found.before.values() for bucket in each]
    return compared(MARKET, now, before)


def grouped_rows(found: Snapshot, group_of: dict[str, str], name: str) -> list[dict[str, Any]]:
    """One row per group of companies (`group_of`: company id -> its group; one without is left out), by name."""
    rows = []
    for group in sorted({group_of[each] for each in found.now if each in group_of}):
        members = [each for each in found.now if group_of.get(each) == group]
        now = [bucket for each in members for bucket in found.now[each]]
        before = [bucket for each in members for bucket in found.before.get(each, ())]
        row = compared(group, now, before)
        del row["company"]
        rows.append({name: group, "companies": len(members)} | row)
    return rows


def event_rows(found: Snapshot, event: str = "", *, groups: bool = False) -> list[dict[str, Any]]:
    """Documents by company and event class in the window, most first. `event`: of this class or group alone; `groups`:
    one row a group. Raises UnknownEvent.
    """
    wanted = frozenset(classes_of(event)) if event else None
    rows: list[dict[str, Any]] = []
    for company, buckets in found.now.items():
        earlier = _events(found.before.get(company, ()), wanted, groups=groups)
        for name, count in _events(buckets, wanted, groups=groups).items():
            row = {"company": company, "event": name, "group": name if groups else group_of(name)}
            rows.append(row | {"documents": count, "documents_before": earlier.get(name, 0)})
    return sorted(rows, key=lambda row: (-row["documents"], row["company"], row["event"]))


def _events(buckets: Iterable[Bucket], wanted: frozenset[str] | None, *, groups: bool) -> dict[str, int]:
    counts = in_classes(dict(most_frequent(bucket.events for bucket in buckets)))
    kept = {name: count for name, count in counts.items() if wanted is None or name in wanted}
    return in_groups(kept) if groups else kept


def bounds(found: Snapshot) -> dict[str, str]:
    """The window's ends, for people and scripts."""
    return {"from": to_iso(found.span.start * SECOND), "to": to_iso(found.span.end * SECOND)}
