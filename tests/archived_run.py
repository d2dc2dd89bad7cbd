"""A run that knows and archived the same documents, without Kafka: our own code reads, scores, counts, archives."""

from __future__ import annotations

from collections.abc import Sequence

import redis

from services.aggregation.core.apply import apply
from services.aggregation.core.plan import Rules
from services.aggregation.stores.redis_store import RedisStore
from services.archive.rows import Rows, tables_of
from services.archive.tables import Tables
from services.model.interface import Engine
from services.runtime.record import Recorded
from services.scoring.opinions import opinions_of, read
from services.scoring.rules.speaking import NOBODY, Speakers
from shared.clock import SECOND
from shared.contract.events import Document, Opinion, Origin, encode
from shared.contract.keys import Keys
from shared.contract.readings import Reading, encode_reading
from shared.contract.topics import Topics
from shared.reading.archive.tables import ArchiveTables
from shared.settings import Settings
from tests.browser.seed import write_health
from tests.linking import LINKER

TOPIC_ID = "archivedrun"


def fill(
    settings: Settings,
    client: redis.Redis,
    documents: Sequence[Document],
    engine: Engine,
    rules: Speakers = NOBODY,
) -> list[Opinion]:
    """Everything that the workers would have left of these documents; their opinions, in order."""
    topics = Topics.of(settings)
    opinions: list[Opinion] = []
    records: list[Recorded] = []
    for offset, document in enumerate(documents):
        at = document.received_at / SECOND
        links, request = read(document, LINKER)
        (answer,) = engine.score([request])
        origin = Origin(TOPIC_ID, 0, offset)
        made = opinions_of(document, origin, links, answer, engine.model_id, universe="0" * 32)
        opinions += rules.applied(document, made)
        reading = Reading(
            origin=origin, document_id=document.id, available_at=document.available_at, model=answer.model,
            events=tuple(answer.events), embedding=answer.packed, scale=answer.scale,
        )  # fmt: skip
        topic, key = topics.documents(document.channel), document.key.encode()
        records.append(Recorded(topic, 0, offset, key, encode(document), timestamp=at))
        records.append(Recorded(topics.readings, 0, offset, key, encode_reading(reading), timestamp=at))
    slots = settings.kafka.opinion_partitions
    keys, store = Keys(settings.run, slots), RedisStore(client, settings.run, slots)
    write_health(client, settings.run, keys, 0)
    for slot in range(slots):
        mine = [each for each in opinions if keys.slot_of(each.company) == slot]
        if mine:
            apply(store, slot, TOPIC_ID, list(enumerate(mine)), Rules.of(settings.aggregation))
        for offset, each in enumerate(mine):
            records.append(Recorded(topics.opinions, slot, offset, each.company.encode(), encode(each), timestamp=1.0))
    tables = tables_of(topics)
    Tables(ArchiveTables.of(settings)).add(Rows(tables, dict.fromkeys(tables, TOPIC_ID)).of(records))
    return opinions
