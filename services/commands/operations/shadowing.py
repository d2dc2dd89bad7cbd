"""`bellwether model shadow`: another model beside the live one, and how far they agree.

With --follow it reports itself as workers do, so that status, the page Health and the metrics tell of it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any, Final

from services.commands.options import note, say

if TYPE_CHECKING:
    from services.model.interface import Engine
    from services.scoring.on_demand.shadow import Agreement
    from shared.contract.operation.health import WorkerReport
    from shared.settings import Settings

EVERY_SECONDS: Final = 5.0


def shadowed(settings: Settings, model: str, *, follow: bool, as_json: bool) -> None:
    """Compare on what is archived; with `follow` on what arrives, too, and say so each time."""
    from services.model.engine import build_engine
    from services.scoring.linking.linker import Linker
    from services.scoring.on_demand.shadow import Agreement, compare, newest
    from shared.reading.archive.tables import ArchiveTables
    from shared.universe.securities import Catalogue

    engine = build_engine(settings.model.model_copy(update={"name": model}))
    tables, linker, told = ArchiveTables.of(settings), Linker(Catalogue.load()), Agreement()
    known: set[str] = set()
    with suppress(KeyboardInterrupt), _reporting(settings, engine, told) if follow else nullcontext():
        while True:
            if opinions := newest(tables, known):
                known |= opinions.keys()
                compare(tables, opinions, engine, linker, told)
                say(plain(told, engine.model_id), words(told), as_json=as_json)
            if not follow:
                break
            time.sleep(EVERY_SECONDS)
    if not told.opinions:
        note("nothing to compare: the archive has no opinions yet (bellwether archive status)")


@contextmanager
def _reporting(settings: Settings, engine: Engine, told: Agreement) -> Iterator[None]:
    """Say so in Redis while the block runs, as a worker does; in a thread, for the model keeps this one busy."""
    from services.runtime.telemetry.report import Reporter
    from shared.contract.operation.health import SHADOW

    reporter = Reporter(settings, SHADOW, engine.name, lambda report: fill(report, engine, told))
    loop = asyncio.new_event_loop()
    task = loop.create_task(reporter.run())

    def run() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(task)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
        loop.close()


def fill(report: WorkerReport, engine: Engine, told: Agreement) -> None:
    """Which model, and how far it agrees: the same figures that are printed."""
    report.model, report.model_id = engine.name, engine.model_id
    report.device, report.precision = engine.device, engine.precision
    report.processed = told.opinions
    report.detail = {"documents": str(told.documents)}
    if told.opinions:
        report.detail["same_sentiment"] = f"{told.same_sentiment / told.opinions:.3f}"
        report.detail["opposite"] = f"{told.opposite / told.opinions:.3f}"
    if told.events:
        report.detail["same_event"] = f"{told.same_event / told.events:.3f}"


def words(told: Agreement) -> Iterator[str]:
    """For a person: shares, then the differences of the most weight."""
    from shared.contract.events import MICRO

    if not told.opinions:
        return
    yield (
        f"{told.documents:,} documents, {told.opinions:,} opinions: the same sentiment in "
        f"{told.same_sentiment / told.opinions:.3f}, opposite ones in {told.opposite / told.opinions:.3f}, "
        f"mean difference {told.gaps / told.opinions / MICRO:.3f}"
    )
    if told.events:
        yield f"{told.events:,} documents with events of both: the same in {told.same_event / told.events:.3f}"
    for each in told.differing:
        title = " ".join((each.document.title or each.document.text).split())[:90]
        first, second = ((one.positive - one.negative) / MICRO for one in (each.before, each.after))
        yield f"  {first:+.2f} -> {second:+.2f}  {each.before.company:12} {title}"


def plain(told: Agreement, model_id: str) -> dict[str, Any]:
    """For a program; null where nothing was compared."""
    from shared.contract.events import MICRO

    opinions, events = told.opinions, told.events
    return {
        "model_id": model_id,
        "documents": told.documents,
        "opinions": opinions,
        "same_sentiment": told.same_sentiment / opinions if opinions else None,
        "opposite": told.opposite / opinions if opinions else None,
        "mean_difference": told.gaps / opinions / MICRO if opinions else None,
        "events": events,
        "same_event": told.same_event / events if events else None,
        "ruled": told.ruled,
        "other_companies": told.other_companies,
        "differing": [
            {
                "document_id": each.document.id,
                "company": each.before.company,
                "before": (each.before.positive - each.before.negative) / MICRO,
                "after": (each.after.positive - each.after.negative) / MICRO,
                "title": each.document.title,
            }
            for each in told.differing
        ],
    }
