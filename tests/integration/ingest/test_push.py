"""The door for programs: each row's outcome is true, and nothing is acknowledged that Kafka does not have."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from services.embedded.kafka import EmbeddedKafka
from services.ingest.delivery.floors import lowest_floor
from services.ingest.delivery.publisher import DeliveryFailed
from services.ingest.push import MOST_ROWS, PushDoor, TooManyRows
from shared.clients.state_folder import StateFolder
from shared.clock import SystemClock
from shared.contract.names import BadName
from shared.settings import KafkaSettings, Settings
from tests.integration.ingest.reading import read_documents

pytestmark = pytest.mark.kafka


@pytest.fixture
def door(settings: Settings) -> Iterator[PushDoor]:
    opened = PushDoor(settings, SystemClock())
    yield opened
    opened.close()


def test_every_row_has_its_outcome(settings: Settings, door: PushDoor) -> None:
    first = {"title": "Apple beats", "external_id": "a", "published_at": "2026-01-02T14:00:00Z"}
    rows = [first, b'{"text": "Shares of Tesla fall", "channel": "social"}', b"{not json", {"text": "  "}, first]
    outcomes = door.push("desk", rows)
    assert [one.what for one in outcomes] == ["taken", "taken", "refused", "refused", "copy"]
    assert outcomes[2].reason == "undecodable" and outcomes[3].reason == "empty" and outcomes[3].detail
    found = read_documents(settings)
    assert {document.id for document in found.documents} == {outcomes[0].document_id, outcomes[1].document_id}
    assert {document.source for document in found.documents} == {"push:desk"}
    assert all(document.available_at == document.received_at for document in found.documents)
    again = door.push("desk", [first, first | {"title": "Apple beats, and guides up"}])
    assert [one.what for one in again] == ["copy", "update"]
    counts = door.counts("desk")
    assert (counts.read, counts.published, counts.rejected, counts.duplicates) == (7, 3, 2, 2)


def test_nobody_touches_the_items_of_another_key(settings: Settings, door: PushDoor) -> None:
    row = {"text": "Ours", "external_id": "1", "source": "wire"}
    outcomes = [door.push(key, [row])[0] for key in ("a", "b")]
    assert [one.what for one in outcomes] == ["taken", "taken"]
    assert len({document.item for document in read_documents(settings).documents}) == 2
    with pytest.raises(BadName):
        door.push("a:b", [row])
    with pytest.raises(TooManyRows, match="at most"):
        door.push("a", [row] * (MOST_ROWS + 1))


def test_two_callers_with_one_key_take_a_row_once(settings: Settings, door: PushDoor) -> None:
    rows = [{"text": f"row {number}", "external_id": number} for number in range(200)]
    said: list[str] = []
    callers = [threading.Thread(target=lambda: said.extend(one.what for one in door.push("k", rows))) for _ in "ab"]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(60)
    assert sorted(said) == ["copy"] * 200 + ["taken"] * 200
    assert len(read_documents(settings).documents) == 200
    assert lowest_floor(StateFolder(settings.state_dir).floors) is None  # ticks are free again


def test_nothing_is_acknowledged_while_kafka_is_away(settings: Settings, own_kafka: EmbeddedKafka) -> None:
    elsewhere = settings.model_copy(update={"kafka": KafkaSettings(**own_kafka.settings())})
    door = PushDoor(elsewhere, SystemClock(), patience_seconds=4.0)
    rows = [{"text": "before", "external_id": 1}]
    assert door.push("k", rows)[0].what == "taken"
    own_kafka.stop()
    rows.append({"text": "while it was away", "external_id": 2})
    with pytest.raises(DeliveryFailed):
        door.push("k", rows)
    assert door.counts("k").read == 1
    own_kafka.start()
    assert [one.what for one in door.push("k", rows)] == ["copy", "taken"]
    door.close()
    assert len(read_documents(elsewhere).ids) == 2
