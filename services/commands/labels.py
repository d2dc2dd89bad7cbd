"""What people said, as commands read it: of Kafka's topic, or of Redis where Kafka does not answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.commands.options import note

if TYPE_CHECKING:
    import redis

    from shared.contract.feedback.label import Label
    from shared.reading.readers.labels import Labels
    from shared.settings import Settings


def labels_in(client: redis.Redis) -> Labels:
    """What people said, as Redis has it."""
    from shared.clock import SystemClock
    from shared.reading.readers.audit import AuditLog
    from shared.reading.readers.labels import Labels

    return Labels(client, AuditLog(client, SystemClock()))


def every_label(settings: Settings) -> list[Label]:
    """Of the topic, and what waits to get there; of Redis alone where Kafka does not answer."""
    from shared.clients.redis import connect
    from shared.reading.offsets import KafkaUnreachable
    from shared.reading.review import feedback_topic

    with connect(settings.redis) as client:
        labels = labels_in(client)
        try:
            return feedback_topic.every_label(settings.kafka, labels)
        except KafkaUnreachable as error:
            note(f"{error}; taking the labels that Redis has")
            return labels.all()
