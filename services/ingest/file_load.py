"""`bellwether ingest file`: one file, from its first row that is not safe yet to its last, and the tick behind it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from services.ingest.delivery.floors import Floor
from services.ingest.delivery.intake import Intake
from services.ingest.delivery.lead import leading
from services.ingest.delivery.ledger import Counts, Ledger
from services.ingest.delivery.publisher import Publisher
from services.ingest.delivery.rejected import RejectedFile
from services.ingest.documents.account import by_reason
from services.ingest.documents.companies import CompanyNames
from services.ingest.documents.masker import Masker
from services.ingest.sources.in_house.files import FileSource
from shared.clients.kafka import ensure_topics
from shared.clients.state_folder import StateFolder
from shared.clock import Clock
from shared.contract.events import CHANNELS
from shared.contract.topics import Topics
from shared.settings import Settings
from shared.universe.securities import Catalogue

Advance = Callable[[int, Counts], None]  # bytes of the file read, counts so far


def load_file(settings: Settings, source: FileSource, clock: Clock, advance: Advance | None = None) -> dict[str, Any]:
    """Load `source` to its end; gives the counts of the whole load, also of the parts before an interruption.

    At the end every documents.* partition gets a tick with the load's highest `available_at` + 1 microsecond, unless
    another process still has earlier documents to bring. Raises SourceError, MappingError, DeliveryFailed (run it
    again: it goes on), kafka.errors.*, TopicMismatch, and LedElsewhere where another state folder feeds the run.
    """
    topics = Topics.of(settings)
    states = ensure_topics(settings.kafka, topics.all())
    ids = {
        channel: states[topics.documents(channel)].topic_id for channel in CHANNELS
    }  # a row may name another channel
    started = time.perf_counter()
    with (
        leading(settings),
        Ledger(StateFolder(settings.state_dir).ledger, ids[source.reading.channel], ids) as ledger,
        Floor(StateFolder(settings.state_dir).floors) as floor,
        _closing(Publisher(settings.kafka, topics)) as publisher,
    ):
        names = CompanyNames(Catalogue.load())
        reading = replace(source.reading, link=names.link, zone_names=settings.ingest.zone_names)
        rejected = RejectedFile(settings.state_dir, reading.source, clock)
        masker = Masker.from_settings(settings)
        intake = Intake(source.key, reading, publisher.send, ledger, masker, rejected, names, clock)
        before = intake.counts.read
        reasons = _run(source, intake, advance)
        counts = intake.finish()
        watermark = _tick(publisher, ledger, floor, counts)
        ledger.forget(source.key)
    said = _summary(counts, before, time.perf_counter() - started, watermark)
    return said | {  # of what this call read; the counts are of the whole load
        "rejected_by_reason": dict(sorted(reasons.items())),
        "rejected_list": str(StateFolder(settings.state_dir).rejected) if counts.rejected else "",
        "unknown_companies": names.most_unknown(),
        "remarks": source.remarks,
    }


def _run(source: FileSource, intake: Intake, advance: Advance | None) -> Counter[str]:
    """Why rows were refused."""
    reasons: Counter[str] = Counter()
    for batch in source.batches(intake.cursor, threading.Event()):
        intake.take(batch)
        reasons += by_reason(batch.refused)
        if advance:
            advance(source.bytes_read(), intake.counts)
    return reasons


def _tick(publisher: Publisher, ledger: Ledger, floor: Floor, counts: Counts) -> int | None:
    if not counts.highest:
        return None
    wanted = ledger.want(counts.highest + 1)
    floor.release()  # before looking at the others: of two loads that end together, one at least sees none
    others = floor.lowest_of_others()
    watermark = wanted if others is None else min(wanted, others)
    if watermark > 0:
        for delivery in publisher.tick(watermark):
            delivery.wait()
    return watermark


def _summary(counts: Counts, before: int, seconds: float, watermark: int | None) -> dict[str, Any]:
    rate = (counts.read - before) / seconds if seconds > 0 else 0.0
    return {
        "read": counts.read,
        "published": counts.published,
        "rejected": counts.rejected,
        "duplicates": counts.duplicates,
        "truncated": counts.truncated,
        "undated": counts.undated,
        "versions": counts.versions,
        "useless_ids": counts.useless_ids,
        "other_channel": counts.other_channel,
        "unlinked": counts.unlinked,
        "resumed_after": before,
        "watermark": watermark,
        "seconds": round(seconds, 3),
        "documents_per_s": round(rate, 1),
    }


@contextmanager
def _closing(publisher: Publisher) -> Iterator[Publisher]:
    try:
        yield publisher
    finally:
        publisher.close()
