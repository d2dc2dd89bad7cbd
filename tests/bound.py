"""A run bound to topics that no Kafka has: for tests and benchmarks that make without one what workers leave."""

from __future__ import annotations

import redis

from services.runtime.binding import Cluster, bind
from shared.clients.kafka import TopicState
from shared.contract.events import CHANNELS
from shared.contract.topics import Topics
from shared.settings import Settings


def bind_topics(client: redis.Redis, settings: Settings, opinions_id: str, documents_id: str = "") -> None:
    """The topic of opinions with as many partitions as the settings have, those of documents with one each. Without
    `documents_id` these are called "id of NAME"."""
    topics = Topics.of(settings)
    opinions = TopicState(topics.opinions, opinions_id, settings.kafka.opinion_partitions)
    documents = (TopicState(name, documents_id or f"id of {name}", 1) for name in map(topics.documents, CHANNELS))
    bind(client, settings.run, Cluster("none", {each.name: each for each in (opinions, *documents)}).fields())
