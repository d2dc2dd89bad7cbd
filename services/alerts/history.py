"""The alerts of a run as a script reads them: scores as fractions, times in ISO 8601 beside the microseconds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from shared.clock import to_iso
from shared.contract.alerts import Alert, AlertDocument
from shared.contract.events import MICRO


def history(
    numbered: Iterable[tuple[int, Alert]], *, rule: str | None = None, company: str | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """The first `limit` of these alerts; `rule` and `company` leave the others out."""
    alerts = [
        (number, alert) for number, alert in numbered if rule in (None, alert.rule) and company in (None, alert.company)
    ]
    return [_plain(number, alert) for number, alert in alerts[:limit]]


def _plain(number: int, alert: Alert) -> dict[str, Any]:
    value: dict[str, Any] = msgspec.to_builtins(alert)
    return value | {
        "number": number,
        "score": alert.score / MICRO,
        "confidence": alert.confidence / MICRO,
        "time": to_iso(alert.available_at),
        "channels": list(alert.channels),
        "inside": alert.inside,
        "test": alert.test,
        "documents": [_shown(document) for document in alert.documents],
    }


def _shown(document: AlertDocument) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(document)
    return plain | ({"event": document.event_class} if document.event else {})
