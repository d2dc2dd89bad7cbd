"""What pages ask of the alerts: those kept, what became of them outside, which are unread. Pure but for `read`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dashboard.reading.companies import label
from shared.clock import SECOND
from shared.contract.alerts import Alert, ChannelState
from shared.reading.readers.profiles import Interests
from shared.reading.run import RunView


@dataclass(frozen=True, slots=True)
class Alerts:
    """What was alerted (newest first, numbered) and what became of it outside."""

    numbered: tuple[tuple[int, Alert], ...]
    given: int
    limited: int  # held back by rules' limits
    channels: Mapping[str, ChannelState]
    waiting: Mapping[str, int]  # channel -> deliveries in the outbox


def read(run: RunView) -> Alerts:
    """Raises redis.RedisError."""
    alerts = run.alerts
    totals, channels, waiting = alerts.totals(), alerts.channels(), alerts.waiting()
    return Alerts(tuple(alerts.numbered()), totals.get("given", 0), totals.get("limited", 0), channels, waiting)


def unread(given: int, seen: int, kept: int) -> int:
    """How many alerts a profile has not seen, of those that are kept."""
    return min(max(given - seen, 0), kept)


def concerns(alert: Alert, interests: Interests) -> bool:
    """Whether an alert is about a company or a sector that is followed, or its documents about such an event."""
    events = [document.event_class for document in alert.documents]
    return bool(interests.reasons(alert.company, label(alert.company).sector, events))


def troubled(found: Alerts, now: int) -> list[str]:
    """Channels whose latest attempt, within a quarter of an hour, failed."""
    return [
        name
        for name, state in found.channels.items()
        if state.error_at > state.sent_at and now - state.error_at < 900 * SECOND
    ]
