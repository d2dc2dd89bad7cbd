"""Where scoring stands: what it has committed, as written down when its model or its universe changes."""

from __future__ import annotations

from kafka import KafkaConsumer, TopicPartition

from shared.clients.kafka import client_config, describe
from shared.contract.events import CHANNELS
from shared.contract.topics import Topics
from shared.settings import Settings


def committed(settings: Settings) -> dict[str, int]:
    """ "TOPIC:PARTITION" -> the next offset that scoring will read."""
    topics = Topics.of(settings)
    there = describe(settings.kafka, [topics.documents(channel) for channel in CHANNELS])
    consumer = KafkaConsumer(**client_config(settings.kafka), group_id=topics.scoring_group, enable_auto_commit=False)
    try:
        parts = [TopicPartition(name, p) for name, state in sorted(there.items()) for p in range(state.partitions)]
        return {f"{part.topic}:{part.partition}": consumer.committed(part) or 0 for part in parts}
    finally:
        consumer.close()
