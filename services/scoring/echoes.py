"""What a document says of companies, as those hear it that are related to them. Pure, integers, ordered.

A relation counts on the day on which the document became available, so nothing is heard by what is known later.
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.clock import to_datetime
from shared.contract.events import ECHOED, MARKET, MICRO, Document, Echo, Opinion
from shared.universe.relations.graph import Relations
from shared.universe.relations.relation import Relation


def echoes_of(document: Document, opinions: Sequence[Opinion], relations: Relations) -> list[Echo]:
    """One a listener, by its id; companies that the document itself speaks of hear it themselves."""
    day = to_datetime(document.available_at).date()
    named = {opinion.company for opinion in opinions}
    loudest: dict[str, tuple[int, Relation, Opinion]] = {}
    for opinion in opinions:
        if opinion.company == MARKET or not opinion.share:
            continue
        for relation in relations.listeners(opinion.company, day):
            heard = opinion.share * abs(relation.weight) // MICRO
            known = loudest.get(relation.company)
            louder = known is None or (-heard, relation.other) < (-known[0], known[1].other)
            if heard and relation.company not in named and louder:
                loudest[relation.company] = heard, relation, opinion
    ordered = sorted(loudest.items())
    return [_echo(len(opinions) + place, *found, relations.digest) for place, (_, found) in enumerate(ordered)]


def _echo(index: int, relevance: int, relation: Relation, opinion: Opinion, digest: str) -> Echo:
    origin = opinion.origin
    good, bad = opinion.positive, opinion.negative
    return Echo(
        schema=ECHOED,
        origin=type(origin)(origin.topic_id, origin.partition, origin.offset, index),
        document_id=opinion.document_id,
        company=relation.company,
        of=relation.other,
        kind=relation.kind,
        relevance=relevance,
        channel=opinion.channel,
        source=opinion.source,
        author=opinion.author,
        story=opinion.story,
        available_at=opinion.available_at,
        negative=bad if relation.weight > 0 else good,
        neutral=opinion.neutral,
        positive=good if relation.weight > 0 else bad,
        event=opinion.event,
        requeued_from=opinion.requeued_from,
        relations=digest,
    )
