"""What traces say of a document in the scoring worker: what it waited for, and what became of it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from services.runtime.telemetry.traces import attributes_of
from services.scoring.entries import Entry
from shared.traced import TRACES, Span, now, within

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Moments:
    """Of one group, nanoseconds since 1970; 0: not yet."""

    read: int
    linked: int = 0
    asked: int = 0
    answered: int = 0


def tell(entries: Sequence[Entry], moments: Moments, model: str) -> None:
    """Spans of those that are traced; Kafka has their outcomes by now."""
    if not TRACES.on:
        return
    traced, sent = [entry for entry in entries if entry.trace is not None], now()
    for entry in traced:
        _tell(entry, moments, sent, model, len(entries))


def _tell(entry: Entry, moments: Moments, sent: int, model: str, group: int) -> None:
    own = entry.trace
    assert own is not None
    about = attributes_of(entry.record, group) | {"bellwether.model": model, "bellwether.companies": len(entry.links)}
    if entry.reason:
        about["error.type"] = entry.reason
        with within(own):
            log.warning("document %s became a dead letter: %s", entry.document_id, entry.reason)
    TRACES.add(Span("score", "consumer", own, entry.sender, moments.read, sent, about, bool(entry.reason)))
    for name, began, ended in (
        ("link", moments.read, moments.linked),
        ("model", moments.asked, moments.answered),
        ("send opinions", moments.answered, sent),
    ):
        TRACES.add(Span(name, "internal", own.child(), own.span, began, ended))
