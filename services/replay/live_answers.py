"""`--reuse-opinions`: what the live workers answered already, read back from `opinions` in place of scoring again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from services.model.interface import Answer, Sentiment
from services.replay.records import Range
from shared.clients.kafka import describe, read_log
from shared.contract.events import MARKET, InvalidMessage, Opinion, decode_opinion
from shared.contract.topics import LIVE, Topics
from shared.event_classes.former import class_of_former
from shared.settings import Settings

Place = tuple[str, int, int]  # topic id, partition, offset of a document
_PREFIX: Final = b'{"type":"opinion"'


@dataclass(frozen=True, slots=True)
class LiveAnswer:
    """What the model said of a document, and of which companies it was asked."""

    answer: Answer
    companies: tuple[tuple[str, int], ...]  # id and relevance, in order; none: the document named nobody


def live_answers(settings: Settings, given: Range, model: str, packs: Collection[str]) -> dict[Place, LiveAnswer]:
    """The answer to each document of the range whose opinions are all there and came from `model` or one of `packs`
    (model ids; they stand for weights, precision and device, so that scoring anew would give the same, if the universe
    of now finds the companies that were found then)."""
    ids = {name: topic_id for name, (topic_id, _) in given.topics.items()}
    places = {(ids[r.topic], r.partition, r.offset) for r in given.records}
    opinions: dict[Place, dict[int, Opinion]] = {}
    names = Topics(LIVE)
    there = describe(settings.kafka, [names.opinions])
    if names.opinions not in there:
        return {}
    for record in read_log(settings.kafka, {names.opinions: there[names.opinions].partitions}):
        if record.value is None or not record.value.startswith(_PREFIX):
            continue
        opinion = _opinion(record.value)
        if opinion is None or (opinion.model != model and opinion.model not in packs):
            continue
        place = (opinion.origin.topic_id, opinion.origin.partition, opinion.origin.offset)
        if place in places:
            opinions.setdefault(place, {})[opinion.origin.index] = opinion
    whole = {place: some for place, some in opinions.items() if _untouched(some)}
    return {place: _kept([some[index] for index in sorted(some)], model) for place, some in whole.items()}


def _untouched(opinions: Mapping[int, Opinion]) -> bool:
    """Whether all of a document's are there, as the model read it: what a rule spoke of may have been set by it."""
    first = next(iter(opinions.values()))
    return len(opinions) == first.companies and not any(each.spoke for each in opinions.values())


def _opinion(value: bytes) -> Opinion | None:
    try:
        message = decode_opinion(value)
    except InvalidMessage:
        return None
    return message if isinstance(message, Opinion) else None


def _kept(opinions: list[Opinion], model: str) -> LiveAnswer:
    named = tuple((o.company, o.relevance) for o in opinions if o.company != MARKET)
    return LiveAnswer(_answer(opinions, model), named)


def _answer(opinions: list[Opinion], model: str) -> Answer:
    """What the model must have said, for these opinions to have been made of it."""
    said = tuple(Sentiment(o.negative, o.neutral, o.positive) for o in opinions)
    first = opinions[0]
    return Answer(
        said[0],
        () if first.company == MARKET else said,
        class_of_former(first.event, first.language),
        first.event_probability,
        second_event=first.second_event,
        second_probability=first.second_probability,
        roles=() if first.company == MARKET else tuple(o.role for o in opinions),
        rumour=first.rumour,
        model="" if first.model == model else first.model,
    )
