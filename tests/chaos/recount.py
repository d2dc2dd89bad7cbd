"""The undisturbed result without Kafka's consumers, Faust or Redis: documents scored and aggregated in one process."""

from __future__ import annotations

from collections import defaultdict

from kafka import KafkaConsumer, TopicPartition

from services.aggregation.core.apply import apply
from services.aggregation.core.plan import Record, Rules
from services.aggregation.core.store import MemoryStore
from services.model.stub import POISON_MARK, StubEngine
from services.scoring.linking.linker import Linker
from services.scoring.opinions import opinions_of, read
from shared.clients.kafka import client_config, describe
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
    records: dict[int, list[Record]] = defaultdict(list)
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
    """Offset and value of every record that the partition holds."""
    consumer = KafkaConsumer(**client_config(kafka), enable_auto_commit=False, auto_offset_reset="earliest")
    try:
        consumer.assign([partition])
        end = consumer.end_offsets([partition])[partition]
        consumer.seek(partition, 0)
        found: list[tuple[int, bytes]] = []
        while consumer.position(partition) < end:
            for batch in consumer.poll(timeout_ms=1000).values():
                found += [(record.offset, record.value or b"") for record in batch if record.offset < end]
        return found
    finally:
        consumer.close()
