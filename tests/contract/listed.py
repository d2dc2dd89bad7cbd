"""A source of `ingest.sources`, built as the worker builds it and read until something is so."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from services.ingest.documents.normalise import RawItem, Rejected, normalise
from services.ingest.documents.raw_document import RawDocument
from services.ingest.registry import build_source
from services.ingest.sources.source import Batch, Cursor, LiveSource
from shared.clock import Clock, SystemClock
from shared.settings import IngestSettings, SourceSettings
from shared.universe.securities import Catalogue

DEADLINE_SECONDS = 30


class Running:
    """A clock that shows `start` when it is made, and goes."""

    def __init__(self, start: int) -> None:
        self._start, self._began = start, time.monotonic_ns()

    def now(self) -> int:
        return self._start + (time.monotonic_ns() - self._began) // 1000


def build(kind: str, clock: Clock | None = None, settings: dict[str, Any] | None = None, **options: Any) -> LiveSource:
    ingest = IngestSettings.model_validate({"contact": "me@example.com", "timeout_seconds": 3.0} | (settings or {}))
    source = SourceSettings(name="one", kind=kind, **options)
    return build_source(source, ingest, Catalogue.load(), clock or SystemClock())


def read(source: LiveSource, until: Callable[[list[Batch]], bool], cursor: Cursor | None = None) -> list[Batch]:
    """The batches that are not empty, until so many are there, or the source is in trouble, or time is over."""
    stop = threading.Event()
    timer = threading.Timer(DEADLINE_SECONDS, stop.set)
    timer.start()
    found: list[Batch] = []
    try:
        for batch in source.batches(cursor, stop):
            found.append(batch)
            if until(found) or source.trouble:
                stop.set()
    finally:
        timer.cancel()
    return found


def polls(number: int, source: LiveSource) -> Callable[[list[Batch]], bool]:
    """Whether a polled source has come to its waiting for so many times."""
    seen = [source.next_poll_at]
    number += 1

    def done(_: list[Batch]) -> bool:
        if source.next_poll_at and source.next_poll_at not in seen:
            seen.append(source.next_poll_at)
        return len(seen) >= number

    return done


def items(batches: list[Batch]) -> list[RawItem]:
    return [item for batch in batches for item in batch.items if not isinstance(item, Rejected)]


def refused(batches: list[Batch]) -> list[Rejected]:
    return [item for batch in batches for item in batch.items if isinstance(item, Rejected)]


def documents(source: LiveSource, batches: list[Batch], now: int | None = None) -> list[RawDocument]:
    at = now or SystemClock().now()
    made = [normalise(item, source.reading, at) for item in items(batches)]
    return [document for document in made if isinstance(document, RawDocument)]
