"""Relations that follow from the universe: who belongs to whom, and who is of one industry and size.

Industries and sizes lie in `industries.csv`, which is built from a public package (building/industries.py). Two
companies are related by what they share of all industries that either is in; an industry of many companies (Technology)
says nothing. The universe has no dates for either: it is a list of today, as a back-test warns.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from shared.universe.instrument import Instrument
from shared.universe.relations.relation import INDUSTRY, MICRO, PARENT, SUBSIDIARY, Relation

FILE: Final = Path(__file__).with_name("industries.csv")
OF_PARENT: Final = MICRO // 2  # what is said of the parent, for its subsidiary
OF_SUBSIDIARY: Final = MICRO // 4
OF_INDUSTRY: Final = MICRO // 2  # of a company that shares every industry
CROWDED: Final = 30  # companies of one size; an industry of more is none
ABROAD: Final = MICRO * 4 // 5  # of what a company of the same country counts
ALIKE: Final = MICRO // 5  # of all industries of both, shared: less is chance


class Business(NamedTuple):
    """What industries a company is in, in its source's words, and how large it is: large, mid or small."""

    size: str
    industries: frozenset[str]
    source: str


@lru_cache(maxsize=1)
def businesses() -> Mapping[str, Business]:
    """By id."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return {
            row["id"]: Business(row["size"], frozenset(row["industries"].split("|")), row["source"])
            for row in csv.DictReader(file)
        }


def parents(instruments: Iterable[Instrument]) -> Iterator[Relation]:
    """Both ways between an instrument and what it belongs to."""
    for each in instruments:
        if each.parent:
            yield Relation(each.id, each.parent, PARENT, OF_PARENT, source=each.source)
            yield Relation(each.parent, each.id, SUBSIDIARY, OF_SUBSIDIARY, source=each.source)


def neighbours(known: Mapping[str, Business], countries: Mapping[str, str]) -> Iterator[Relation]:
    """Both ways between companies of one size that share a good part of their industries. `countries`: by id."""
    members: dict[tuple[str, str], list[str]] = defaultdict(list)
    for id, business in sorted(known.items()):
        for industry in business.industries:
            members[business.size, industry].append(id)
    telling = {key: ids for key, ids in members.items() if 2 <= len(ids) <= CROWDED}
    own: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for key, ids in telling.items():
        for id in ids:
            own[id].add(key)
    for id in sorted(own):
        for other in sorted({each for key in own[id] for each in telling[key]} - {id}):
            alike = MICRO * len(own[id] & own[other]) // len(own[id] | own[other])
            if alike >= ALIKE:
                alike = alike if countries[id] == countries[other] else alike * ABROAD // MICRO
                yield Relation(id, other, INDUSTRY, OF_INDUSTRY * alike // MICRO, source=known[id].source)
