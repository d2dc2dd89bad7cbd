"""From entries to the records that Kafka gets: opinions, ticks, dead letters and their outcomes, in input order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

import msgspec

from services.runtime.record import Destination, HeaderList, Outbound
from services.scoring.echoes import echoes_of
from services.scoring.entries import UNSCORABLE, Entry, dead_letter_id, twice
from services.scoring.opinions import opinions_of
from services.scoring.rules.speaking import NOBODY, Speakers
from shared.contract.events import (
    DEAD,
    HEADER_DETAIL,
    HEADER_FIRST_ORIGIN,
    HEADER_ORIGIN,
    HEADER_REASON,
    SCHEMA,
    UNREAD,
    Deletion,
    Echo,
    Opinion,
    Origin,
    Outcome,
    Tick,
    encode,
)
from shared.contract.readings import Reading, encode_reading
from shared.contract.topics import Topics, partition_for
from shared.story import story_of
from shared.traced import HEADER
from shared.universe.relations.graph import NO_RELATIONS, Relations

HEADER_TOPIC: Final = "topic"  # name of the topic that the letter came from, to which it is re-queued
MAX_DETAIL_BYTES: Final = 2_000
MAX_SLOTS_REMEMBERED: Final = 50_000  # sources may name any company id
_NO_HEADERS: Final[HeaderList] = []


@dataclass(slots=True)
class Outgoing:
    """Everything that one group of entries sends, per destination, in input order."""

    topics: Topics
    partitions: int  # of `opinions`, as the run is bound to
    records: dict[Destination, list[Outbound]]
    slots: dict[str, int]  # company -> partition, remembered
    rules: Speakers = NOBODY
    relations: Relations = NO_RELATIONS

    @classmethod
    def to(
        cls,
        topics: Topics,
        partitions: int,
        slots: dict[str, int] | None = None,
        rules: Speakers = NOBODY,
        relations: Relations = NO_RELATIONS,
    ) -> Outgoing:
        return cls(topics, partitions, defaultdict(list), {} if slots is None else slots, rules, relations)

    def add(self, entry: Entry, model_id: str, universe: str = "") -> None:
        """Append what became of `entry`; a document whose opinions cannot be written down becomes a dead letter."""
        if entry.tick is not None:
            self._tick(entry.tick, entry.origin)
        elif entry.deletion is not None:
            self._deleted(entry.deletion, entry.origin)
        elif entry.unread and not entry.reason:
            self._outcome(entry, "unscored")
        elif not entry.reason:
            try:
                opinions, values = twice(partial(self._made, entry, model_id, universe))
                reading = _reading(entry, model_id)
                self._opinions(opinions, values, _headers_of(entry))
                self._reading(entry, reading)
                if entry.first_origin:
                    self._outcome(entry, "scored")
            except Exception as error:
                entry.die(UNSCORABLE, error)
        if entry.reason:
            self._dead(entry)

    def _made(self, entry: Entry, model_id: str, universe: str) -> tuple[list[Opinion | Echo], list[bytes]]:
        """A document's opinions, then what others hear of them; encoded, too."""
        assert entry.document is not None and entry.answer is not None
        document = entry.document
        if entry.hidden:
            document = msgspec.structs.replace(document, story=story_of(document), title="", text="", url="")
        said = opinions_of(document, entry.origin, entry.links, entry.answer, model_id, entry.first_origin, universe)
        said = self.rules.applied(entry.document, said)  # by the words that were read, shown or not
        made = [*said, *(echoes_of(document, said, self.relations) if self.relations.digest else ())]
        return made, [encode(each) for each in made]

    def _opinions(self, opinions: Sequence[Opinion | Echo], values: Sequence[bytes], headers: HeaderList) -> None:
        for opinion, value in zip(opinions, values, strict=True):
            self._send(opinion.company, value, headers)

    def _reading(self, entry: Entry, value: bytes) -> None:
        key = (entry.document_id or "").encode()
        self.records[self.topics.readings, entry.origin.partition].append((key, value, _NO_HEADERS))

    def _tick(self, tick: Tick, origin: Origin) -> None:
        value = encode(Tick(watermark=tick.watermark, origin=origin))
        for partition in range(self.partitions):
            self.records[self.topics.opinions, partition].append((None, value, _NO_HEADERS))

    def _deleted(self, deletion: Deletion, origin: Origin) -> None:
        """To every slot: each shows texts of its own."""
        at = deletion.deleted_at
        value = encode(Outcome(schema=UNREAD, origin=origin, letter=deletion.item, state="deleted", available_at=at))
        for partition in range(self.partitions):
            self.records[self.topics.opinions, partition].append((None, value, _NO_HEADERS))

    def _dead(self, entry: Entry) -> None:
        letter = entry.first_origin or dead_letter_id(entry.origin)
        headers: HeaderList = [
            (HEADER_REASON, entry.reason.encode()),
            (HEADER_DETAIL, _cut(entry.detail)),
            (HEADER_ORIGIN, dead_letter_id(entry.origin).encode()),
            (HEADER_FIRST_ORIGIN, letter.encode()),
            (HEADER_TOPIC, entry.record.topic.encode()),
        ]
        self.records[self.topics.dead, 0].append((entry.record.key, entry.value, headers))
        self._outcome(entry, "dead")

    def _outcome(self, entry: Entry, state: Literal["dead", "scored", "unscored"]) -> None:
        behind = max(1, len(entry.links)) if state == "scored" else 0  # its opinions, for the mark's sake
        unread = state == "unscored"
        outcome = Outcome(
            schema=UNREAD if unread else SCHEMA,
            origin=Origin(entry.origin.topic_id, entry.origin.partition, entry.origin.offset, behind),
            letter=entry.first_origin or dead_letter_id(entry.origin),
            state=state,
            reason=entry.unread if unread else entry.reason,
            available_at=entry.document.available_at if unread and entry.document else 0,
            document_id=entry.document_id,
        )
        self._send(DEAD, encode(outcome))

    def _send(self, company: str, value: bytes, headers: HeaderList = _NO_HEADERS) -> None:
        slot = self.slots.get(company)
        if slot is None:
            if len(self.slots) >= MAX_SLOTS_REMEMBERED:
                self.slots.clear()
            slot = self.slots[company] = partition_for(company, self.partitions)
        self.records[self.topics.opinions, slot].append((company.encode(), value, headers))


def _headers_of(entry: Entry) -> HeaderList:
    return _NO_HEADERS if entry.trace is None else [(HEADER, entry.trace.header().encode())]


def _reading(entry: Entry, model_id: str) -> bytes:
    assert entry.document is not None and entry.answer is not None
    answer = entry.answer
    reading = Reading(
        origin=entry.origin,
        document_id=entry.document.id,
        available_at=entry.document.available_at,
        model=answer.model or model_id,
        events=answer.events,
        embedding=answer.packed,
        scale=answer.scale,
    )
    return encode_reading(reading)


def _cut(detail: str) -> bytes:
    return detail.encode("utf-8", "replace")[:MAX_DETAIL_BYTES].decode("utf-8", "ignore").encode()
