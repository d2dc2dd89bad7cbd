"""Documents of which Redis keeps no more than a trace, as they were kept: from the archived opinions."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from shared.contract.aggregates import RecentDocument, as_recent
from shared.contract.archive import OPINIONS
from shared.contract.events import InvalidMessage, Opinion, decode_opinion
from shared.contract.packed.traces import Trace
from shared.contract.weighing import contribution
from shared.reading.archive.tables import ArchiveTables, NoArchive, all_of, any_of

AT_ONCE: Final = 400  # documents of one question; of more, every opinion of their time is looked through

Place = tuple[str, str, int, int]  # company, document id, available_at, weight
log = logging.getLogger(__name__)


def place_of(company: str, trace: Trace) -> Place:
    """What tells an opinion from every other that counts."""
    return company, trace.id, trace.available_at, trace.weight


def archived_words(tables: ArchiveTables | None, traces: Mapping[str, Sequence[Trace]]) -> dict[Place, RecentDocument]:
    """`traces`: by company. Where there is no archive, or it cannot be read now, nothing: the log says so, once."""
    wanted = {place_of(company, trace) for company, some in traces.items() for trace in some}
    if not wanted or tables is None:
        return {}
    try:
        rows = list(_rows(tables, wanted))
    except (NoArchive, OSError, RuntimeError, ValueError) as error:
        _say(str(error))
        return {}
    found: dict[Place, RecentDocument] = {}
    for row in rows:
        if (opinion := _opinion(row["value"])) is not None:
            weight = contribution(opinion).weight
            place = (opinion.company, opinion.document_id, opinion.available_at, weight)
            if place in wanted:
                found.setdefault(place, as_recent(opinion, weight))
    return found


def _rows(tables: ArchiveTables, wanted: set[Place]) -> Iterable[dict[str, Any]]:
    """In the order of the log, so that what was sent again is met behind what counted."""
    ids = sorted({name for _, name, _, _ in wanted})
    times = [at for _, _, at, _ in wanted]
    span = f"kind = 'opinion' AND available_at >= {min(times)} AND available_at <= {max(times)}"
    if len(ids) <= AT_ONCE:
        span = all_of(any_of("document_id", ids), span)
    else:
        companies = {company for company, *_ in wanted}
        span = all_of(any_of("company", sorted(companies)), span) if len(companies) <= AT_ONCE else span
    table = tables.pinned(OPINIONS)
    found = tables.rows(OPINIONS, ["partition", "offset", "company", "document_id", "value"], span, table=table)
    named = set(ids)
    rows = [row for row in found.to_pylist() if row["document_id"] in named]
    return sorted(rows, key=lambda row: (row["partition"], row["offset"]))


@cache
def _say(reason: str) -> None:
    log.warning("old documents are left out, for the archive cannot be read: %s", reason)


def _opinion(raw: bytes) -> Opinion | None:
    try:
        message = decode_opinion(raw)
    except InvalidMessage:
        return None
    return message if isinstance(message, Opinion) else None
