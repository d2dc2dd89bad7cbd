"""The documents that are kept whole: a company's latest, and the heaviest of each of its hours. Pure.

Both are the best N by a total order on the document alone, so that the order of arrival leaves no trace.
"""

from __future__ import annotations

from bisect import bisect_left, insort

from services.aggregation.core.state import CompanyDraft
from shared.contract.aggregates import RECENT_DOCUMENTS, TOP_DOCUMENTS, RecentDocument


def keep_recent(company: CompanyDraft, document: RecentDocument) -> None:
    """Put a document among the company's latest RECENT_DOCUMENTS by (available_at, id), if it belongs there."""
    keys = company.recent
    key = (document.available_at, document.id)
    if len(keys) >= RECENT_DOCUMENTS and key < keys[0]:
        return
    before = company.ids.get(document.id)
    if before is not None:  # counted again after its id was forgotten: the later one stays
        if before >= document.available_at:
            return
        keys.remove((before, document.id))
    if keys and key < keys[-1]:
        insort(keys, key)
    else:
        keys.append(key)
    company.ids[document.id] = document.available_at
    company.added[document.id] = document
    company.removed.discard(document.id)
    if len(keys) > RECENT_DOCUMENTS:
        _forget(company, keys.pop(0)[1])


def _forget(company: CompanyDraft, document_id: str) -> None:
    """A document whose key left `recent` leaves the store too."""
    del company.ids[document_id]
    company.added.pop(document_id, None)
    company.removed.add(document_id)


def cut_recent(company: CompanyDraft, oldest: int) -> None:
    """Forget documents that became available before `oldest`, microseconds."""
    gone = bisect_left(company.recent, (oldest, ""))
    for _, document_id in company.recent[:gone]:
        _forget(company, document_id)
    del company.recent[:gone]


def keep_top(known: list[RecentDocument], document: RecentDocument) -> list[RecentDocument] | None:
    """The TOP_DOCUMENTS heaviest with `document` among them, heaviest first; None when it does not belong there."""
    weight, name = document.weight, document.id
    place = len(known)
    others = known
    for at, other in enumerate(known):
        if other.id == name:  # the same document again: the heavier, then the later one stays
            if (other.weight, other.available_at) >= (weight, document.available_at):
                return None
            others = [*known[:at], *known[at + 1 :]]
            place = min(place, at)
            break
        if place == len(known) and (other.weight, other.id) < (weight, name):
            place = at
    if place >= TOP_DOCUMENTS:
        return None
    return [*others[:place], document, *others[place:]][:TOP_DOCUMENTS]
