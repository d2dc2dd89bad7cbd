"""`bellwether sources check`: one source read once, and what it would publish. Nothing is sent, no cursor moves."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from services.ingest.documents.companies import CompanyNames
from services.ingest.documents.masker import Masker
from services.ingest.documents.normalise import RawItem, Rejected, normalise
from services.ingest.registry import build_source
from services.ingest.sources.source import LiveSource
from shared.clock import Clock
from shared.contract.events import Document
from shared.settings import Settings, SourceSettings
from shared.universe.securities import Catalogue

PATIENCE_SECONDS: Final = 30.0


@dataclass(slots=True)
class Trial:
    """What one reading gave."""

    read: int = 0
    documents: list[Document] = field(default_factory=list)
    refused: list[Rejected] = field(default_factory=list)
    trouble: str = ""


def try_source(settings: Settings, source: SourceSettings, clock: Clock, most: int, patience: float) -> Trial:
    """Until it has given `most` items, answered, is in trouble, or `patience` seconds are over. Raises SourceError."""
    catalogue = Catalogue.load()
    live = build_source(source, settings.ingest, catalogue, clock)
    names = CompanyNames(catalogue)
    reading = replace(live.reading, link=names.link, zone_names=settings.ingest.zone_names)
    masker, trial = Masker.from_settings(settings), Trial()
    for item in _items(live, trial, most, patience):
        made = item if isinstance(item, Rejected) else normalise(item, reading, clock.now())
        trial.read += 1
        if isinstance(made, Rejected):
            trial.refused.append(made)
        else:
            trial.documents.append(masker.apply(made))
        if trial.read >= most:
            break
    return trial


def _items(live: LiveSource, trial: Trial, most: int, patience: float) -> Iterator[RawItem | Rejected]:
    stop = threading.Event()
    timer = threading.Timer(patience, stop.set)
    timer.daemon = True
    timer.start()
    try:
        for batch in live.batches(None, stop):
            yield from batch.items
            trial.trouble = live.trouble
            has_answered = not batch.items and bool(live.heard_at)
            if trial.trouble or has_answered or trial.read >= most:
                return
        trial.trouble = live.trouble
    finally:
        stop.set()
        timer.cancel()
