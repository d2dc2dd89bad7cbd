"""Alerts as data of the list component and as rows of tables. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

import pandas as pd

from dashboard.drawing import formats, plots
from dashboard.drawing.palette import Palette
from dashboard.reading.alerting import Alerts
from dashboard.reading.companies import label
from shared.contract.alerts import Alert, ChannelState
from shared.contract.events import MICRO
from shared.links import safe_link

_INSIDE = {
    "history": "dashboard only: it is history",
    "replay": "dashboard only: it is a replay",
}


def items(numbered: Sequence[tuple[int, Alert]], seen: int, zone: tzinfo, colours: Palette) -> list[dict[str, Any]]:
    """Alerts as data of the list component; what comes after number `seen` is marked as new."""
    return [_item(number, alert, number > seen, zone, colours) for number, alert in numbered]


def _item(number: int, alert: Alert, new: bool, zone: tzinfo, colours: Palette) -> dict[str, Any]:
    named = label(alert.company)
    return {
        "key": str(number),
        "time": formats.moment(alert.available_at, zone),
        "moment": formats.moment(alert.available_at, zone, seconds=True, year=True),
        "company": alert.company,
        "ticker": named.ticker,
        "name": named.long,
        "title": f"{named.name}: {alert.action}",
        "excerpt": alert.text,
        "url": "",
        "tags": [alert.rule, alert.kind, sent_to(alert), *(["test"] if alert.test else [])],
        "links": [
            {
                "id": d.id,
                "of": alert.company,
                "title": d.title or "(no text)",
                "url": safe_link(d.url),
                "source": f"{formats.score(d.contribution / MICRO, 3)} · {d.source}" if d.contribution else d.source,
            }
            for d in alert.documents
        ],
        "new": new,
        "synthetic": alert.synthetic,
        **plots.score_bar(alert.score / MICRO, alert.confidence, colours),
    }


def sent_to(alert: Alert) -> str:
    """Where it went besides the dashboard."""
    if alert.inside:
        return _INSIDE.get(alert.inside, f"dashboard only: {alert.inside}")
    return f"to {', '.join(alert.channels)}" if alert.channels else "dashboard"


def table(numbered: Sequence[tuple[int, Alert]], zone: tzinfo) -> pd.DataFrame:
    """Alerts as the rows of a CSV file."""
    rows = [
        {
            "number": number,
            "available_at": formats.moment(a.available_at, zone, seconds=True, year=True),
            "ticker": label(a.company).ticker,
            "company": a.company,
            "rule": a.rule,
            "kind": a.kind,
            "action": a.action,
            "score": a.score / MICRO,
            "confidence": a.confidence / MICRO,
            "text": a.text,
            "sent": sent_to(a),
            "documents": " | ".join(d.title for d in a.documents),
            "signal": a.signal,
            "synthetic": a.synthetic,
            "test": a.test,
            "id": a.id,
        }
        for number, a in numbered
    ]
    return pd.DataFrame(rows)


def channel_table(found: Alerts, now: int) -> pd.DataFrame:
    """One row a channel; `now` is the wall clock."""
    names = sorted({*found.channels, *found.waiting})
    rows = []
    for name in names:
        state = found.channels.get(name, ChannelState())
        rows.append(
            {
                "channel": name,
                "kind": state.kind,
                "sent": state.sent,
                "waiting": found.waiting.get(name, 0),
                "retried": state.retried,
                "given up": state.failed,
                "last sent": formats.seconds_ago(now, state.sent_at) if state.sent_at else formats.NOTHING,
                "last error": state.error or formats.NOTHING,
                "error": formats.seconds_ago(now, state.error_at) if state.error_at else formats.NOTHING,
            }
        )
    return pd.DataFrame(rows)
