"""The undisturbed result without Kafka's consumers, Faust or Redis: documents scored and aggregated in one process."""

from __future__ import annotations

from collections import defaultdict

from kafka import TopicPartition

from services.aggregation.core.apply import apply
from services.aggregation.core.plan import Decoded, Rules
from services.aggregation.stores.memory import MemoryStore
from services.model.stub import POISON_MARK, StubEngine
from services.scoring.linking.linker import Linker
from services.scoring.opinions import opinions_of, read
from shared.clients.kafka import TopicLog, describe
from shared.contract.events import CHANNELS, Document, InvalidMessage, Origin, decode_document
from shared.contract.topics import Topics, partition_for
from shared.settings import AggregationSettings, KafkaSettings
from shared.universe.securities import Catalogue


def recount(kafka: KafkaSettings, run: str, slots: int) -> MemoryStore:
    """Every document of the run's documents.* topics, in one big batch per slot."""
    topics = Topics(run)
    names = [topics.documents(channel) for channel in CHANNELS]
    engine, catalogue = StubEngine("stub"), Catalogue.load()
    linker = Linker(catalogue)
    records: dict[int, list[Decoded]] = defaultdict(list)
    for name, state in describe(kafka, names).items():
        for partition in range(state.partitions):
            for offset, value in values_of(kafka, TopicPartition(name, partition)):
                document = _document(value)
                if document is None or POISON_MARK in document.text:
                    continue
                links, request = read(document, linker)
                (answer,) = engine.score([request])
                origin = Origin(state.topic_id, partition, offset)
                for opinion in opinions_of(document, origin, links, answer, engine.model_id):
                    mine = records[partition_for(opinion.company, slots)]
                    mine.append((len(mine), opinion))
    store = MemoryStore(slots)
    for slot, mine in records.items():
        apply(store, slot, "memory", mine, Rules.of(AggregationSettings()))
    return store


def _document(value: bytes) -> Document | None:
    try:
        message = decode_document(value)
    except InvalidMessage:
        return None
    return message if isinstance(message, Document) else None


def values_of(kafka: KafkaSettings, partition: TopicPartition) -> list[tuple[int, bytes]]:
    """Offset and value of every record of the partition; raises LogCut when its beginning is gone."""
    with TopicLog(kafka, {partition.topic: partition.partition + 1}) as log:
        return [(record.offset, record.value or b"") for record in log.records({partition: 0})]
