"""What can be asked about the documents of an archive: the model's answers, each with how sure it was and what it
weighs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from shared.contract.archive import OPINIONS, READINGS
from shared.contract.events import MARKET, MICRO, Opinion
from shared.contract.feedback.label import SENTIMENTS, Asked
from shared.contract.readings import Reading, decode_reading
from shared.event_classes.former import class_of_former
from shared.reading.archive.candidates import rows_of, with_words
from shared.reading.archive.document import heard_of
from shared.reading.archive.tables import ArchiveTables, all_of, quoted

_ALTERNATIVES: Final = 3


class Question(NamedTuple):
    """One answer of the model. Numbers in micro-units."""

    asked: Asked
    said: str  # the model's answer
    probability: int
    others: tuple[tuple[str, int], ...]  # what else it thought of, most probable first
    uncertainty: int  # 0: as sure as it can be
    weight: int  # what the answer weighs in the aggregates, before the model's own confidence
    opinion: Opinion  # the one that it stands in; of an event the weightiest


class Read(NamedTuple):
    """One document as the model read it."""

    opinions: list[Opinion]  # one a company
    reading: Reading | None


def newest_read(tables: ArchiveTables, company: str = "") -> dict[str, Read]:
    """The newest documents (SCORED of shared/reading/archive/candidates.py) that there are opinions of, or opinions on
    this company, by id. Raises NoArchive."""
    tables.connection()
    heard = all_of("kind = 'opinion'", f"company = {quoted(company)}" if company else "")
    return read_of(tables, with_words(tables, [], "", heard).ids)


def read_of(tables: ArchiveTables, ids: Sequence[str]) -> dict[str, Read]:
    """These documents; those that nothing was heard of are left out."""
    heard: dict[str, list[Any]] = {}
    for row in rows_of(tables, OPINIONS, ids, ["value"], "kind = 'opinion'"):
        heard.setdefault(row["document_id"], []).append(row)
    readings = readings_of(tables, ids)
    return {name: Read(heard_of(heard[name]), readings.get(name)) for name in ids if name in heard}


def readings_of(tables: ArchiveTables, ids: Sequence[str]) -> dict[str, Reading]:
    """The first reading of each that can be read."""
    found: dict[str, Reading] = {}
    for row in rows_of(tables, READINGS, ids, ["value"]):
        if row["document_id"] not in found:
            try:
                found[row["document_id"]] = decode_reading(row["value"])
            except msgspec.MsgspecError:
                continue
    return found


def questions_of(name: str, read: Read) -> list[Question]:
    """All that can be asked about one document: sentiment and link of each company, and the event."""
    found = []
    for opinion in read.opinions:
        found += [_sentiment(name, opinion), _link(name, opinion)]
    heaviest = max(read.opinions, key=lambda each: (each.share, each.company), default=None)
    if heaviest is not None and heaviest.event:
        found.append(_event(name, heaviest, read.reading))
    return found


def _sentiment(name: str, opinion: Opinion) -> Question:
    ranked = _ranked({each: getattr(opinion, each) for each in SENTIMENTS})
    return _question(Asked(name, "sentiment", opinion.company), ranked, opinion)


def _event(name: str, opinion: Opinion, reading: Reading | None) -> Question:
    """Of a document: the three most probable classes stand in its reading, one alone in its opinions."""
    asked = Asked(name, "event")
    known: Mapping[str, int] = {}
    if reading is not None and reading.model == opinion.model:
        known = {class_of_former(each): share for each, share in reversed(reading.events)}
    ranked = _ranked(known or {opinion.event_class: opinion.event_probability})
    return _question(asked, ranked, opinion)


def _link(name: str, opinion: Opinion) -> Question:
    """A name that the text hardly speaks of may be somebody else's. Of a text without a company nothing says how sure
    the linker was that there is none."""
    doubt = 0 if opinion.company == MARKET else MICRO - opinion.relevance
    ranked = [(opinion.company, MICRO - doubt)]
    return Question(
        Asked(name, "link", opinion.company), opinion.company, ranked[0][1], (), doubt, opinion.share, opinion
    )


def _question(asked: Asked, ranked: Sequence[tuple[str, int]], opinion: Opinion) -> Question:
    """Uncertain is what is hardly more probable than the next."""
    said, probability = ranked[0]
    next_one = ranked[1][1] if len(ranked) > 1 else min(probability, MICRO - probability)
    uncertainty = max(0, MICRO - (probability - next_one))
    return Question(asked, said, probability, tuple(ranked[1 : _ALTERNATIVES + 1]), uncertainty, opinion.share, opinion)


def _ranked(probabilities: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(probabilities.items(), key=lambda each: (-each[1], each[0]))
