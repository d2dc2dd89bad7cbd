"""`bellwether model shadow`: another model beside the live one, and how far they agree."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from services.commands.options import note, say

if TYPE_CHECKING:
    from services.scoring.on_demand.shadow import Agreement
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
    try:
        while True:
            if opinions := newest(tables, known):
                known |= opinions.keys()
                compare(tables, opinions, engine, linker, told)
                say(plain(told, engine.model_id), words(told), as_json=as_json)
            if not follow:
                break
            time.sleep(EVERY_SECONDS)
    except KeyboardInterrupt:
        note("")
    if not told.opinions:
        note("nothing to compare: the archive has no opinions yet (bellwether archive status)")


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
