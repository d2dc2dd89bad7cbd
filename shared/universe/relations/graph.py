"""All relations, indexed: whom a company listens to on a day, and who listens to it. Immutable; `load` reads files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Final

from shared.universe.relations.derived import businesses, neighbours, parents
from shared.universe.relations.own_relations import read_relations
from shared.universe.relations.relation import Relation
from shared.universe.securities import Catalogue

MOST: Final = 10  # that a company listens to


class Relations:
    """`most`: whom a company listens to at once, the strongest; ties by id."""

    def __init__(self, relations: Iterable[Relation] = (), most: int = MOST) -> None:
        self.most = most
        kept = sorted(
            (each for each in relations if each.weight),
            key=lambda each: (each.company, -abs(each.weight), each.other, each.start),
        )
        self._of: dict[str, list[Relation]] = {}
        self._heard: dict[str, list[Relation]] = {}
        for each in kept:
            self._of.setdefault(each.company, []).append(each)
            self._heard.setdefault(each.other, []).append(each)
        self.digest = _digest(kept, most) if kept else ""
        self._on = lru_cache(maxsize=100_000)(self._strongest)

    def __len__(self) -> int:
        return sum(map(len, self._of.values()))

    def of(self, company: str, day: date) -> tuple[Relation, ...]:
        """Whom `company` listens to on `day`, the strongest first: one relation of each."""
        return self._on(company, day)

    def all_of(self, company: str) -> Sequence[Relation]:
        """Every relation of `company`, also of other days."""
        return self._of.get(company, ())

    def listeners(self, other: str, day: date) -> list[Relation]:
        """The relations by which what is said of `other` on `day` is heard by others."""
        return [each for each in self._heard.get(other, ()) if each.valid(day) and each in self._on(each.company, day)]

    def _strongest(self, company: str, day: date) -> tuple[Relation, ...]:
        first: dict[str, Relation] = {}
        for each in self._of.get(company, ()):
            if each.valid(day):
                first.setdefault(each.other, each)
        return tuple(first.values())[: self.most]

    @classmethod
    def load(
        cls,
        files: Sequence[Path] = (),
        *,
        by_parent: bool = True,
        by_industry: bool = True,
        most: int = MOST,
        catalogue: Catalogue | None = None,
    ) -> Relations:
        """What follows from the universe, with a user's files laid over it. Raises RelationError."""
        known = catalogue or Catalogue.load()
        found: dict[tuple[str, str], list[Relation]] = {}
        if by_industry:
            here = {id: each for id, each in businesses().items() if id in known.by_id}
            _lay(found, neighbours(here, {id: known.by_id[id].country for id in here}))
        if by_parent:
            _lay(found, parents(known.instruments))
        for path in files:
            _lay(found, read_relations(path, known))
        return cls((each for pair in found.values() for each in pair), most)


def _lay(found: dict[tuple[str, str], list[Relation]], relations: Iterable[Relation]) -> None:
    """What a later layer says of a pair, replaces what an earlier one said."""
    layer: dict[tuple[str, str], list[Relation]] = {}
    for each in relations:
        layer.setdefault((each.company, each.other), []).append(each)
    found.update(layer)


def _digest(relations: Iterable[Relation], most: int) -> str:
    digest = hashlib.blake2b(f"{most}\n".encode(), digest_size=8)
    for each in relations:
        said = (each.company, each.other, each.kind, str(each.weight), each.start, each.end)
        digest.update("\x1f".join(said).encode() + b"\n")
    return digest.hexdigest()


NO_RELATIONS: Final = Relations()
