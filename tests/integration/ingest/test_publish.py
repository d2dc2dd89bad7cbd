"""A record is sent again until its broker is back, and its failure is told when it stays away."""

from __future__ import annotations

import pytest

from services.embedded.kafka import EmbeddedKafka
from services.ingest.delivery.publisher import DeliveryFailed, Publisher
from shared.clients.kafka import ensure_topics
from shared.contract.events import Document
from shared.contract.topics import Topics
from shared.settings import KafkaSettings, Settings
from tests.integration.ingest.reading import read_documents

pytestmark = pytest.mark.kafka


def document(number: int) -> Document:
    return Document(
        id=f"{number:032x}", channel="news", source="wire", external_id=str(number), title=f"Story {number}", text="",
        published_at=1, received_at=2, available_at=2,
    )  # fmt: skip


def test_a_delivery_is_tried_again_and_then_reported(settings: Settings, own_kafka: EmbeddedKafka) -> None:
    kafka = KafkaSettings(**own_kafka.settings())
    own = settings.model_copy(update={"kafka": kafka})
    topics = Topics(own.run, 2, 2)
    ensure_topics(kafka, topics.all())
    patient, hasty = Publisher(kafka, topics, 120), Publisher(kafka, topics, 5)
    for publisher, number in ((patient, 0), (hasty, 1)):
        publisher.send(document(number)).wait()
    own_kafka.kill()
    waiting, doomed = patient.send(document(2)), hasty.send(document(3))
    with pytest.raises(DeliveryFailed, match="Kafka did not take a record"):
        doomed.wait()
    assert not waiting.done
    own_kafka.start()
    waiting.wait()
    patient.close()
    hasty.close()
    assert {found.title for found in read_documents(own).documents} == {"Story 0", "Story 1", "Story 2"}
