"""An alert as it leaves the house: the JSON of a webhook, the lines of a mail or a chat. Pure; the same each time."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from shared.clock import to_iso
from shared.contract.alerts import Alert, AlertDocument, Delivery
from shared.contract.events import MICRO
from shared.links import safe_link
from shared.universe.securities import Catalogue, Instrument

DISCLAIMER = "Statistics about texts, not advice."


def payload(delivery: Delivery, link: str = "") -> dict[str, Any]:
    """The body of a webhook: fractions as numbers, times as ISO 8601. `delivery` is the same in every copy."""
    alert, company = delivery.alert, _company(delivery.alert.company)
    return {
        "delivery": delivery.id,
        "id": alert.id,
        "rule": alert.rule,
        "kind": alert.kind,
        "text": alert.text,
        "company": {"id": alert.company, **(company or {})},
        "signal": alert.signal,
        "strategy": alert.strategy,
        "revision": alert.revision,
        "action": alert.action,
        "score": alert.score / MICRO,
        "confidence": alert.confidence / MICRO,
        "at": to_iso(alert.at),
        "available_at": to_iso(alert.available_at),
        "documents": [_document(document) for document in alert.documents],
        "link": page_of(alert, link),
        "synthetic": alert.synthetic,
        "test": alert.test,
    }


def _document(document: AlertDocument) -> dict[str, Any]:
    found = {"id": document.id, "title": document.title, "source": document.source, "url": _link(document.url)}
    return {**found, "event": document.event_class, "contribution": document.contribution / MICRO}


def headline(alert: Alert) -> str:
    """One line: `[TEST] AAPL Apple: strong buy +0.62 (rule strong-opinion)`."""
    company = _company(alert.company)
    name = f"{company['ticker']} {company['name']}" if company else alert.company
    marks = [mark for mark, set_ in (("[TEST]", alert.test), ("[SYNTHETIC]", alert.synthetic)) if set_]
    return " ".join([*marks, f"{name}: {alert.action} {alert.score / MICRO:+.2f} (rule {alert.rule})"])


def lines(alert: Alert, link: str = "") -> list[str]:
    """The text below the headline, documents last, each as what it moved the score by, title, source and address."""
    found = [
        alert.text,
        f"confidence {alert.confidence / MICRO:.0%}, strategy {alert.strategy}, signal for {to_iso(alert.at)}"
        + (f", revision {alert.revision}" if alert.revision else ""),
    ]
    for d in alert.documents:
        moved = f"{d.contribution / MICRO:+.3f}" if d.contribution else ""
        found.append(" | ".join(part for part in (moved, d.title, d.source, _link(d.url)) if part))
    return [*found, *([page_of(alert, link)] if link else []), DISCLAIMER]


def page_of(alert: Alert, link: str) -> str:
    """The company's page on the dashboard at `link`; "" without one."""
    return f"{link.rstrip('/')}/?page=Company&company={quote(alert.company)}" if link else ""


def _link(url: str) -> str:
    """`url` when it is a link, else ""; a | in it would be taken for the end of it."""
    return safe_link(url).replace("|", "%7C")


def _company(company: str) -> dict[str, str] | None:
    known: Instrument | None = Catalogue.load().by_id.get(company)
    return {"ticker": known.ticker, "name": known.name, "sector": known.sector} if known else None
