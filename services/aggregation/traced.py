"""What traces say of an opinion in the aggregation worker: when it was in Redis."""

from __future__ import annotations

from collections.abc import Sequence

from services.runtime.record import Record
from services.runtime.telemetry.traces import attributes_of
from shared.traced import TRACES, Span, context_among, now


def tell(records: Sequence[Record], began: int, asked: int) -> None:
    """Spans of those that are traced; they are in Redis now. `began` and `asked`: when the batch was taken on, and when
    the store was first asked (nanoseconds since 1970)."""
    if not TRACES.on:
        return
    ended = now()
    for record in records:
        sent = context_among(record.headers)
        if sent is None:
            continue
        own = sent.child()
        about = attributes_of(record, len(records))
        TRACES.add(Span("apply", "consumer", own, sent.span, began, ended, about))
        TRACES.add(Span("load, plan and commit", "client", own.child(), own.span, asked, ended, _REDIS))


_REDIS = {"db.system.name": "redis"}
