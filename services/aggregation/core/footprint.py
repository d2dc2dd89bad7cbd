"""What a batch of records will read of a slot. Pure; a superset of what `plan` asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from services.aggregation.core.buckets import bucket_start
from services.aggregation.core.dead_letters import UNSCORED, fields_of, opinion_field
from services.aggregation.core.duplicates import id_key
from services.aggregation.core.plan import Decoded
from services.aggregation.core.state import CellKey, HourKey
from shared.contract.aggregates import DETAILED, RESOLUTIONS
from shared.contract.events import DEAD, Echo, Opinion, Outcome
from shared.contract.voices import pair_name
from shared.contract.weighing import class_of


@dataclass(slots=True)
class Touched:
    """Companies, buckets with the authors and stories in question, hours, ids by origin partition, dead letters."""

    companies: set[str] = field(default_factory=set)
    cells: dict[CellKey, tuple[set[str], set[str]]] = field(default_factory=dict)
    hours: set[HourKey] = field(default_factory=set)
    ids: dict[str, list[str]] = field(default_factory=dict)
    letters: set[str] = field(default_factory=set)


def touched_by(records: Iterable[Decoded]) -> Touched:
    """What these records touch."""
    touched = Touched()
    for _, message in records:
        if isinstance(message, Opinion):
            _opinion(touched, message)
        elif isinstance(message, Echo):
            _opinion(touched, message.opinion)
        elif isinstance(message, Outcome) and message.state == UNSCORED:
            stream = message.origin.stream
            touched.ids.setdefault(stream, []).append(id_key(DEAD, message.document_id))
        elif isinstance(message, Outcome):
            touched.letters.update(fields_of(message))
    return touched


def _opinion(touched: Touched, opinion: Opinion) -> None:
    company, channel, at = opinion.company, opinion.channel, opinion.available_at
    touched.companies.add(company)
    touched.hours.add((company, bucket_start(at, "hour")))
    touched.ids.setdefault(opinion.origin.stream, []).append(id_key(company, opinion.document_id))
    if opinion.requeued_from:
        touched.letters.add(opinion_field(opinion.requeued_from, company))
    pair = pair_name(opinion, class_of(opinion.negative, opinion.neutral, opinion.positive)[0])
    for resolution in RESOLUTIONS:
        key = (company, channel, resolution, bucket_start(at, resolution))
        shares = touched.cells.get(key)
        if shares is None:
            shares = touched.cells[key] = (set(), set())
        if resolution in DETAILED:
            if opinion.author:
                shares[0].add(opinion.author)
            shares[0].add(pair)
            shares[1].add(opinion.story)
