"""Another model beside the one whose opinions are archived: it reads the same documents, and nothing keeps its answers.

Compared is what both say of the same company in the same document. What a rule had a say in is left out: that is no
model's answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from services.model.interface import Engine
from services.scoring.linking.linker import Linker
from services.scoring.opinions import opinions_of, read
from shared.contract.events import MICRO, Document, Opinion
from shared.contract.weighing import contribution
from shared.reading.archive.tables import ArchiveTables
from shared.reading.review.questions import newest_read
from shared.reading.review.shown import documents_of, still_there

_AT_ONCE: Final = 64
KEPT: Final = 20  # differences that are shown: those of the most weight


class Differing(NamedTuple):
    """One company in one document, as both speak of it."""

    document: Document
    before: Opinion
    after: Opinion

    @property
    def gap(self) -> int:
        """Of the two sentiments, weighed as the aggregates do; micro-units."""
        return abs(_score(self.before) - _score(self.after)) * self.before.share // MICRO


@dataclass
class Agreement:
    """What was compared so far. `other_companies`: opinions of one alone, for the universe has changed since."""

    documents: int = 0
    opinions: int = 0
    same_sentiment: int = 0
    opposite: int = 0  # positive of one, negative of the other
    gaps: int = 0  # sum of the differences of positive - negative, micro-units
    events: int = 0  # documents of which both tell an event
    same_event: int = 0
    ruled: int = 0
    other_companies: int = 0
    differing: list[Differing] = field(default_factory=list)  # widest first

    def add(self, document: Document, before: Sequence[Opinion], after: Sequence[Opinion]) -> None:
        self.documents += 1
        said = {opinion.company: opinion for opinion in after}
        plain = [opinion for opinion in before if not opinion.spoke]
        self.ruled += len(before) - len(plain)
        both = [(opinion, said[opinion.company]) for opinion in plain if opinion.company in said]
        self.other_companies += len(plain) - len(both)
        for first, second in both:
            self._pair(document, first, second)
        if both and both[0][0].event and both[0][1].event:
            self.events += 1
            self.same_event += both[0][0].event_class == both[0][1].event_class

    def _pair(self, document: Document, before: Opinion, after: Opinion) -> None:
        labels = {contribution(before).label, contribution(after).label}
        self.opinions += 1
        self.same_sentiment += len(labels) == 1
        self.opposite += labels == {"positive", "negative"}
        self.gaps += abs(_score(before) - _score(after))
        if len(labels) > 1:
            self.differing.append(Differing(document, before, after))
            self.differing.sort(key=lambda each: (-each.gap, each.document.id, each.before.company))
            del self.differing[KEPT:]


def newest(tables: ArchiveTables, known: Iterable[str] = ()) -> dict[str, list[Opinion]]:
    """The opinions of the newest documents, without those that are known, or gone at their source. Raises NoArchive."""
    looked_at = frozenset(known)
    read = {name: each for name, each in newest_read(tables).items() if name not in looked_at}
    return {name: each.opinions for name, each in still_there(tables, read).items()}


def compare(
    tables: ArchiveTables, opinions: Mapping[str, Sequence[Opinion]], engine: Engine, linker: Linker, told: Agreement
) -> None:
    """Have the other model read these documents, and add to what is `told`."""
    documents = list(documents_of(tables, list(opinions)).values())
    for start in range(0, len(documents), _AT_ONCE):
        some = documents[start : start + _AT_ONCE]
        linked = [read(document, linker) for document in some]
        answers = engine.score([request for _, request in linked])
        for document, (links, _), answer in zip(some, linked, answers, strict=True):
            before = opinions[document.id]
            after = opinions_of(document, before[0].origin, links, answer, engine.model_id)
            told.add(document, before, after)


def _score(opinion: Opinion) -> int:
    return opinion.positive - opinion.negative
