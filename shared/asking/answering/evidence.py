"""What was written that may answer: every document that holds something of the question, and how well each fits.

A document's score follows from it, the question, and exact counts over the archive as of the moment; an index only
finds them faster. Equal scores are ordered by id.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from shared.asking.understanding.concepts import Concept
from shared.asking.understanding.question import Asked
from shared.clock import to_datetime, to_micros
from shared.contract.archive import DOCUMENTS, OPINIONS, words_of
from shared.contract.events import Document, decode_document
from shared.reading.archive.candidates import deletions, rows_of
from shared.reading.archive.holders import Holders
from shared.reading.archive.tables import ArchiveTables, all_of, any_of, quoted
from shared.reading.deleted import is_gone

SCORED: Final = 400  # documents that are scored exactly, and those that tie with the last of them
_YEARLY: Final = 0.02  # less for a document that is a year older, where no days are meant
_YEARS: Final = 5
_AFTER: Final = timedelta(days=62)  # how long what happened is still written of
_SAME: Final = 0.55  # how much a word counts that says much the same


class Weighed(NamedTuple):
    """A concept and how much it tells: its rarity in the archive."""

    concept: Concept
    weight: float
    documents: int  # that hold it


class Evidence(NamedTuple):
    """One document, with its score (0 to about 1.3) and what of the question it holds: strength by concept."""

    document: Document
    day: date
    score: float
    held: tuple[float, ...]
    companies: frozenset[str]
    timely: float  # 1 on the days that are meant


class Gathered(NamedTuple):
    """The best first. `documents`: how many there are in all, as of the moment."""

    weighed: tuple[Weighed, ...]
    found: list[Evidence]
    documents: int


def gather(tables: ArchiveTables, asked: Asked, where: str, zone: ZoneInfo, limit: int = 40) -> Gathered:
    """`where`: a condition on the rows that were known at the moment of asking."""
    holders = Holders(tables, where)
    total = holders.count()
    holding = []
    for concept in asked.concepts:
        found = holders.of(concept.forms)
        if concept.company:
            found |= _heard(tables, concept.company, where)
        holding.append(found)
    weighed = tuple(
        Weighed(concept, concept.weight * math.log(1 + (total + 1) / (len(found) + 1)), len(found))
        for concept, found in zip(asked.concepts, holding, strict=True)
    )
    best = _best(asked, weighed, holding, zone)
    return Gathered(weighed, _scored(tables, asked, weighed, best, where, zone)[:limit], total)


def _heard(tables: ArchiveTables, company: str, where: str) -> dict[str, int]:
    """Documents that the linker found a company in."""
    columns = ["document_id", "available_at"]
    rows = tables.rows(OPINIONS, columns, all_of(f"company = {quoted(company)}", where))
    return dict(zip(*(rows.column(name).to_pylist() for name in columns), strict=True)) if rows is not None else {}


def _best(asked: Asked, weighed: Sequence[Weighed], holding: Sequence[dict[str, int]], zone: ZoneInfo) -> list[str]:
    """The documents that hold most of the question by weight, those in its days first, then the newer, then by id."""
    sums: dict[str, float] = defaultdict(float)
    available: dict[str, int] = {}
    for each, found in zip(weighed, holding, strict=True):
        available |= found
        for name in found:
            sums[name] += each.weight
    if asked.days is not None:
        first, last = _midnight(asked.days.first - timedelta(days=1), zone), _midnight(asked.days.last + _AFTER, zone)
        for name, at in available.items():
            if not first <= at <= last:
                sums[name] *= 0.5
    ranked = ((-round(value, 6), -available[name], name) for name, value in sums.items())
    return [name for _, _, name in heapq.nsmallest(SCORED, ranked)]


def _midnight(day: date, zone: ZoneInfo) -> int:
    return to_micros(datetime.combine(day, time(), zone))


def _scored(
    tables: ArchiveTables, asked: Asked, weighed: Sequence[Weighed], ids: Sequence[str], where: str, zone: ZoneInfo
) -> list[Evidence]:
    rows: dict[str, Any] = {}
    for row in rows_of(tables, DOCUMENTS, ids, ["value", "words"], where):
        rows.setdefault(row["document_id"], row)
    documents = {name: decode_document(row["value"]) for name, row in rows.items()}
    texts = [each for each in documents.values() if isinstance(each, Document)]
    gone = deletions(tables, [each.item for each in texts])
    about = _about(tables, asked, ids, where)
    found = []
    for document in _newest_versions(texts):
        day = to_datetime(document.published_at).astimezone(zone).date()
        if day > asked.day or is_gone(document.item, document.available_at, gone):
            continue
        companies = frozenset(about.get(document.id, ())) | frozenset(document.companies)
        titled, words = words_of(document.title), rows[document.id]["words"]
        held = tuple(strength(each.concept, words, companies, titled) for each in weighed)
        timely = _in_time(asked, day)
        found.append(Evidence(document, day, round(_covered(weighed, held) * timely, 6), held, companies, timely))
    return sorted(found, key=lambda each: (-each.score, each.document.id))


def _about(tables: ArchiveTables, asked: Asked, ids: Sequence[str], where: str) -> dict[str, set[str]]:
    """Which of the companies asked about each document speaks of, by the linker."""
    about: dict[str, set[str]] = defaultdict(set)
    if asked.companies and ids:
        condition = all_of(any_of("company", asked.companies), any_of("document_id", ids), where)
        heard = tables.rows(OPINIONS, ["document_id", "company"], condition)
        for row in heard.to_pylist() if heard is not None else ():
            about[row["document_id"]].add(row["company"])
    return about


def _newest_versions(documents: Sequence[Document]) -> list[Document]:
    newest: dict[str, Document] = {}
    for each in documents:
        known = newest.get(each.key)
        if known is None or (each.available_at, each.id) > (known.available_at, known.id):
            newest[each.key] = each
    return list(newest.values())


def strength(concept: Concept, words: str, companies: frozenset[str], title: Sequence[str] = ()) -> float:
    """0 (nothing of it) to 1.1 (the very thing, in the title)."""
    padded, tokens = f" {words} ", set(words.split())
    titled = set(title)
    if any((form in tokens) if " " not in form else (f" {form} " in padded) for form in concept.forms):
        there = any(form.split()[0] in titled for form in concept.forms)
        return 1.1 if there else 1.0
    if concept.company and concept.company in companies:
        return 0.85
    if any((form in tokens) if " " not in form else (f" {form} " in padded) for form in concept.others):
        return _SAME
    return 0.0


def _covered(weighed: Sequence[Weighed], held: Sequence[float]) -> float:
    """The part of the question that is held, by weight."""
    whole = sum(each.weight for each in weighed)
    return sum(each.weight * value for each, value in zip(weighed, held, strict=True)) / whole if whole else 0.0


def _in_time(asked: Asked, day: date) -> float:
    """1 on the days that are meant; less the further away, and least before them. Without days the newer is a little
    better."""
    if asked.days is None:
        return 1.0 - _YEARLY * min((asked.day - day).days / 365, _YEARS)
    first, last = asked.days
    if asked.period and asked.results:
        first, last = last - timedelta(days=2), last + timedelta(days=50)
    elif asked.period:
        last = last + timedelta(days=50)
    if first <= day <= last:
        return 1.0
    if day > last:
        return max(0.5, 0.9 - 0.02 * ((day - last).days - 1))
    return 0.8 if (first - day).days == 1 else 0.4
